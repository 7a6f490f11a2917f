"""What PostgreSQL, MySQL or MariaDB, and SQLite do differently, in one place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, Select, String, Table, TypeDecorator, UnaryExpression, bindparam, func
from sqlalchemy.engine import Dialect as SqlDialect
from sqlalchemy.sql.elements import ColumnElement

from storage.errors import Invalid
from storage.query import Order

ESCAPE = "!"


class Literal(TypeDecorator[str]):
    """Text that LIKE compares as it is: its wildcards are escaped."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: SqlDialect) -> str | None:
        """Return the text with its wildcards escaped."""
        for sign in (ESCAPE, "%", "_"):
            value = value and value.replace(sign, ESCAPE + sign)
        return value


@dataclass(frozen=True, slots=True)
class Dialect:
    """The differences between the engines that our statements must know.

    ``begin``, ``begin_unit`` and ``begin_snapshot`` are run one after another to open a transaction for
    several statements of one call, for a unit, and for a unit that reads one state.
    ``update_returning``: whether UPDATE can return the row it wrote. ``sequences``: whether ids come from one.
    ``seeks_pairs``: whether ``(a, b) > (x, y)`` goes to its place in an index.
    """

    name: str
    title: str
    begin: tuple[str, ...]
    begin_unit: tuple[str, ...]
    begin_snapshot: tuple[str, ...]
    update_returning: bool
    sequences: bool
    seeks_pairs: bool

    def ordering(self, table: Table, order: Order) -> list[ColumnElement[Any] | UnaryExpression[Any]]:
        """Return the ORDER BY of an order in the form that its index serves."""
        column, identity = table.c[order.column], table.c.id
        if column is identity:
            return [identity.desc() if order.descending else identity.asc()]
        first = column.desc() if order.descending else column.asc()
        if order.nullable and self.name == "postgresql":
            first = first.nulls_last() if order.descending else first.nulls_first()
        return [first, identity.desc() if order.descending else identity.asc()]

    def contains(self, column: Column[Any], name: str) -> ColumnElement[bool]:
        """Return the clause for text that contains the value of that name.

        SQLite's LIKE takes quadratic time for text and a pattern that repeat one letter.
        """
        if self.name == "sqlite":
            return func.instr(column, bindparam(name, type_=column.type)) > 0
        return column.contains(bindparam(name, type_=Literal()), escape=ESCAPE)

    def order_nulls(self, statement: Select[Any], table: Table, order: Order) -> Select[Any]:
        """Order the rows whose column is null, which is by id."""
        if self.name != "mysql":
            return statement.order_by(*self.ordering(table, order))
        # MariaDB sorts the nulls, or walks the primary key past all the rest, unless it is told the index.
        index = f"FORCE INDEX (ix_{table.name}_{order.column})"
        identity = table.c.id.desc() if order.descending else table.c.id.asc()
        return statement.with_hint(table, index).order_by(identity)


POSTGRESQL = Dialect(
    name="postgresql",
    title="PostgreSQL",
    begin=("BEGIN ISOLATION LEVEL READ COMMITTED",),
    begin_unit=("BEGIN ISOLATION LEVEL REPEATABLE READ",),
    # The state is the one at the first statement, not at BEGIN.
    begin_snapshot=("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", "SELECT 1"),
    update_returning=True,
    sequences=True,
    seeks_pairs=True,
)
#: For the next transaction alone.
REPEATABLE_READ = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"

MYSQL = Dialect(
    name="mysql",
    title="MySQL",
    begin=("START TRANSACTION",),
    begin_unit=(REPEATABLE_READ, "START TRANSACTION"),
    # Below that level the server ignores that a snapshot is asked for.
    begin_snapshot=(REPEATABLE_READ, "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY"),
    update_returning=False,
    sequences=False,
    seeks_pairs=False,
)
SQLITE = Dialect(
    name="sqlite",
    title="SQLite",
    # Taking the write lock later, after a read, could not wait for it: another's write would be a conflict.
    begin=("BEGIN IMMEDIATE",),
    begin_unit=("BEGIN IMMEDIATE",),
    begin_snapshot=("BEGIN", "SELECT count(*) FROM sqlite_schema"),
    update_returning=True,
    sequences=False,
    seeks_pairs=True,
)

DIALECTS = {dialect.name: dialect for dialect in (POSTGRESQL, MYSQL, SQLITE)} | {"mariadb": MYSQL}


def dialect_of(name: str) -> Dialect:
    """Return the differences of SQLAlchemy's dialect of that name; ``Invalid`` for one we do not know."""
    if name not in DIALECTS:
        raise Invalid({"url": f"SQLAlchemy's dialect {name} is not supported, only {', '.join(sorted(DIALECTS))}"})
    return DIALECTS[name]
