"""The pool of connections to each engine: how one is opened, bounded in time, and found to be dead."""

from __future__ import annotations

import math
import sqlite3
import time
from collections.abc import Callable
from typing import Any, Literal

from sqlalchemy import URL, Dialect, Engine, NullPool, create_engine, event

from storage.errors import Invalid
from storage.options import SERVER_SHARE, Options, milliseconds
from storage.registry import missing_driver
from storage.sql.lending import LendingPool
from storage.sql.urls import DRIVERS

#: More often than a statement is ever run.
NEVER = 2**62

#: Seconds between two tries of what SQLite does not wait for by itself.
BUSY_PAUSE = 0.01


def open_engine(url: URL, options: Options) -> Engine:
    """Return an engine in autocommit with a pool as the options say; it connects when it is used."""
    return build_engine(
        url,
        options,
        pool_size=options.pool_size,
        max_overflow=0,
        pool_timeout=options.connect_timeout,
        poolclass=LendingPool,
    )


def open_migration_engine(url: URL, options: Options) -> Engine:
    """Return an engine without a pool, whose statements may take as long as they need."""
    return build_engine(url, options, poolclass=NullPool, unbounded=True)


def build_engine(url: URL, options: Options, *, unbounded: bool = False, **pool: Any) -> Engine:
    """Return an engine that leaves BEGIN, COMMIT and ROLLBACK to us, and so needs no reset of its connections."""
    name = url.get_backend_name()
    arguments = {key: value for key, value in CONNECT_ARGUMENTS[name](options).items() if key not in url.query}
    if name == "mysql" and url.password:
        # PyMySQL would encode it in latin-1; bytes it takes as they are.
        arguments["password"] = url.password.encode()
    try:
        engine = create_engine(
            url,
            isolation_level="AUTOCOMMIT",
            skip_autocommit_rollback=True,
            pool_reset_on_return=None,
            hide_parameters=True,
            paramstyle=PARAMETERS[name],
            connect_args=arguments,
            **pool,
        )
    except ModuleNotFoundError as error:
        raise missing_driver(error, DRIVERS[name][1]) from error
    event.listen(engine, "connect", PREPARE[name](options, unbounded))
    connect = refuse_settings
    if name == "postgresql":
        from storage.sql.bounded import connect_bounded

        connect = connect_bounded(None if unbounded else options.timeout)
    event.listen(engine, "do_connect", connect)
    return engine


def refuse_settings(dialect: Dialect, _record: Any, arguments: Any, parameters: Any) -> Any:
    """Connect; ``Invalid`` for settings of a URL that the driver does not know or cannot read."""
    try:
        return dialect.connect(*arguments, **parameters)
    except (TypeError, UnicodeError) as error:
        raise Invalid({"url": f"the driver cannot connect with its settings: {type(error).__name__}"}) from error


def postgresql_arguments(options: Options) -> dict[str, Any]:
    """Return what psycopg connects with; libpq knows whole seconds, and not less than two."""
    return {
        "connect_timeout": max(2, math.ceil(options.connect_timeout)),
        "client_encoding": "utf8",
        "application_name": "engine-room",
    }


def mysql_arguments(options: Options) -> dict[str, Any]:
    """Return what PyMySQL connects with.

    Its own bound on connecting ends with TCP's handshake; the server's greeting is read under ``read_timeout``,
    which becomes the statements' once the connection stands.
    """
    bound = options.connect_timeout
    return {"connect_timeout": bound, "read_timeout": bound, "write_timeout": bound, "charset": "utf8mb4"}


def sqlite_arguments(options: Options) -> dict[str, Any]:
    """Return what sqlite3 connects with: the pool lends a connection to one thread at a time."""
    return {"timeout": options.lock_timeout, "check_same_thread": False}


Prepare = Callable[[Any, Any], None]


def prepare_postgresql(options: Options, unbounded: bool) -> Prepare:
    """Return what bounds the statements of a new connection."""
    statement = 0 if unbounded else milliseconds(options.timeout * SERVER_SHARE)
    lock = 0 if unbounded else milliseconds(options.lock_timeout)

    def prepare(connection: Any, _record: Any) -> None:
        # Prepared is what asks for it: a plan made for any value at all walks the wrong index for some.
        connection.prepare_threshold = NEVER
        connection.execute(f"SET statement_timeout = {statement}; SET lock_timeout = {lock}")

    return prepare


def prepare_mysql(options: Options, unbounded: bool) -> Prepare:
    """Return what bounds the statements of a new connection and makes the server refuse what it would bend."""
    wait = max(1, math.ceil(options.lock_timeout))

    def prepare(connection: Any, _record: Any) -> None:
        connection._read_timeout = connection._write_timeout = None if unbounded else options.timeout
        mariadb = "mariadb" in connection.get_server_info().lower()
        settings = ["sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION'"]
        if not unbounded:
            settings += [f"innodb_lock_wait_timeout = {wait}", f"lock_wait_timeout = {wait}"]
            settings.append(
                f"max_statement_time = {options.timeout * SERVER_SHARE}"
                if mariadb
                else f"max_execution_time = {milliseconds(options.timeout * SERVER_SHARE)}"
            )
        with connection.cursor() as cursor:
            cursor.execute("SET SESSION " + ", ".join(settings))
            cursor.execute("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED")

    return prepare


def prepare_sqlite(options: Options, unbounded: bool) -> Prepare:
    """Return what makes a new connection keep its promises: readers beside a writer, references, durability."""

    def prepare(connection: Any, _record: Any) -> None:
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA synchronous = FULL")
        mode = connection.execute("PRAGMA journal_mode").fetchone()[0]
        writable = connection.execute("PRAGMA query_only").fetchone()[0] == 0
        if mode != "wal" and writable:
            set_wal(connection, options.lock_timeout)

    return prepare


def set_wal(connection: sqlite3.Connection, patience: float) -> None:
    """Switch the file to a write-ahead log, unless it takes no writes: then there is nothing to log.

    Where others have the file open, SQLite does not wait for them by itself.
    """
    limit = time.monotonic() + patience
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            code = error.sqlite_errorcode & 0xFF
            if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN):
                return
            if code != sqlite3.SQLITE_BUSY or time.monotonic() > limit:
                raise
            time.sleep(BUSY_PAUSE)
        else:
            return


#: By place, which all three drivers take with less ado than by name.
PARAMETERS: dict[str, Literal["qmark", "format"]] = {"postgresql": "format", "mysql": "format", "sqlite": "qmark"}
CONNECT_ARGUMENTS = {
    "postgresql": postgresql_arguments,
    "mysql": mysql_arguments,
    "sqlite": sqlite_arguments,
}
PREPARE = {"postgresql": prepare_postgresql, "mysql": prepare_mysql, "sqlite": prepare_sqlite}
