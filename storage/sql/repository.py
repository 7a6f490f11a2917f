"""The repository on SQLAlchemy Core: one class for every entity and every SQL engine."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import astuple
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Connection, Select, Table, bindparam, delete, func, insert, select, update

from storage.batches import BATCH, batched
from storage.description import Description, check_id, check_version
from storage.errors import AlreadyExists, Invalid, NotFound, TransactionConflict, VersionConflict
from storage.fields import LARGEST_ID
from storage.query import Filter, Page, Query, Segment, checked_filters, checked_query
from storage.repository import PutResult, Repository
from storage.retrying import again
from storage.sql.connections import Connections
from storage.sql.dialects import Dialect
from storage.sql.ids import CounterIds, Ids, SequenceIds
from storage.sql.mapping import to_row
from storage.sql.query import page, where

E = TypeVar("E")

Values = dict[str, Any]

#: How often ``put_many`` runs its transaction at most.
PUTS = 5


class SqlRepository(Repository[E]):
    """See ``Repository`` for what each method promises."""

    def __init__(
        self, description: Description[E], table: Table, counters: Table, dialect: Dialect, connections: Connections
    ) -> None:
        self.description = description
        self.table = table
        self.dialect = dialect
        self.entity: Callable[..., E] = description.type
        self.connections = connections
        self.ids: Ids = SequenceIds(table) if dialect.sequences else CounterIds(table, counters)
        self.selection: Select[Any] = select(*[table.c[name] for name in description.columns])
        self.selection_by_id = self.selection.where(table.c.id == bindparam("wanted"))

    def add(self, entity: E) -> E:
        """Insert one row; PostgreSQL takes the id from its sequence in the same statement."""
        values = self.description.new_values(entity) | {"version": 1}
        if isinstance(self.ids, SequenceIds):
            statement = insert(self.table).values(id=self.ids.next_value, **to_row(self.description, values))
            with self.connections.writing() as connection:
                values["id"] = connection.scalar(statement.returning(self.table.c.id))
            return self.description.entity(values)
        with self.connections.atomic() as connection:
            return self.insert(connection, [values])[0]

    def add_many(self, entities: Iterable[E]) -> list[E]:
        """Insert the rows in one transaction."""
        rows = [self.description.new_values(entity) | {"version": 1} for entity in entities]
        if not rows:
            return []
        with self.connections.atomic() as connection:
            return self.insert(connection, rows)

    def get(self, id: int) -> E:
        """Select one row by its id."""
        if check_id(id):
            with self.connections.reading() as connection:
                row = connection.execute(self.selection_by_id, {"wanted": id}).one_or_none()
            if row is not None:
                return self.entity(*row)
        raise self.not_found(id)

    def get_many(self, ids: Iterable[int]) -> list[E]:
        """Select the rows in batches, each id once."""
        wanted = list(dict.fromkeys(id for id in ids if check_id(id)))
        found: dict[int, E] = {}
        if wanted:
            position = self.description.columns.index("id")
            with self.connections.reading() as connection:
                for batch in batched(wanted):
                    rows = connection.execute(self.selection.where(self.table.c.id.in_(batch)))
                    found |= {row[position]: self.entity(*row) for row in rows}
        return [found[id] for id in wanted if id in found]

    def find(self, *filters: Filter, order_by: str = "id", limit: int = 50, cursor: str | None = None) -> Page[E]:
        """Select one page, a nullable order in two ranges."""
        query = checked_query(self.description, filters, order_by, limit, cursor)
        with self.connections.reading() as connection:
            return query.page(lambda segment, number: self.read(connection, segment, number))

    def count(self, *filters: Filter) -> int:
        """Count the rows."""
        conditions = checked_filters(self.description, filters)
        statement = select(func.count()).select_from(self.table).where(*where(self.table, conditions))
        with self.connections.reading() as connection:
            return int(connection.scalar(statement) or 0)

    def scan(self, *filters: Filter) -> Iterator[E]:
        """Read the rows in batches by id, so that no statement and no connection is held between them."""
        return self.walk(checked_query(self.description, filters, "id", BATCH, None))

    def update(self, id: int, changes: Mapping[str, object], version: int | None = None) -> E:
        """Update one row in one statement; MySQL needs a second to see what it wrote."""
        values = to_row(self.description, self.description.changed_values(changes))
        matches = self.matches(id, version)
        statement = update(self.table).where(*matches).values(**values, version=self.table.c.version + 1)
        if self.dialect.update_returning:
            with self.connections.writing() as connection:
                returned = connection.execute(statement.returning(*self.selection.selected_columns)).one_or_none()
                if returned is None:
                    raise self.not_matched(connection, id, version)
                return self.entity(*returned)
        with self.connections.atomic() as connection:
            if connection.execute(statement).rowcount == 0:
                raise self.not_matched(connection, id, version)
            return self.entity(*connection.execute(self.selection_by_id, {"wanted": id}).one())

    def delete(self, id: int, version: int | None = None) -> None:
        """Delete one row in one statement."""
        statement = delete(self.table).where(*self.matches(id, version))
        with self.connections.writing() as connection:
            if connection.execute(statement).rowcount == 0:
                raise self.not_matched(connection, id, version)

    def put_many(self, entities: Iterable[E], overwrite: bool = False) -> PutResult:
        """Raise the mark, then insert and update in id order, in one transaction that is run again on a conflict."""
        self.connections.refuse_in_unit("put_many")
        rows = self.description.distinct_stored_values(entities)
        if not rows:
            return PutResult(0, 0, 0)
        # The mark first, and by itself: others who add wait for whoever raises it.
        with self.connections.atomic() as connection:
            self.ids.raise_to(connection, rows[-1]["id"])
        # Two who put the same new id at the same moment: the second finds it the next time.
        return again(lambda: self.put(rows, overwrite=overwrite), TransactionConflict, AlreadyExists, attempts=PUTS)

    def last_id(self) -> int:
        """Read the high-water mark."""
        with self.connections.reading() as connection:
            return self.ids.last(connection)

    def reserve_ids(self, up_to: int) -> None:
        """Raise the high-water mark."""
        self.connections.refuse_in_unit("reserve_ids")
        if not check_id(up_to) and up_to != 0:
            raise Invalid({"up_to": f"must be from 0 to {LARGEST_ID}"})
        with self.connections.atomic() as connection:
            self.ids.raise_to(connection, up_to)

    def insert(self, connection: Connection, rows: Sequence[Values]) -> list[E]:
        """Insert new rows with new ids, in the order given."""
        for values, id in zip(rows, self.ids.take(connection, len(rows)), strict=True):
            values["id"] = id
        for batch in batched(rows):
            connection.execute(insert(self.table), [to_row(self.description, values) for values in batch])
        return [self.description.entity(values) for values in rows]

    def read(self, connection: Connection, segment: Segment, number: int) -> list[E]:
        """Read at most ``number`` rows of a segment."""
        statement = page(self.selection, self.table, segment, self.dialect).limit(number)
        return [self.entity(*row) for row in connection.execute(statement)]

    def walk(self, query: Query[E]) -> Iterator[E]:
        """Yield the rows of a query page by page, to its end."""
        position = self.description.columns.index("id")
        statement = page(self.selection, self.table, next(query.segments()), self.dialect).limit(BATCH)
        last = 0
        while True:
            with self.connections.reading() as connection:
                rows = connection.execute(statement.where(self.table.c.id > last)).all()
            yield from (self.entity(*row) for row in rows)
            if len(rows) < BATCH:
                return
            last = rows[-1][position]

    def matches(self, id: int, version: int | None) -> list[ColumnElement[bool]]:
        """Return the clauses for one row at one version; ``NotFound`` for an id that no row can have."""
        check_version(version)
        if not check_id(id):
            raise self.not_found(id)
        clauses: list[ColumnElement[bool]] = [self.table.c.id == id]
        return clauses if version is None else [*clauses, self.table.c.version == version]

    def not_matched(
        self, connection: Connection, id: int, version: int | None
    ) -> NotFound | VersionConflict | TransactionConflict:
        """Return why a row was not written: it is not there, has another version, or another unit was in the way."""
        found = connection.scalar(select(self.table.c.version).where(self.table.c.id == id))
        if found is not None and version in (None, found):
            # MySQL writes by the newest row, and reads by the state at which the unit began.
            return TransactionConflict(f"{self.description.name} {id} was changed since the unit began: run it again")
        if found is None:
            return self.not_found(id)
        return VersionConflict(f"{self.description.name} {id} has version {found}, not {version}: read it again")

    def not_found(self, id: int) -> NotFound:
        """Return the error for an id that no row has."""
        return NotFound(f"there is no {self.description.name} with the id {id}")

    def put(self, rows: Sequence[Values], *, overwrite: bool) -> PutResult:
        """Put the rows in one transaction."""
        with self.connections.atomic() as connection:
            done = [self.put_batch(connection, batch, overwrite=overwrite) for batch in batched(rows)]
        return PutResult(*(sum(counts) for counts in zip(*map(astuple, done), strict=True)))

    def put_batch(self, connection: Connection, rows: Sequence[Values], *, overwrite: bool) -> PutResult:
        """Insert what is missing and update what is older; the rows read are locked until the end."""
        table = self.table
        ids = [values["id"] for values in rows]
        statement = select(table.c.id, table.c.version).where(table.c.id.in_(ids)).with_for_update()
        versions = {row.id: row.version for row in connection.execute(statement)}
        missing = [to_row(self.description, values) for values in rows if values["id"] not in versions]
        newer = [
            to_row(self.description, values)
            for values in rows
            if values["id"] in versions and (overwrite or values["version"] > versions[values["id"]])
        ]
        if missing:
            connection.execute(insert(table), missing)
        if newer:
            assignments: Values = {name: bindparam(f"new_{name}") for name in newer[0] if name != "id"}
            change = update(table).where(table.c.id == bindparam("new_id")).values(assignments)
            connection.execute(change, [{f"new_{name}": value for name, value in row.items()} for row in newer])
        return PutResult(len(missing), len(newer), len(rows) - len(missing) - len(newer))
