"""A storage on PostgreSQL, MySQL, MariaDB or SQLite."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from sqlalchemy import URL, Connection, Engine, MetaData

from storage.capabilities import Capability
from storage.entity import Description
from storage.migrations import Migrations
from storage.options import Options
from storage.repository import Repository
from storage.sql.connection import Line, faults_of, open_line
from storage.sql.dialects import SQLITE, dialect_of
from storage.sql.engine import open_engine, open_migration_engine
from storage.sql.errors import translated
from storage.sql.executor import Connections, PoolConnections, Transaction, UnitConnections
from storage.sql.migrations import SqlMigrations
from storage.sql.repository import SqlRepository
from storage.sql.schema import NAMING, entity_table, ids_table
from storage.sql.statements import Statements
from storage.sql.urls import Address, read_address
from storage.storage import Storage, Unit
from storage.url import masked

E = TypeVar("E")


def open_backend(
    url_or_engine: str | URL | Engine, options: Options, descriptions: Sequence[Description[Any]]
) -> SqlStorage:
    """Open the database at a URL, or that of an engine, which then stays the caller's to close."""
    if isinstance(url_or_engine, URL):
        url_or_engine = url_or_engine.render_as_string(hide_password=False)
    return SqlStorage(url_or_engine, options, descriptions)


class SqlStorage(Storage):
    """See ``Storage`` for what each method promises."""

    def __init__(self, url_or_engine: str | Engine, options: Options, descriptions: Sequence[Description[Any]]) -> None:
        super().__init__(descriptions)
        self.options = options
        self.owned = isinstance(url_or_engine, str)
        self.place = read_address(url_or_engine) if isinstance(url_or_engine, str) else Address(url_or_engine.url)
        self.url = self.place.url
        self.address = masked(url_or_engine) if isinstance(url_or_engine, str) else masked(self.url.render_as_string())
        self.dialect = dialect_of(self.url.get_backend_name())
        self.backend = self.dialect.name
        self.lock = threading.Lock()
        self.process = os.getpid()
        self.opened = (
            open_engine(self.place, options)
            if isinstance(url_or_engine, str)
            else url_or_engine.execution_options(isolation_level="AUTOCOMMIT")
        )
        self.faults = faults_of(self.opened)
        metadata = MetaData(naming_convention=NAMING)
        counters = ids_table(metadata)
        self.tables = {one.type: entity_table(one, metadata) for one in descriptions}
        self.statements = {
            one.type: Statements(one, self.tables[one.type], counters, self.dialect, self.opened.dialect)
            for one in descriptions
        }
        self.migrations: Migrations = SqlMigrations(self.migrating, lambda: self.engine.connect(), metadata)
        self.repositories = {one.type: self.build(one, PoolConnections(self)) for one in descriptions}

    @property
    def engine(self) -> Engine:
        """The engine; in a process that was forked, with a pool of its own."""
        if self.process != os.getpid():
            with self.lock:
                if self.owned and self.process != os.getpid():
                    # A server's connections stay the parent's: they are let go, not closed. SQLite's are closed,
                    # since it keeps one table of locks for a file in a process, and would trust the parent's.
                    self.opened.dispose(close=self.dialect is SQLITE)
                self.process = os.getpid()
        return self.opened

    @contextmanager
    def migrating(self) -> Iterator[Connection]:
        """Give what a migration works with: a connection whose statements may take as long as they need.

        From an engine that was handed in it is one of its own, bounded as its owner has it.
        """
        engine = open_migration_engine(self.place, self.options) if self.owned else self.opened
        try:
            with engine.connect() as connection:
                yield connection
        finally:
            if self.owned:
                engine.dispose()

    @property
    def capabilities(self) -> frozenset[Capability]:
        """Every SQL engine can do all."""
        return frozenset(Capability)

    def open_repository(self, entity: type[E]) -> Repository[E]:
        """Return the repository of an entity; ``Invalid`` names those there are."""
        self.description(entity)
        return self.repositories[entity]

    def build(self, description: Description[E], connections: Connections) -> SqlRepository[E]:
        """Return a repository that works on those connections."""
        return SqlRepository(description, self.statements[description.type], connections)

    def line(self) -> Line:
        """Take a connection of the pool, to be given back."""
        return open_line(self.engine)

    def ping(self) -> None:
        """Raise ``Unavailable`` unless the database answers."""
        with translated(), self.engine.connect() as connection:
            connection.exec_driver_sql("SELECT 1")

    def server_version(self) -> str:
        """Return the name and the version of the server."""
        with translated(), self.engine.connect() as connection:
            mariadb = getattr(connection.dialect, "is_mariadb", False)
            version = connection.dialect.server_version_info or ()
        name = "MariaDB" if mariadb else self.dialect.title
        return f"{name} {'.'.join(str(part) for part in version)}"

    def connections_in_use(self) -> int:
        """Return how many connections of the pool are lent out."""
        checked_out = getattr(self.engine.pool, "checkedout", None)
        return int(checked_out()) if checked_out is not None else 0

    def close(self) -> None:
        """Close the pool, if it is ours."""
        if self.owned:
            self.engine.dispose()
        self.forget_schema()

    def begin(self, *, read_only: bool) -> Unit:
        """Begin a unit, or one that reads one state."""
        statements = self.dialect.begin_snapshot if read_only else self.dialect.begin_unit
        return SqlUnit(self, Transaction.begin(self, statements), read_only=read_only)


class SqlUnit(Unit):
    """A unit in one transaction."""

    def __init__(self, storage: SqlStorage, transaction: Transaction, *, read_only: bool) -> None:
        super().__init__()
        self.storage = storage
        self.transaction = transaction
        self.connections = UnitConnections(self, storage, transaction.line, read_only=read_only)

    def open_repository(self, entity: type[E]) -> Repository[E]:
        """Return the repository of an entity within the unit."""
        return self.storage.build(self.storage.description(entity), self.connections)

    def commit(self) -> None:
        """Commit."""
        self.transaction.commit()

    def rollback(self) -> None:
        """Roll back."""
        self.transaction.rollback()
