"""Where new ids come from, and the high-water mark: the largest id that was given out or stored."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import cached_property

from sqlalchemy import (
    BigInteger,
    Boolean,
    ColumnElement,
    Integer,
    Table,
    Update,
    bindparam,
    column,
    func,
    select,
    update,
)
from sqlalchemy import table as sql_table
from sqlalchemy.sql.elements import ClauseElement

from storage.entity import LARGEST_ID
from storage.errors import SchemaOutOfDate, Unavailable
from storage.sql.compiled import Statement
from storage.sql.connection import Line

Compile = Callable[[ClauseElement], Statement]


class Ids(ABC):
    """The ids of one table."""

    @abstractmethod
    def take(self, line: Line, number: int) -> list[int]:
        """Return that many new ids, ascending; inside a transaction of the caller's."""

    @abstractmethod
    def last(self, line: Line) -> int:
        """Return the high-water mark."""

    @abstractmethod
    def raise_to(self, line: Line, up_to: int) -> None:
        """Raise the high-water mark, never lowering it; inside a transaction of the caller's."""


class SequenceIds(Ids):
    """PostgreSQL's sequence: it waits for nobody, and a rolled-back id is never given again."""

    def __init__(self, table: Table, compile: Compile) -> None:
        # The name comes from the entity's class, and quoting keeps it a name.
        self.name = f"{table.name}_id_seq"
        self.next_value = func.nextval(self.name)
        self.own = f'ALTER SEQUENCE "{self.name}" OWNED BY "{table.name}".id'
        self.compile = compile

    @cached_property
    def series(self) -> Statement:
        """Take several values of the sequence."""
        series = func.generate_series(1, bindparam("number", type_=Integer)).table_valued("n")
        return self.compile(select(self.next_value).select_from(series))

    @cached_property
    def state(self) -> Statement:
        """Select how far the sequence is."""
        columns = column("last_value", BigInteger), column("is_called", Boolean)
        return self.compile(select(*columns).select_from(sql_table(self.name)))

    @cached_property
    def set_forward(self) -> Statement:
        """Set the last value of the sequence."""
        return self.compile(select(func.setval(self.name, bindparam("up_to", type_=BigInteger))))

    def take(self, line: Line, number: int) -> list[int]:
        """Return that many new ids; those of others may lie between them."""
        return sorted(id for (id,) in line.rows(self.series, {"number": number}))

    def last(self, line: Line) -> int:
        """Return the sequence's last value, 0 if it was never called."""
        ((last_value, is_called),) = line.rows(self.state)
        return int(last_value) if is_called else int(last_value) - 1

    def raise_to(self, line: Line, up_to: int) -> None:
        """Set the sequence forward while nobody takes from it.

        Reading the value and setting it are two steps, and setval alone would take back what others took
        between them. ALTER SEQUENCE holds nextval off until the transaction ends. It changes nothing here, and
        names the owner because any other change would put the sequence into a new file, in whose place those
        who read the old one meanwhile find no row.
        """
        if self.last(line) >= up_to:
            return
        line.execute(self.own)
        if self.last(line) < up_to:
            line.rows(self.set_forward, {"up_to": up_to})


class CounterIds(Ids):
    """A row of the table of counters, raised in the transaction that uses the ids."""

    def __init__(self, table: Table, counters: Table, compile: Compile) -> None:
        self.entity = table.name
        self.entities = counters.c.entity
        self.last_id = counters.c.last_id
        self.counters = counters
        self.compile = compile

    @cached_property
    def mark(self) -> Statement:
        """Select the counter."""
        return self.compile(select(self.last_id).where(self.entities == self.entity))

    @cached_property
    def advance(self) -> Statement:
        """Add to the counter, unless it would end beyond the largest id."""
        number = bindparam("number", type_=BigInteger)
        room = self.last_id <= LARGEST_ID - number
        return self.compile(self.raised(room).values(last_id=self.last_id + number))

    @cached_property
    def set_forward(self) -> Statement:
        """Set the counter, unless it is there already."""
        up_to = bindparam("up_to", type_=BigInteger)
        return self.compile(self.raised(self.last_id < up_to).values(last_id=up_to))

    def raised(self, condition: ColumnElement[bool]) -> Update:
        """Return the update of the counter where a condition holds."""
        return update(self.counters).where(self.entities == self.entity, condition)

    def take(self, line: Line, number: int) -> list[int]:
        """Return the next ids of the counter."""
        advanced = line.change(self.advance, {"number": number})
        last = self.last(line)
        if advanced == 0:
            raise Unavailable(f"{self.entity} has no {number} ids left above {last}", retryable=False)
        return list(range(last - number + 1, last + 1))

    def last(self, line: Line) -> int:
        """Return the counter."""
        mark = line.one(self.mark)
        if mark is None:
            message = f"engine_room_ids has no row for {self.entity}: run `flask db upgrade`"
            raise SchemaOutOfDate(message, found=None, wanted="head")
        return int(mark[0])

    def raise_to(self, line: Line, up_to: int) -> None:
        """Set the counter forward in one statement."""
        self.last(line)
        line.change(self.set_forward, {"up_to": up_to})
