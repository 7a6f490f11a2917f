"""Which unique field a failed write has met, without a look at the text of an error.

PostgreSQL names the constraint in a field of its error. MySQL, MariaDB and SQLite name it in the text alone, so there
the rows that have the values are read, on the connection of the write and before its transaction ends.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

from sqlalchemy import Dialect, Table, bindparam, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.elements import ClauseElement

from storage.batches import batched
from storage.entity import Columns, height
from storage.errors import AlreadyExists, Unavailable
from storage.sql.compiled import Statement
from storage.sql.connection import Line
from storage.sql.errors import is_too_large, translate
from storage.sql.names import ID_OF_ROW

Faults = tuple[type[Exception], ...]

#: SQLite's result code for a primary key that is taken.
SQLITE_CONSTRAINT_PRIMARYKEY = 1555


class Duplicates:
    """The unique fields of one table."""

    def __init__(self, table: Table, dialect: Dialect, compile: Callable[[ClauseElement], Statement]) -> None:
        self.table = table
        self.compile = compile
        indexes = [index for index in table.indexes if index.unique]
        self.constraints = {str(index.name): tuple(column.name for column in index.columns) for index in indexes}
        self.constraints[f"{table.name}_pkey"] = ("id",)
        self.unique = [column for index in indexes for column in index.columns]
        self.revived = {
            column.name: column.type.dialect_impl(dialect).result_processor(dialect, None) for column in self.unique
        }

    def of(self, error: Exception, line: Line, columns: Columns, faults: Faults) -> tuple[str, ...]:
        """Return the fields on which a write has met another row: those of one constraint, also if it meets several.

        ``columns`` are the values that were written.
        """
        cause = error.orig if isinstance(error, DBAPIError) else error
        constraint = getattr(getattr(cause, "diag", None), "constraint_name", None)
        if constraint is not None:
            return self.constraints.get(constraint, ())
        if getattr(cause, "sqlite_errorcode", None) == SQLITE_CONSTRAINT_PRIMARYKEY:
            return ("id",)
        with suppress(*faults):
            return self.found(line, columns)
        return ()

    def found(self, line: Line, columns: Columns) -> tuple[str, ...]:
        """Return the first field of which another row has a value; nothing if that row is gone."""
        for column in self.unique:
            if column.name in columns and self.is_taken(line, column.name, columns):
                return (column.name,)
        return ("id",) if "id" in columns and self.has_other(line, columns) else ()

    def is_taken(self, line: Line, name: str, columns: Columns) -> bool:
        """Return whether another row has one of the values, in the table or among those written."""
        owners: dict[Any, int | None] = {}
        for id, value in zip(ids_of(columns), columns[name], strict=True):
            if value is not None and owners.setdefault(value, id) != id:
                return True
        rows = self.rows(line, name, list(owners))
        place = 1 + [column.name for column in self.unique].index(name)
        return any(owners[row[place]] != row[0] for row in rows)

    def has_other(self, line: Line, columns: Columns) -> bool:
        """Return whether one of the ids is that of another row; the rows of this write may be among those found."""
        names = [column.name for column in self.unique]
        given = dict(zip(columns["id"], zip(*[columns[name] for name in names], strict=True), strict=False))
        return any(
            height(columns) == 1 or given.get(id) != tuple(values)
            for id, *values in self.rows(line, "id", columns["id"])
        )

    def rows(self, line: Line, name: str, values: list[Any]) -> Iterator[list[Any]]:
        """Yield the ids and the unique values of the rows that have one of the values, as they are now.

        Inside a transaction MySQL would read the state at its beginning, without the row that was in the way.
        """
        column = self.table.c[name]
        for batch in batched(values):
            names = [f"value{place}" for place in range(len(batch))]
            wanted = column.in_([bindparam(one, type_=column.type) for one in names])
            statement = select(self.table.c.id, *self.unique).where(wanted).with_for_update(read=True)
            for id, *found in line.rows(self.compile(statement), dict(zip(names, batch, strict=True))):
                yield [id, *map(self.revive, self.unique, found)]

    def revive(self, column: Any, value: Any) -> Any:
        """Return a value as an entity has it."""
        process = self.revived[column.name]
        return value if process is None else process(value)


def ids_of(columns: Columns) -> list[int | None]:
    """Return the ids of the rows that were written; ``None`` for one that the server was to number."""
    return columns.get("id") or columns.get(ID_OF_ROW) or [None]


class Naming:
    """A block that writes rows: its errors name the entity, and ``AlreadyExists`` the fields that are taken.

    As a class, since the generator of a context manager takes three times as long.
    """

    __slots__ = ("columns", "duplicates", "faults", "line")

    def __init__(self, duplicates: Duplicates, line: Line, columns: Columns, faults: Faults) -> None:
        self.duplicates = duplicates
        self.line = line
        self.columns = columns
        self.faults = faults

    def __enter__(self) -> None:
        pass

    def __exit__(self, _kind: object, error: BaseException | None, _traceback: object) -> None:
        if not isinstance(error, self.faults):
            return
        entity, found = self.duplicates.table.name, translate(error)
        if isinstance(found, AlreadyExists):
            fields = self.duplicates.of(error, self.line, self.columns, self.faults)
            raise AlreadyExists.of(entity, fields) from error
        if is_too_large(error):
            raise Unavailable(f"{entity} cannot be stored: {found}", retryable=False) from error
