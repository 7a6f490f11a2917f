"""Oracle's MySQL: which program is it, and how a private server of it is started.

Debian's stable releases have no package of it: ``make mysql`` puts the one of Debian's unstable suite, with every
library that it needs, under ``.servers/mysql``.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from tests.programs import Missing

REMEDY = "run `make mysql`, put mysqld on the path, name it in MYSQLD, or name a server in TEST_MYSQL_URL"

#: Where ``make mysql`` puts it.
FOLDER = Path(__file__).parents[1] / ".servers" / "mysql"


def find_mysqld() -> Path:
    """Return the path of MySQL's server; ``Missing`` where there is none."""
    named = os.environ.get("MYSQLD")
    if named is not None and not Path(named).exists():
        raise Missing(f"MYSQLD names {named}, which is not there")
    on_path = shutil.which("mysqld") or shutil.which("mysqld", path="/usr/sbin")
    for candidate in (named, on_path, str(FOLDER / "usr/sbin/mysqld")):
        # MariaDB's packages call theirs mysqld as well.
        if candidate is not None and Path(candidate).exists() and "MariaDB" not in version_of(Path(candidate)):
            return Path(candidate)
    raise Missing(f"mysqld is not installed: {REMEDY}")


def version_of(program: Path) -> str:
    """Return what a server says of its version."""
    return subprocess.run([*launcher(program), "--version"], capture_output=True, text=True, check=True).stdout


def root_of(program: Path) -> Path:
    """Return the root of the file system that a program was installed for."""
    return program.parents[2]


def launcher(program: Path) -> list[str]:
    """Return the command that runs a program: with the loader and the libraries of its own root, if it has one."""
    root = root_of(program)
    loader = next(root.glob("usr/lib/*-linux-gnu/ld-linux-*.so.*"), None)
    if root == Path("/") or loader is None:
        return [str(program)]
    return [str(loader), "--library-path", str(loader.parent), str(program)]


def own_files(program: Path) -> list[str]:
    """Return the options that have a program find its files below its own root."""
    root = root_of(program)
    if root == Path("/"):
        return []
    return [
        f"--lc-messages-dir={root / 'usr/share/mysql'}",
        f"--character-sets-dir={root / 'usr/share/mysql/charsets'}",
        f"--plugin-dir={root / 'usr/lib/mysql/plugin'}",
    ]
