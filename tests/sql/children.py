"""Migrations in processes of their own, to be killed or to meet each other.

They are forked from a server that has one thread and everything imported, and so begin within milliseconds.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from multiprocessing.context import ForkServerProcess
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event

from storage import open_storage

ROOT = Path(__file__).parents[2]

#: What SQLAlchemy imports when it first meets a URL.
DIALECTS = [f"sqlalchemy.dialects.{name}" for name in ("sqlite.pysqlite", "postgresql.psycopg", "mysql.pymysql")]

PROCESSES = multiprocessing.get_context("forkserver")
# pytest too: each process imports the main module of its parent.
PROCESSES.set_forkserver_preload(["tests.sql.children", "storage.sql", "psycopg", "pymysql", "pytest", *DIALECTS])

#: Statements that leave a database as it is: killed before one of them is killed before the next that does not.
READING = ("SELECT", "SHOW", "DESCRIBE", "PRAGMA")


def migrate(url: str, command: str, to: str, before: Callable[[str], None]) -> None:
    """Run ``upgrade`` or ``downgrade``, and call ``before`` with each statement."""

    def watch(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        before(statement)

    # Every engine's: the process is its own, and this is all that it does.
    event.listen(Engine, "before_cursor_execute", watch)
    with open_storage(url) as storage:
        getattr(storage.migrations, command)(to)


def migrate_until(url: str, command: str, to: str, last: int) -> None:
    """Migrate, and be killed before the statement that writes after so many that do."""
    written = 0

    def before(statement: str) -> None:
        nonlocal written
        if not statement.startswith(READING):
            written += 1
            if written > last:
                os.kill(os.getpid(), signal.SIGKILL)

    migrate(url, command, to, before)


def migrate_together(url: str, barrier: Barrier) -> None:
    """Upgrade at the same moment as others; end with status 1 if it was this process that made the table."""
    statements: list[str] = []
    barrier.wait()
    migrate(url, "upgrade", "head", statements.append)
    made = any(statement.lstrip().startswith("CREATE TABLE engine (") for statement in statements)
    raise SystemExit(int(made))


def start(function: Callable[..., None], *arguments: Any) -> ForkServerProcess:
    """Start a function in a process of its own."""
    process = PROCESSES.Process(target=function, args=arguments)
    process.start()
    return process


def is_killed(url: str, command: str, to: str, last: int) -> bool:
    """Migrate up to a statement; return whether there was one left to be killed at."""
    process = start(migrate_until, url, command, to, last)
    process.join()
    assert process.exitcode in (0, -signal.SIGKILL)
    return process.exitcode != 0


def run_alembic(url: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command with the database of an application that is configured by its environment."""
    return subprocess.run(
        [sys.executable, "-m", "alembic", *arguments],
        cwd=ROOT,
        env={**os.environ, "FLASK_STORAGE_URL": url},
        capture_output=True,
        text=True,
        check=False,
    )
