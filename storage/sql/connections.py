"""How a repository comes to a connection: from the pool for each call, or that of its unit.

Every driver's error is translated here, and only here.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Self

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from storage.errors import ReadOnly, Unsupported
from storage.sql.errors import translated
from storage.storage import Unit

if TYPE_CHECKING:
    from storage.sql.storage import SqlStorage


class Connections(ABC):
    """What a repository asks for, by what it is about to do."""

    @abstractmethod
    def reading(self) -> AbstractContextManager[Connection]:
        """Give a connection for statements that only read."""

    @abstractmethod
    def writing(self) -> AbstractContextManager[Connection]:
        """Give a connection for one statement that writes, and commits by itself outside a unit."""

    @abstractmethod
    def atomic(self) -> AbstractContextManager[Connection]:
        """Give a connection for several statements of which all or none take effect."""

    @abstractmethod
    def refuse_in_unit(self, method: str) -> None:
        """Raise ``Unsupported`` inside a unit."""


class Transaction:
    """A transaction on a connection of its own, which goes back to the pool when it ends."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    @classmethod
    def begin(cls, engine: Engine, statements: Sequence[str]) -> Self:
        """Take a connection and begin."""
        with translated():
            connection = engine.connect()
        transaction = cls(connection)
        try:
            with translated():
                for statement in statements:
                    connection.exec_driver_sql(statement)
        except BaseException:
            transaction.rollback()
            raise
        return transaction

    def commit(self) -> None:
        """Commit. If the answer is lost, nobody knows."""
        with translated(written=True):
            self.connection.exec_driver_sql("COMMIT")
        self.connection.close()

    def rollback(self) -> None:
        """Roll back if it is still open; the server forgets a transaction whose connection is gone."""
        if self.connection.closed:
            return
        try:
            self.connection.exec_driver_sql("ROLLBACK")
        except SQLAlchemyError:
            # Whatever state it is in, nobody may get this connection again.
            self.connection.invalidate()
        finally:
            self.connection.close()


class PoolConnections(Connections):
    """A connection of the pool for each call, in autocommit."""

    def __init__(self, storage: SqlStorage) -> None:
        self.storage = storage

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give a connection in autocommit: a transaction around a read costs two round trips."""
        self.storage.check_schema()
        with translated(), self.storage.engine.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Give a connection in autocommit; from here on, a lost answer leaves open whether it was applied."""
        self.storage.check_schema()
        with translated():
            connection = self.storage.engine.connect()
        with translated(written=True), connection:
            yield connection

    @contextmanager
    def atomic(self) -> Iterator[Connection]:
        """Give a connection inside a transaction."""
        self.storage.check_schema()
        transaction = Transaction.begin(self.storage.engine, self.storage.dialect.begin)
        try:
            with translated():
                yield transaction.connection
            transaction.commit()
        except BaseException:
            transaction.rollback()
            raise

    def refuse_in_unit(self, method: str) -> None:
        """Refuse nothing: this is no unit."""


class UnitConnections(Connections):
    """The one connection of a unit."""

    def __init__(self, unit: Unit, connection: Connection, *, read_only: bool) -> None:
        self.unit = unit
        self.connection = connection
        self.read_only = read_only

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give the unit's connection."""
        with self.unit.guard(), translated():
            yield self.connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Give the unit's connection, unless the unit only reads."""
        with self.unit.guard():
            if self.read_only:
                raise ReadOnly("a snapshot only reads: write on the storage itself or in a transaction")
            with translated():
                yield self.connection

    def atomic(self) -> AbstractContextManager[Connection]:
        """Give the unit's connection: the unit as a whole is atomic."""
        return self.writing()

    def refuse_in_unit(self, method: str) -> None:
        """Raise ``Unsupported``, which breaks the unit."""
        with self.unit.guard():
            raise Unsupported(f"{method} is not possible inside a unit: call it on the storage itself")
