"""A connection that was lent, at work on compiled statements."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Any

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from storage.entity import Columns, height, sliced_by_bytes
from storage.sql.compiled import NOTHING, Statement, Values
from storage.sql.mapping import MYSQL_NAMES
from storage.sql.pool import LendingPool, is_watched

Rows = Sequence[Sequence[Any]]

#: MySQL's ER_NET_PACKET_TOO_LARGE.
PACKET_TOO_LARGE = 1153
#: What MySQL's protocol adds to a statement at most.
HEADER = 64


class Line(ABC):
    """What a repository runs its statements on."""

    @abstractmethod
    def rows(self, statement: Statement, values: Values = NOTHING) -> Rows:
        """Run a statement and return its rows."""

    @abstractmethod
    def change(self, statement: Statement, values: Values = NOTHING) -> int:
        """Run a statement and return how many rows it changed."""

    @abstractmethod
    def change_many(self, statement: Statement, columns: Columns) -> None:
        """Run a statement once for each of the values, in as few round trips as the driver can."""

    @abstractmethod
    def execute(self, text: str) -> None:
        """Run a statement that has neither values nor rows."""

    @abstractmethod
    def driver(self) -> Any:
        """Return the driver's own connection."""

    @abstractmethod
    def give_back(self) -> None:
        """Let others have the connection."""

    @abstractmethod
    def discard(self) -> None:
        """See to it that nobody gets this connection again; it still has to be given back."""

    def one(self, statement: Statement, values: Values = NOTHING) -> Sequence[Any] | None:
        """Run a statement and return its row, if there is one."""
        rows = self.rows(statement, values)
        return rows[0] if rows else None


class DriverLine(Line):
    """The driver's own connection, from our own pool, and its one cursor: making one takes psycopg 4 µs."""

    __slots__ = ("cursor", "pool", "record")

    def __init__(self, pool: LendingPool) -> None:
        self.pool = pool
        self.record = pool.lend()
        # Emptied by SQLAlchemy when it opens the record's connection anew.
        kept = self.record.info
        self.cursor = kept["cursor"] if "cursor" in kept else kept.setdefault("cursor", self.driver().cursor())

    def rows(self, statement: Statement, values: Values = NOTHING) -> Rows:
        """Run it on the driver."""
        self.run(statement, values)
        rows: Rows = self.cursor.fetchall()
        return rows

    def change(self, statement: Statement, values: Values = NOTHING) -> int:
        """Run it on the driver."""
        self.run(statement, values)
        return int(self.cursor.rowcount)

    def run(self, statement: Statement, values: Values) -> None:
        """Run it on the driver."""
        self.cursor.execute(statement.text, statement.parameters(values))

    def change_many(self, statement: Statement, columns: Columns) -> None:
        """Run it on the driver."""
        self.cursor.executemany(statement.text, statement.parameters_of_many(columns))

    def execute(self, text: str) -> None:
        """Run it on the driver."""
        self.cursor.execute(text)

    def driver(self) -> Any:
        """Return what the record holds."""
        return self.record.dbapi_connection

    def give_back(self) -> None:
        """Give it to the pool."""
        self.pool.take_back(self.record)

    def discard(self) -> None:
        """Close it; the pool opens another in its place.

        The cursor first: SQLite keeps a file open for as long as one of its statements is not over.
        """
        with suppress(Exception):
            self.cursor.close()
        self.record.invalidate()


class PsycopgLine(DriverLine):
    """psycopg's connection, which is told what to prepare."""

    def run(self, statement: Statement, values: Values) -> None:
        """Run it on the driver."""
        self.cursor.execute(statement.text, statement.parameters(values), prepare=statement.prepared)


class CoreLine(Line):
    """A connection of SQLAlchemy's: of an engine that was handed in, or that somebody listens to."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def driver(self) -> Any:
        """Return the driver's own connection."""
        return self.connection.connection.driver_connection

    def rows(self, statement: Statement, values: Values = NOTHING) -> Rows:
        """Run it where SQLAlchemy's listeners see it."""
        return self.connection.exec_driver_sql(statement.text, statement.parameters(values)).all()

    def change(self, statement: Statement, values: Values = NOTHING) -> int:
        """Run it where SQLAlchemy's listeners see it."""
        return int(self.connection.exec_driver_sql(statement.text, statement.parameters(values)).rowcount)

    def change_many(self, statement: Statement, columns: Columns) -> None:
        """Run it where SQLAlchemy's listeners see it."""
        self.connection.exec_driver_sql(statement.text, statement.parameters_of_many(columns))

    def execute(self, text: str) -> None:
        """Run it where SQLAlchemy's listeners see it."""
        self.connection.exec_driver_sql(text)

    def give_back(self) -> None:
        """Close the connection, which gives it to the pool of its engine."""
        self.connection.close()

    def discard(self) -> None:
        """Have the pool forget it."""
        if not self.connection.closed:
            self.connection.invalidate()


class MysqlCoreLine(CoreLine):
    """A connection of somebody else's engine to MySQL, which may send more at once than the server takes.

    The server hangs up on a statement that is too long, which cannot be told from a lost connection. So that is seen
    here; only where escaping makes it too long, it is left to the server.
    """

    def change(self, statement: Statement, values: Values = NOTHING) -> int:
        """Run it unless it is too long."""
        self.refuse_too_long(statement, values.values())
        return super().change(statement, values)

    def change_many(self, statement: Statement, columns: Columns) -> None:
        """Run it for as many rows at a time as the server takes at once."""
        for some in sliced_by_bytes(columns, self.longest() - len(statement.text)):
            if height(some) == 1:
                self.refuse_too_long(statement, [value for (value,) in some.values()])
            super().change_many(statement, some)

    def refuse_too_long(self, statement: Statement, values: Iterable[Any]) -> None:
        """Raise the server's own error if a statement with its values is longer than the server takes."""
        length = len(statement.text) + sum(len(value.encode()) for value in values if isinstance(value, str))
        if length > self.longest():
            error: Exception = self.connection.dialect.loaded_dbapi.OperationalError(PACKET_TOO_LARGE, "")
            error.add_note(f"it has at least {length} bytes, and max_allowed_packet is {self.longest() + HEADER}")
            raise error

    def longest(self) -> int:
        """Return how many bytes the server takes at once: it tells each connection when it is first asked."""
        kept = self.connection.info
        if "max_allowed_packet" not in kept:
            answer = self.connection.exec_driver_sql("SELECT @@SESSION.max_allowed_packet")
            kept["max_allowed_packet"] = answer.scalar_one()
        return int(kept["max_allowed_packet"]) - HEADER


def open_line(engine: Engine) -> Line:
    """Take a connection of an engine's pool: the driver's own, unless somebody listens or the engine is not ours."""
    pool = engine.pool
    if isinstance(pool, LendingPool) and not is_watched(engine):
        return PsycopgLine(pool) if engine.dialect.name == "postgresql" else DriverLine(pool)
    handed_in = not isinstance(pool, LendingPool)
    kind = MysqlCoreLine if handed_in and engine.dialect.name in MYSQL_NAMES else CoreLine
    return kind(engine.connect())


def faults_of(engine: Engine) -> tuple[type[Exception], ...]:
    """Return what a line raises: the driver's errors, and SQLAlchemy's."""
    driver: type[Exception] = engine.dialect.loaded_dbapi.Error
    return SQLAlchemyError, driver
