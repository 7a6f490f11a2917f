"""How a repository comes to a connection: from the pool for each call, or that of its unit.

Every driver's error is translated here, and only here.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol, Self, TypeVar

from storage.errors import ReadOnly, StorageError, Unsupported
from storage.sql.compiled import NOTHING, Statement, Values
from storage.sql.connection import Line, Rows
from storage.sql.dialects import Dialect
from storage.sql.errors import translate, translated
from storage.storage import Unit

R = TypeVar("R")


class Lender(Protocol):
    """What lends connections: the storage."""

    #: What a connection raises.
    faults: tuple[type[Exception], ...]
    dialect: Dialect

    def line(self) -> Line:
        """Take a connection of the pool."""

    def check_schema(self) -> None:
        """Raise ``SchemaOutOfDate`` unless the database is at the code's revision."""


class Connections(ABC):
    """What a repository asks for, by what it is about to do."""

    storage: Lender

    @abstractmethod
    def read(self, statement: Statement, values: Values = NOTHING) -> Rows:
        """Return the rows of one statement that only reads."""

    @abstractmethod
    def reading(self) -> AbstractContextManager[Line]:
        """Give a line for statements that only read."""

    @abstractmethod
    def write(self, act: Callable[[Line], R]) -> R:
        """Run one statement that writes, and commits by itself outside a unit; return what came of it."""

    @abstractmethod
    def atomic(self) -> AbstractContextManager[Line]:
        """Give a line for several statements of which all or none take effect."""

    @abstractmethod
    def refuse_in_unit(self, method: str) -> None:
        """Raise ``Unsupported`` inside a unit."""


class Transaction:
    """A transaction on a line of its own, which goes back to the pool when it ends."""

    def __init__(self, storage: Lender, line: Line) -> None:
        self.storage = storage
        self.line = line
        self.is_over = False

    @classmethod
    def begin(cls, storage: Lender, statements: Sequence[str]) -> Self:
        """Take a line and begin."""
        with translated(storage.faults):
            line = storage.line()
        transaction = cls(storage, line)
        try:
            with translated(storage.faults):
                for statement in statements:
                    line.execute(statement)
        except BaseException:
            transaction.rollback()
            raise
        return transaction

    def commit(self) -> None:
        """Commit. If the answer is lost, nobody knows."""
        with translated(self.storage.faults, written=True):
            self.line.execute("COMMIT")
        self.end()

    def rollback(self) -> None:
        """Roll back if it is still open; the server forgets a transaction whose connection is gone."""
        if self.is_over:
            return
        try:
            self.line.execute("ROLLBACK")
        except self.storage.faults:
            # Whatever state it is in, nobody may get this connection again.
            self.line.discard()
        finally:
            self.end()

    def end(self) -> None:
        """Give the line back, once."""
        if not self.is_over:
            self.is_over = True
            self.line.give_back()


class PoolConnections(Connections):
    """A line of the pool for each call, in autocommit."""

    def __init__(self, storage: Lender) -> None:
        self.storage = storage

    def read(self, statement: Statement, values: Values = NOTHING) -> Rows:
        """Run it in autocommit: a transaction around a read costs two round trips."""
        return self.run(lambda line: line.rows(statement, values), written=False)

    def write(self, act: Callable[[Line], R]) -> R:
        """Run it in autocommit; once there is a line, a lost answer leaves open whether it was applied."""
        return self.run(act, written=True)

    def run(self, act: Callable[[Line], R], *, written: bool) -> R:
        """Act on a line of the pool; as a block, which ``with`` surrounds, it would cost half of SQLite's ``get``."""
        storage = self.storage
        storage.check_schema()
        line: Line | None = None
        try:
            line = storage.line()
            return act(line)
        except storage.faults as error:
            raise translate(error, written=written and line is not None) from error
        except StorageError:
            raise
        except BaseException:
            # It was left in the middle of a statement.
            if line is not None:
                line.discard()
            raise
        finally:
            if line is not None:
                line.give_back()

    @contextmanager
    def reading(self) -> Iterator[Line]:
        """Give a line in autocommit."""
        self.storage.check_schema()
        with translated(self.storage.faults):
            line = self.storage.line()
            try:
                yield line
            finally:
                line.give_back()

    @contextmanager
    def atomic(self) -> Iterator[Line]:
        """Give a line inside a transaction."""
        self.storage.check_schema()
        transaction = Transaction.begin(self.storage, self.storage.dialect.begin)
        try:
            with translated(self.storage.faults):
                yield transaction.line
            transaction.commit()
        except BaseException:
            transaction.rollback()
            raise

    def refuse_in_unit(self, method: str) -> None:
        """Refuse nothing: this is no unit."""


class UnitConnections(Connections):
    """The one line of a unit."""

    def __init__(self, unit: Unit, storage: Lender, line: Line, *, read_only: bool) -> None:
        self.unit = unit
        self.storage = storage
        self.line = line
        self.read_only = read_only

    def read(self, statement: Statement, values: Values = NOTHING) -> Rows:
        """Run it on the unit's line."""
        with self.reading() as line:
            return line.rows(statement, values)

    @contextmanager
    def reading(self) -> Iterator[Line]:
        """Give the unit's line."""
        with self.unit.guard(), translated(self.storage.faults):
            yield self.line

    def write(self, act: Callable[[Line], R]) -> R:
        """Run it on the unit's line."""
        with self.atomic() as line:
            return act(line)

    @contextmanager
    def atomic(self) -> Iterator[Line]:
        """Give the unit's line, unless the unit only reads: the unit as a whole is atomic."""
        with self.unit.guard():
            if self.read_only:
                raise ReadOnly("a snapshot only reads: write on the storage itself or in a transaction")
            with translated(self.storage.faults):
                yield self.line

    def refuse_in_unit(self, method: str) -> None:
        """Raise ``Unsupported``, which breaks the unit."""
        with self.unit.guard():
            raise Unsupported(f"{method} is not possible inside a unit: call it on the storage itself")
