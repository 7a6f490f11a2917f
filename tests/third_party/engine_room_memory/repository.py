"""The repository: every method holds the lock, and works on rows that nobody else sees."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from engine_room_memory.conditions import holds, order_key
from storage.spi import (
    LARGEST_ID,
    AlreadyExists,
    Description,
    Filter,
    Invalid,
    NotFound,
    Page,
    PutResult,
    Repository,
    Segment,
    Unavailable,
    VersionConflict,
    by_row,
    check_id,
    check_version,
    checked_filters,
    checked_query,
)

if TYPE_CHECKING:
    from engine_room_memory.storage import MemoryStorage

E = TypeVar("E")

Row = dict[str, Any]


@dataclass
class Table:
    """The rows by id, and the high-water mark."""

    rows: dict[int, Row] = field(default_factory=dict)
    last_id: int = 0


class MemoryRepository(Repository[E]):
    """The entities of one type, as rows of values and search keys."""

    def __init__(self, storage: MemoryStorage, description: Description[E]) -> None:
        self.storage = storage
        self.description = description

    def add(self, entity: E) -> E:
        return self.add_many([entity])[0]

    def add_many(self, entities: Iterable[E]) -> list[E]:
        checked = [self.description.new_values(entity) for entity in entities]
        with self.table() as table:
            if table.last_id + len(checked) > LARGEST_ID:
                raise Unavailable("every id was given out: no further entity can be stored", retryable=False)
            first = table.last_id + 1
            rows = {id: values | {"id": id, "version": 1} for id, values in enumerate(checked, first)}
            try:
                self.write(table, rows)
            except AlreadyExists as error:
                error.add_note(f"0 of {len(rows)} were added")
                raise
            return [self.description.entity(row) for row in rows.values()]

    def get(self, id: int) -> E:
        check_id(id)
        with self.table() as table:
            return self.description.entity(self.row(table, id))

    def get_many(self, ids: Iterable[int]) -> list[E]:
        wanted = dict.fromkeys(id for id in ids if check_id(id))
        with self.table() as table:
            return [self.description.entity(table.rows[id]) for id in wanted if id in table.rows]

    def find(self, *filters: Filter, order_by: str = "id", limit: int = 50, cursor: str | None = None) -> Page[E]:
        query = checked_query(self.description, filters, order_by, limit, cursor)
        with self.table() as table:
            return query.page(lambda segment, limit: self.read(table, segment)[:limit])

    def count(self, *filters: Filter) -> int:
        conditions = checked_filters(self.description, filters)
        with self.table() as table:
            return sum(holds(conditions, row) for row in table.rows.values())

    def scan(self, *filters: Filter) -> Iterator[E]:
        conditions = checked_filters(self.description, filters)
        with self.table() as table:
            found = [row for id, row in sorted(table.rows.items()) if holds(conditions, row)]
        return map(self.description.entity, found)

    def update(self, id: int, changes: Mapping[str, object], version: int | None = None) -> E:
        check_version(version)
        values = self.description.changed_values(changes)
        check_id(id)
        with self.table() as table:
            row = self.row(table, id, version) | values
            row["version"] += 1
            if row["version"] > LARGEST_ID:
                raise Invalid({"version": "has come to its end"})
            self.write(table, {id: row})
            return self.description.entity(row)

    def delete(self, id: int, version: int | None = None) -> None:
        check_version(version)
        check_id(id)
        with self.table() as table:
            self.row(table, id, version)
            del table.rows[id]

    def put_many(self, entities: Iterable[E], overwrite: bool = False) -> PutResult:
        rows = {row["id"]: row for row in by_row(self.description.stored_columns(list(entities)))}
        with self.table() as table:
            old = {id: table.rows[id]["version"] for id in rows if id in table.rows}
            kept = {id for id in old if not overwrite and rows[id]["version"] <= old[id]}
            self.write(table, {id: row for id, row in rows.items() if id not in kept})
            return PutResult(added=len(rows) - len(old), replaced=len(old) - len(kept), kept=len(kept))

    def last_id(self) -> int:
        with self.table() as table:
            return table.last_id

    def reserve_ids(self, up_to: int) -> None:
        if not check_id(up_to) and up_to != 0:
            raise Invalid({"up_to": f"must be from 0 to {LARGEST_ID}"})
        with self.table() as table:
            table.last_id = max(table.last_id, up_to)

    @contextmanager
    def table(self) -> Iterator[Table]:
        """Lend the table to one thread at a time, once the schema is known to be there."""
        self.storage.check_schema()
        with self.storage.lock:
            yield self.storage.tables[self.description.type]

    def row(self, table: Table, id: int, version: int | None = None) -> Row:
        """Return the row of an id, of that version if one is given."""
        row = table.rows.get(id)
        if row is None:
            raise NotFound(f"there is no {self.description.name} with the id {id}")
        if version not in (None, row["version"]):
            raise VersionConflict(f"{self.description.name} {id} has the version {row['version']}, not {version}")
        return row

    def write(self, table: Table, rows: dict[int, Row]) -> None:
        """Write all of the rows, or none of them if one takes a unique value of another."""
        after = table.rows | {id: row | self.description.search_keys(row) for id, row in rows.items()}
        for name in (one.name for one in self.description.fields if one.rule.unique):
            values = [row[name] for row in after.values() if row[name] is not None]
            if len(set(values)) < len(values):
                raise AlreadyExists.of(self.description.name, [name])
        table.rows = after
        table.last_id = max([table.last_id, *rows])

    def read(self, table: Table, segment: Segment) -> list[E]:
        """Return the entities of a stretch of an order."""
        rows = [row for row in table.rows.values() if holds(segment.conditions, row)]
        column = segment.order.column
        if segment.nulls is not None:
            rows = [row for row in rows if (row[column] is None) is segment.nulls]
        rows.sort(key=lambda row: order_key(row[column], row["id"]), reverse=segment.order.descending)
        if segment.after is not None:
            after = order_key(segment.after.value, segment.after.id)
            beyond = after.__gt__ if segment.order.descending else after.__lt__
            rows = [row for row in rows if beyond(order_key(row[column], row["id"]))]
        return [self.description.entity(row) for row in rows]
