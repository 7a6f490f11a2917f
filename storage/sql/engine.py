"""The pool of connections to each engine: how one is opened, bounded in time, and found to be dead."""

from __future__ import annotations

import math
import sqlite3
import sys
import time
from collections.abc import Callable
from typing import Any, Literal

from sqlalchemy import Engine, NullPool, create_engine, event

from storage.backends import missing_driver
from storage.options import SERVER_SHARE, Options, milliseconds
from storage.sql.pool import LendingPool
from storage.sql.urls import DRIVERS, Address

#: More often than a statement is ever run.
NEVER = sys.maxsize

#: Seconds between two tries of what SQLite does not wait for by itself.
BUSY_PAUSE = 0.01


def open_engine(address: Address, options: Options) -> Engine:
    """Return an engine in autocommit with a pool as the options say; it connects when it is used."""
    return build_engine(
        address,
        options,
        pool_size=options.pool_size,
        max_overflow=0,
        pool_timeout=options.connect_timeout,
        poolclass=LendingPool,
    )


def open_migration_engine(address: Address, options: Options) -> Engine:
    """Return an engine without a pool, whose statements may take as long as they need."""
    return build_engine(address, options, poolclass=NullPool, unbounded=True)


def build_engine(address: Address, options: Options, *, unbounded: bool = False, **pool: Any) -> Engine:
    """Return an engine that leaves BEGIN, COMMIT and ROLLBACK to us, and so needs no reset of its connections."""
    name = address.url.get_backend_name()
    try:
        engine = create_engine(
            address.url,
            isolation_level="AUTOCOMMIT",
            skip_autocommit_rollback=True,
            pool_reset_on_return=None,
            hide_parameters=True,
            paramstyle=PARAMETERS[name],
            connect_args=CONNECT_ARGUMENTS[name](address, options),
            **pool,
        )
        connect = CONNECT[name](address, options, unbounded)
    except ModuleNotFoundError as error:
        raise missing_driver(error, DRIVERS[name][1]) from error
    # Before SQLAlchemy looks at the session: it remembers how names are quoted there.
    event.listen(engine, "connect", PREPARE[name](address, options, unbounded), insert=True)
    event.listen(engine, "do_connect", connect)
    return engine


Connect = Callable[..., Any]


def connect_sqlite(_address: Address, _options: Options, _unbounded: bool) -> Connect:
    """Return what opens a file."""
    return lambda dialect, _record, arguments, parameters: dialect.connect(*arguments, **parameters)


def connect_postgresql(_address: Address, options: Options, unbounded: bool) -> Connect:
    """Return what connects by psycopg."""
    from storage.sql.postgresql_connection import connect_bounded

    return connect_bounded(None if unbounded else options.timeout)


def connect_mysql(_address: Address, _options: Options, _unbounded: bool) -> Connect:
    """Return what connects by PyMySQL."""
    from storage.sql.mysql_connection import connect_bounded

    return connect_bounded


def postgresql_arguments(address: Address, options: Options) -> dict[str, Any]:
    """Return what psycopg connects with; libpq knows whole seconds, and not less than two."""
    ours = {"connect_timeout": max(2, math.ceil(options.connect_timeout)), "application_name": "engine-room"}
    return {**ours, **address.settings, "client_encoding": "utf8"}


def mysql_arguments(address: Address, options: Options) -> dict[str, Any]:
    """Return what PyMySQL connects with.

    Its own bound on connecting ends with TCP's handshake; the server's greeting is read under ``read_timeout``,
    which becomes the statements' once the connection stands.
    """
    bound = address.settings.get("connect_timeout", options.connect_timeout)
    # Whoever names an authority wants the server to be verified; PyMySQL by itself would only encrypt.
    verified = {"ssl_verify_cert": True, "ssl_verify_identity": True} if "ssl_ca" in address.settings else {}
    arguments = {
        **verified,
        **address.settings,
        "connect_timeout": bound,
        "read_timeout": bound,
        "write_timeout": bound,
    }
    if address.url.password:
        # PyMySQL would encode it in latin-1; bytes it takes as they are.
        arguments["password"] = address.url.password.encode()
    return arguments | {"charset": "utf8mb4", "autocommit": True}


