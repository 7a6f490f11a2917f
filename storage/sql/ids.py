"""Where new ids come from, and the high-water mark: the largest id that was given out or stored."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from sqlalchemy import BigInteger, Boolean, Connection, Table, bindparam, column, func, select, text, update
from sqlalchemy import table as sql_table

from storage.errors import SchemaOutOfDate, Unavailable
from storage.fields import LARGEST_ID


class Ids(ABC):
    """The ids of one table."""

    @abstractmethod
    def take(self, connection: Connection, number: int) -> list[int]:
        """Return that many new ids, ascending; inside a transaction of the caller's."""

    @abstractmethod
    def last(self, connection: Connection) -> int:
        """Return the high-water mark."""

    @abstractmethod
    def raise_to(self, connection: Connection, up_to: int) -> None:
        """Raise the high-water mark, never lowering it; inside a transaction of the caller's."""


class SequenceIds(Ids):
    """PostgreSQL's sequence: it waits for nobody, and a rolled-back id is never given again."""

    def __init__(self, table: Table) -> None:
        self.table = table
        # The name comes from the entity's class, and quoting keeps it a name.
        self.name = f"{table.name}_id_seq"
        self.state = select(column("last_value", BigInteger), column("is_called", Boolean)).select_from(
            sql_table(self.name)
        )
        self.next_value = func.nextval(self.name)

    def take(self, connection: Connection, number: int) -> list[int]:
        """Return that many new ids; those of others may lie between them."""
        series = func.generate_series(1, number).table_valued("n")
        return sorted(connection.scalars(select(self.next_value).select_from(series)))

    def last(self, connection: Connection) -> int:
        """Return the sequence's last value, 0 if it was never called."""
        last_value, is_called = connection.execute(self.state).one()
        return int(last_value) if is_called else int(last_value) - 1

    def raise_to(self, connection: Connection, up_to: int) -> None:
        """Set the sequence forward while nobody takes from it.

        Reading the value and setting it are two steps, and setval alone would take back what others took
        between them. ALTER SEQUENCE holds nextval off until the transaction ends. It changes nothing here, and
        names the owner because any other change would put the sequence into a new file, in whose place those
        who read the old one meanwhile find no row.
        """
        if self.last(connection) >= up_to:
            return
        connection.execute(text(f'ALTER SEQUENCE "{self.name}" OWNED BY "{self.table.name}".id'))
        if self.last(connection) < up_to:
            connection.execute(select(func.setval(self.name, up_to)))


class CounterIds(Ids):
    """A row of the table of counters, raised in the transaction that uses the ids."""

    def __init__(self, table: Table, counters: Table) -> None:
        self.entity = table.name
        self.mark = select(counters.c.last_id).where(counters.c.entity == table.name)
        self.advance = (
            update(counters)
            .where(counters.c.entity == table.name, counters.c.last_id <= LARGEST_ID - bindparam("number"))
            .values(last_id=counters.c.last_id + bindparam("number"))
        )
        self.set_forward = (
            update(counters)
            .where(counters.c.entity == table.name, counters.c.last_id < bindparam("up_to"))
            .values(last_id=bindparam("up_to"))
        )

    def take(self, connection: Connection, number: int) -> list[int]:
        """Return the next ids of the counter."""
        advanced: Any = connection.execute(self.advance, {"number": number})
        last = self.last(connection)
        if advanced.rowcount == 0:
            raise Unavailable(f"{self.entity} has no {number} ids left above {last}", retryable=False)
        return list(range(last - number + 1, last + 1))

    def last(self, connection: Connection) -> int:
        """Return the counter."""
        mark = connection.scalar(self.mark)
        if mark is None:
            message = f"engine_room_ids has no row for {self.entity}: run `flask db upgrade`"
            raise SchemaOutOfDate(message, found=None, wanted="head")
        return int(mark)

    def raise_to(self, connection: Connection, up_to: int) -> None:
        """Set the counter forward in one statement."""
        self.last(connection)
        connection.execute(self.set_forward, {"up_to": up_to})
