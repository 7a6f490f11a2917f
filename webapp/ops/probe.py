"""A check of the database that ends within seconds, whatever the database or the network does.

It runs on a connection of its own with short timeouts, in a thread of its own: requests that wait for the database
delay it by nothing, and neither does a name server that stays silent. One check runs at a time in a process, and
whoever asks meanwhile waits for its result.
"""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from flask import Flask, current_app

from storage import ReadOnly, Storage, StorageError, Unavailable, open_storage
from storage.flask import configured_options, configured_url
from storage.options import Options
from webapp.ops.private_files import database_file

EXTENSION = "probe"

#: Seconds after which the check counts as failed; its own timeouts end it before, unless something hangs.
WITHIN = 5.0
#: Seconds at most for a connection, and for a statement.
PATIENCE = 2.0
#: Bytes that must be free for an SQLite database: it writes whole pages, and a log of them.
FREE = 1 << 20


class Check(threading.Thread):
    """One run of the check, in the background."""

    def __init__(self, check: Callable[[], None]) -> None:
        super().__init__(name="probe", daemon=True)
        self.check = check
        self.process = os.getpid()
        self.error: Exception | None = None
        self.finished = threading.Event()

    def run(self) -> None:
        """Keep what the check raises, for those who wait."""
        try:
            self.check()
        except Exception as error:  # noqa: BLE001 - raised again by each of those who wait
            self.error = error
        finally:
            self.finished.set()


class Probe:
    """The check of one application's database."""

    def __init__(self, storage: Storage, file: Path | None) -> None:
        self.storage = storage
        self.file = file
        self.lock = threading.Lock()
        self.latest: Check | None = None

    def check(self, within: float = WITHIN) -> None:
        """Raise a ``StorageError`` unless the database answers, is at the code's revision and takes writes."""
        check = self.running()
        if not check.finished.wait(within):
            raise Unavailable(f"the database has not answered within {within:g} seconds")
        if check.error is not None:
            raise check.error

    def running(self) -> Check:
        """Return the check that runs, begun here if there is none; threads of a parent process do not run here."""
        with self.lock:
            latest = self.latest
            if latest is None or latest.finished.is_set() or latest.process != os.getpid():
                latest = self.latest = Check(self.look)
                latest.start()
            return latest

    def look(self) -> None:
        """Look at the database on a new connection: an old one may work where no other can be opened."""
        try:
            self.storage.ping()
            self.storage.check_schema()
        finally:
            self.storage.close()
        if self.file is not None:
            check_space(self.file.parent)


def check_space(folder: Path) -> None:
    """Raise ``ReadOnly`` unless the file system of a folder takes a file of ``FREE`` bytes, which nobody else sees."""
    if not hasattr(os, "posix_fallocate"):
        return
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            os.posix_fallocate(file.fileno(), 0, FREE)
    except OSError as error:
        raise ReadOnly(f"the file system of the database takes no writes: {error.strerror}") from error


def init_app(app: Flask) -> None:
    """Prepare the check; it connects when it is asked for."""
    url, options = configured_url(app.config, app.instance_path), Options(**configured_options(app.config))
    times = {name: min(getattr(options, name), PATIENCE) for name in ("connect_timeout", "timeout", "lock_timeout")}
    entities = list(app.extensions["storage"].descriptions)
    storage = open_storage(url, entities=entities, **(asdict(options) | times | {"pool_size": 1}))
    app.extensions[EXTENSION] = Probe(storage, database_file(url))


def check_database() -> None:
    """Raise a ``StorageError`` unless the application's database answers, is current and takes writes."""
    probe: Probe = current_app.extensions[EXTENSION]
    try:
        probe.check()
    except StorageError:
        # The next request that needs the database finds out by itself, too.
        current_app.extensions["storage"].forget_schema()
        raise