def sqlite_arguments(_address: Address, options: Options) -> dict[str, Any]:
    """Return what sqlite3 connects with: the pool lends a connection to one thread at a time."""
    return {"timeout": options.lock_timeout, "check_same_thread": False}


Prepare = Callable[[Any, Any], None]


def prepare_postgresql(address: Address, options: Options, unbounded: bool) -> Prepare:
    """Return what sets the session of a new connection: all that the contract needs, whatever the server's defaults."""
    may_prepare = options.prepared_statements and address.may_prepare
    session = {
        "statement_timeout": 0 if unbounded else milliseconds(options.timeout * SERVER_SHARE),
        "lock_timeout": 0 if unbounded else milliseconds(options.lock_timeout),
        "default_transaction_isolation": "'read committed'",
        "default_transaction_read_only": "off",
        "default_transaction_deferrable": "off",
        "standard_conforming_strings": "on",
        "DateStyle": "'ISO'",
        "TimeZone": "'UTC'",
    }
    statement = "; ".join(f"SET {name} = {value}" for name, value in session.items())

    def prepare(connection: Any, _record: Any) -> None:
        connection.execute(statement)
        # A pooler tells its clients numbers of its own. In transaction mode it would run a statement that one
        # client has prepared for another.
        own = connection.execute("SELECT pg_backend_pid()").fetchone()[0] == connection.info.backend_pid
        # Prepared is what asks for it: a plan made for any value at all walks the wrong index for some.
        connection.prepare_threshold = NEVER if may_prepare and own else None

    return prepare


def prepare_mysql(_address: Address, options: Options, unbounded: bool) -> Prepare:
    """Return what sets the session of a new connection: all that the contract needs, whatever the server's defaults."""
    wait = max(1, math.ceil(options.lock_timeout))
    session = {
        "autocommit": 1,
        "completion_type": "'NO_CHAIN'",
        "sql_mode": "'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION'",
        "sql_safe_updates": 0,
        "sql_auto_is_null": 0,
        # Rows beyond the one, and statements that read many, would be left out or refused.
        "sql_select_limit": 2**64 - 1,
        "sql_big_selects": 1,
        "foreign_key_checks": 1,
        "unique_checks": 1,
        "time_zone": "'+00:00'",
    }
    if not unbounded:
        session |= {"innodb_lock_wait_timeout": wait, "lock_wait_timeout": wait}
    limit = 0 if unbounded else options.timeout * SERVER_SHARE

    def prepare(connection: Any, _record: Any) -> None:
        connection._read_timeout = connection._write_timeout = None if unbounded else options.timeout
        mariadb = "mariadb" in connection.get_server_info().lower()
        # MariaDB alone can be told to keep no CHECK.
        bound = (
            {"max_statement_time": limit, "check_constraint_checks": 1}
            if mariadb
            else {"max_execution_time": limit and milliseconds(limit)}
        )
        with connection.cursor() as cursor:
            cursor.execute("SET SESSION " + ", ".join(f"{name} = {value}" for name, value in (session | bound).items()))
            cursor.execute("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED, READ WRITE")
            cursor.execute("SELECT @@SESSION.max_allowed_packet")
            connection.set_longest(cursor.fetchone()[0])

    return prepare


def prepare_sqlite(_address: Address, options: Options, _unbounded: bool) -> Prepare:
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
CONNECT = {"postgresql": connect_postgresql, "mysql": connect_mysql, "sqlite": connect_sqlite}
PREPARE = {"postgresql": prepare_postgresql, "mysql": prepare_mysql, "sqlite": prepare_sqlite}
