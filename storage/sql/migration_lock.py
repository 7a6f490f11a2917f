"""One upgrader at a time: how each engine keeps the second one waiting, and what a killed one leaves behind.

PostgreSQL and SQLite run a whole upgrade in one transaction, of which a killed one leaves nothing. MySQL and
MariaDB commit each statement that defines something, and so the revisions ask before each step.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from hashlib import sha256

from sqlalchemy import Connection, func, select
from sqlalchemy.exc import SQLAlchemyError

from storage.errors import Unavailable
from storage.sql.errors import translated

#: How long another upgrader may take, in seconds: rows in their millions are rewritten in minutes.
LONGEST_UPGRADE = 86_400


def sole_upgrader(connection: Connection) -> AbstractContextManager[None]:
    """Hold the lock for the length of a block; what was done in it is kept if the block is left cleanly."""
    return LOCKS[connection.dialect.name](connection)


@contextmanager
def postgresql(connection: Connection) -> Iterator[None]:
    """Hold an advisory lock, which ends with the transaction."""
    # At READ COMMITTED, whatever the server's default, what the other one committed is seen after the wait.
    with transaction(connection, "BEGIN ISOLATION LEVEL READ COMMITTED"):
        connection.exec_driver_sql("SELECT pg_advisory_xact_lock(hashtext('engine_room_version'))")
        yield


@contextmanager
def sqlite(connection: Connection) -> Iterator[None]:
    """Hold the file's write lock."""
    # A revision that replaces a table must neither delete what refers to it nor rewrite the references.
    wanted = {"busy_timeout": LONGEST_UPGRADE * 1000, "foreign_keys": 0, "legacy_alter_table": 1}
    found = {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in wanted}
    try:
        # All of them are deaf inside a transaction.
        set_pragmas(connection, wanted)
        with transaction(connection, "BEGIN IMMEDIATE"):
            yield
    finally:
        # The connection may be one that somebody else goes on with.
        with suppress(SQLAlchemyError):
            set_pragmas(connection, found)


def set_pragmas(connection: Connection, values: Mapping[str, int | None]) -> None:
    """Set settings of SQLite's connection."""
    for name, value in values.items():
        connection.exec_driver_sql(f"PRAGMA {name} = {value}")


@contextmanager
def mysql(connection: Connection) -> Iterator[None]:
    """Hold a named lock, which ends with the connection; names belong to the server, so ours has the database's."""
    name = lock_name(str(connection.exec_driver_sql("SELECT DATABASE()").scalar()))
    if connection.scalar(select(func.get_lock(name, LONGEST_UPGRADE))) != 1:
        raise Unavailable("another migration holds the lock and does not end: look for it in SHOW PROCESSLIST")
    try:
        yield
    finally:
        with suppress(SQLAlchemyError):
            connection.scalar(select(func.release_lock(name)))


def lock_name(database: str) -> str:
    """Return the name of a database's lock: the server takes 64 characters, as many as the database's own name has."""
    return f"engine_room {sha256(database.encode()).hexdigest()[:32]}"


@contextmanager
def transaction(connection: Connection, begin: str) -> Iterator[None]:
    """Commit what the block did, or roll it back."""
    connection.exec_driver_sql(begin)
    try:
        yield
    except BaseException:
        # A server that is gone has forgotten the transaction by itself.
        with suppress(SQLAlchemyError):
            connection.exec_driver_sql("ROLLBACK")
        raise
    with translated(written=True):
        connection.exec_driver_sql("COMMIT")


LOCKS: dict[str, Callable[[Connection], AbstractContextManager[None]]] = {
    "postgresql": postgresql,
    "sqlite": sqlite,
    "mysql": mysql,
    "mariadb": mysql,
}
