"""Processes that move data and are killed: before a write of theirs that is counted, or at a moment.

They are forked from a server that has everything imported, and so begin within milliseconds.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pymongo import monitoring
from sqlalchemy import Engine, event

from storage import Storage, open_storage
from storage.transfer import Choice, restore
from tests.mongo.children import READING as READING_COMMANDS
from tests.mongo.children import CommandListener, with_short_lease
from tests.sql.children import DIALECTS
from tests.sql.children import READING as READING_STATEMENTS
from tests.transfer.everything import backup, copy, open_backup

PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(
    ["tests.transfer.children", "storage.sql", "storage.mongo", "psycopg", "pymysql", "zstandard", "pytest", *DIALECTS]
)

#: A small one, so that a few rows are several batches.
SMALL_BATCH = 3


def open_patiently(url: str) -> Storage:
    """Open a storage that does not wait long for the lock of a migration that was killed."""
    storage = open_storage(url)
    if storage.backend == "mongodb":
        with_short_lease(storage)
    return storage


def copy_all(source: str, destination: str) -> None:
    """Bring a destination to a source."""
    with open_patiently(source) as here, open_patiently(destination) as there:
        copy(here, there, Choice(delete=True, overwrite=True))


def restore_all(file: str, destination: str) -> None:
    """Restore a backup."""
    with open_patiently(destination) as there, open_backup(Path(file), there) as opened:
        assert restore(opened, there, replace=True, notice=0).verification.differing() == 0


def back_up_all(source: str, file: str) -> None:
    """Make a backup."""
    with open_storage(source) as here:
        backup(here, Path(file))


Move = Callable[[str, str], None]


class KilledBefore(CommandListener):
    """Kills the process before its n-th write, by whatever driver."""

    def __init__(self, number: int) -> None:
        self.left = number
        event.listen(Engine, "before_cursor_execute", self.executed)
        monitoring.register(self)

    def executed(self, _connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        self.written(not statement.startswith(READING_STATEMENTS))

    def begun(self, name: str) -> None:
        self.written(name not in READING_COMMANDS)

    def written(self, writes: bool) -> None:
        self.left -= writes
        if writes and self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


def move_until_write(number: int, move: Move, start: str, end: str) -> None:
    """Move, and be killed before a write."""
    from storage.transfer import copying

    copying.BATCH = SMALL_BATCH
    KilledBefore(number)
    move(start, end)


def move_until_moment(seconds: float, move: Move, start: str, end: str) -> None:
    """Move, and be killed at a moment: nothing here handles the alarm, and so it ends the process where it is."""
    signal.setitimer(signal.ITIMER_REAL, seconds)
    move(start, end)
    signal.setitimer(signal.ITIMER_REAL, 0)


def is_killed(target: Callable[..., None], *arguments: Any) -> bool:
    """Run a child; return whether it was killed before its end."""
    child = PROCESSES.Process(target=target, args=arguments)
    child.start()
    child.join()
    code = child.exitcode
    child.close()
    assert code in (0, -signal.SIGKILL, -signal.SIGALRM)
    return code != 0
