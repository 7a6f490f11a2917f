"""Files that only the application's own user may read: the instance folder, its configuration, an SQLite database.

SQLite gives the files beside a database (``-wal``, ``-shm``, ``-journal``) the permissions of the database.
"""

from __future__ import annotations

import os
import re
import stat
from contextlib import suppress
from pathlib import Path
from urllib.parse import unquote

from flask import Flask

from storage.flask import configured_url
from webapp.config import CONFIG_FILE

#: The path of an SQLite file; a URI of SQLite's own is not looked into.
SQLITE_FILE = re.compile(r"(?i)sqlite(?:\+\w+)?:///(?!file:)([^?]+)")
BESIDE = ("", "-wal", "-shm", "-journal")
OTHERS = stat.S_IRWXG | stat.S_IRWXO


def init_app(app: Flask) -> None:
    """Remove the permissions of other users, and create a missing SQLite file without them."""
    folder = Path(app.instance_path)
    config = folder / CONFIG_FILE
    # A folder without our file in it may be anything, such as /tmp.
    paths = [folder, config] if config.exists() else []
    database = database_file(configured_url(app.config, app.instance_path))
    if database is not None:
        create_private(database)
        paths += [Path(f"{database}{end}") for end in BESIDE]
    for path in paths:
        if not make_private(path):
            app.logger.warning("%s is open to other users of this machine, and not ours: chmod go= it", path)


def database_file(url: str) -> Path | None:
    """Return the file of an SQLite URL; ``None`` for every other URL."""
    found = SQLITE_FILE.match(url)
    return None if found is None else Path(unquote(found[1]))


def create_private(file: Path) -> None:
    """Create an empty file for its owner alone, unless it exists; SQLite reports a folder that it cannot write to."""
    with suppress(OSError):
        os.close(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, stat.S_IRUSR | stat.S_IWUSR))


def make_private(path: Path) -> bool:
    """Remove the permissions of other users; return whether they have none now."""
    try:
        found = path.stat()
        if not found.st_mode & OTHERS:
            return True
        # Shared on purpose where the sticky bit is set, and not ours to change where another user owns it.
        if found.st_uid != os.geteuid() or found.st_mode & stat.S_ISVTX:
            return False
        path.chmod(stat.S_IMODE(found.st_mode) & ~OTHERS)
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True
