"""Processes that migrate a database, and one that is killed at a command of its own."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from multiprocessing.context import ForkServerProcess
from typing import Any

from pymongo import monitoring

from storage import Storage, open_storage
from storage.mongo.migrations import MongoMigrations

#: Each child is forked from a process that has imported what it needs, and that has no threads.
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["storage.mongo", __name__])

#: Seconds after which the lock of a killed child is taken over.
SHORT_LEASE = 0.1

#: Commands that leave a database as it is: killed before one of them is killed before the next that does not.
READING = {"hello", "find", "getMore", "listCollections", "listIndexes", "endSessions"}

Migrate = Callable[[Storage], None]


class CommandListener(monitoring.CommandListener):
    """Sees the commands of the process's main thread; those of the lock's renewer come when they come."""

    def begun(self, name: str) -> None:
        """A command is about to be sent."""

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        if threading.current_thread() is threading.main_thread():
            self.begun(event.command_name)

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        """Nothing to see."""

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        """Nothing to see."""


class KilledBefore(CommandListener):
    """Kills the process before it sends its n-th command that writes."""

    def __init__(self, number: int) -> None:
        self.left = number

    def begun(self, name: str) -> None:
        self.left -= name not in READING
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


class Told(CommandListener):
    """Puts the name of each command into a queue."""

    def __init__(self, queue: Any) -> None:
        self.queue = queue

    def begun(self, name: str) -> None:
        self.queue.put(name)


def with_short_lease(storage: Storage) -> MongoMigrations:
    """Return the migrations of a storage, whose lock is soon taken over when its holder was killed."""
    migrations = storage.migrations
    assert isinstance(migrations, MongoMigrations)
    migrations.lease = SHORT_LEASE
    return migrations


def killed_before(number: int, url: str, migrate: Migrate) -> None:
    """Migrate, in a child, as far as the n-th command that writes."""
    monitoring.register(KilledBefore(number))
    with open_storage(url) as storage:
        with_short_lease(storage)
        migrate(storage)


def at_the_same_moment(url: str, start: Any, commands: Any) -> None:
    """Upgrade, in a child, when all have come so far."""
    monitoring.register(Told(commands))
    with open_storage(url) as storage:
        storage.migrations.current()
        start.wait()
        storage.migrations.upgrade()


def started(target: Callable[..., None], *arguments: Any) -> ForkServerProcess:
    """Start a child."""
    child = PROCESSES.Process(target=target, args=arguments)
    child.start()
    return child


def exit_code(child: ForkServerProcess) -> int | None:
    """Return how a child ended, the number of a signal negative."""
    child.join()
    code = child.exitcode
    child.close()
    return code
