"""The statements on one entity's table, each compiled when it is first wanted and kept."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property, lru_cache
from typing import Any

from sqlalchemy import Dialect as SqlDialect
from sqlalchemy import Select, Table, bindparam, delete, func, insert, literal_column, select, update
from sqlalchemy.sql.elements import ClauseElement

from storage.entity import Description
from storage.sql.compiled import Statement
from storage.sql.dialects import Dialect
from storage.sql.duplicates import Duplicates
from storage.sql.ids import CounterIds, Ids, SequenceIds
from storage.sql.mapping import reader
from storage.sql.names import AT_VERSION, ID_OF_ROW
from storage.sql.postgresql_copy import Copying
from storage.sql.query import ConditionShape, PageShape, page, where

#: How many shapes of a kind are kept: what is asked by programs has few, what strangers ask may have many.
KEPT = 256


class Statements:
    """What a repository runs; shared by that of the storage and those of its units."""

    def __init__(
        self,
        description: Description[Any],
        table: Table,
        counters: Table,
        dialect: Dialect,
        sql_dialect: SqlDialect,
    ) -> None:
        self.table = table
        self.dialect = dialect
        self.sql_dialect = sql_dialect
        self.entities = reader(description, dialect.name)
        self.position_of_id = description.names.index("id")
        self.ids: Ids = (
            SequenceIds(table, self.compile) if dialect.sequences else CounterIds(table, counters, self.compile)
        )
        self.columns = [table.c[name] for name in description.names]
        self.selection: Select[Any] = select(*self.columns)
        self.page = lru_cache(KEPT)(self.compile_page)
        self.count = lru_cache(KEPT)(self.compile_count)
        self.update = lru_cache(KEPT)(self.compile_update)
        self.delete = lru_cache(2)(self.compile_delete)
        self.listed = lru_cache(KEPT)(self.compile_listed)
        self.lock = lru_cache(KEPT)(self.compile_lock)

    def compile(self, clause: ClauseElement, *, prepared: bool = True) -> Statement:
        """Compile for the driver; ``prepared`` unless its best plan depends on the values."""
        return Statement(clause, self.sql_dialect, prepared=prepared)

    @cached_property
    def get(self) -> Statement:
        """Select a row by its id."""
        return self.compile(self.selection.where(self.table.c.id == bindparam("id")))

    @cached_property
    def version(self) -> Statement:
        """Select the version of a row."""
        return self.compile(select(self.table.c.version).where(self.table.c.id == bindparam("id")))

    @cached_property
    def insert(self) -> Statement:
        """Insert a row that has its id."""
        return self.compile(insert(self.table).values(self.bound()))

    @cached_property
    def insert_numbered(self) -> Statement:
        """Insert a row with the next id of the sequence, and return that."""
        assert isinstance(self.ids, SequenceIds)  # noqa: S101 - for the type checker: asked for where there is one
        values = {**self.bound(), "id": self.ids.next_value}
        return self.compile(insert(self.table).values(values).returning(self.table.c.id))

    @cached_property
    def copying(self) -> Copying:
        """COPY, on PostgreSQL."""
        return Copying(self.table, lambda clause: self.compile(clause, prepared=False))

    @cached_property
    def duplicates(self) -> Duplicates:
        """What finds out which unique field a failed write has met."""
        return Duplicates(self.table, self.sql_dialect, lambda clause: self.compile(clause, prepared=False))

    @cached_property
    def replace(self) -> Statement:
        """Replace all but the id of a row."""
        values = {name: value for name, value in self.bound().items() if name != "id"}
        return self.compile(update(self.table).where(self.table.c.id == bindparam(ID_OF_ROW)).values(values))

    def bound(self) -> dict[str, Any]:
        """Return all columns, each with a value of its name."""
        return {column.name: bindparam(column.name, type_=column.type) for column in self.table.c}

    def compile_page(self, shape: PageShape) -> Statement:
        """Select a segment of an order. Without filters one index is best, whatever the position."""
        statement = page(self.selection, self.table, shape, self.dialect)
        return self.compile(statement, prepared=not shape.conditions)

    def compile_count(self, shape: tuple[ConditionShape, ...]) -> Statement:
        """Count the rows that conditions hold for."""
        counting = select(func.count()).select_from(self.table).where(*where(self.table, shape, self.dialect))
        return self.compile(counting, prepared=False)

    def compile_listed(self, shape: tuple[ConditionShape, ...]) -> Statement:
        """Select the rows that conditions hold for, in no order."""
        return self.compile(self.selection.where(*where(self.table, shape, self.dialect)), prepared=False)

    def compile_update(self, names: tuple[str, ...], versioned: bool) -> Statement:
        """Update columns of a row and add 1 to its version; return the row where the engine can."""
        values = {name: bindparam(name, type_=self.table.c[name].type) for name in names}
        changed = (
            update(self.table)
            .where(*self.row(versioned))
            .values(version=self.table.c.version + literal_column("1"), **values)
        )
        return self.compile(changed.returning(*self.columns) if self.dialect.update_returning else changed)

    def compile_delete(self, versioned: bool) -> Statement:
        """Delete a row."""
        return self.compile(delete(self.table).where(*self.row(versioned)))

    def row(self, versioned: bool) -> Sequence[Any]:
        """Return the clauses for one row, at one version."""
        clauses = [self.table.c.id == bindparam(ID_OF_ROW)]
        return [*clauses, self.table.c.version == bindparam(AT_VERSION)] if versioned else clauses

    def compile_lock(self, shape: tuple[ConditionShape, ...]) -> Statement:
        """Select ids and versions of rows, which are locked until the transaction ends."""
        table = self.table
        return self.compile(
            select(table.c.id, table.c.version).where(*where(table, shape, self.dialect)).with_for_update(),
            prepared=False,
        )
