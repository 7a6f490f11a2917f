"""The repository on SQLAlchemy Core: one class for every entity and every SQL engine."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import astuple
from typing import Any, TypeVar

from storage.batches import BATCH, batched, rows_within
from storage.entity import (
    LARGEST_ID,
    Columns,
    Description,
    Values,
    check_id,
    check_version,
    columns_of,
    height,
    picked,
    sliced,
)
from storage.errors import AlreadyExists, Invalid, NotFound, TransactionConflict, VersionConflict
from storage.query import Condition, Filter, Page, Position, Query, Segment, checked_filters, checked_query
from storage.repository import PutResult, Repository
from storage.retry import again
from storage.sql.compiled import Statement
from storage.sql.connection import Line, Rows
from storage.sql.duplicates import Naming
from storage.sql.executor import Connections
from storage.sql.mapping import to_columns, to_row
from storage.sql.names import AT_VERSION, ID_OF_ROW
from storage.sql.postgresql_copy import WORTH_A_TABLE, can_copy
from storage.sql.query import condition_values, page_shape, page_values, shape_of
from storage.sql.statements import Statements

E = TypeVar("E")
W = TypeVar("W", int, Rows)

#: How many rows a driver is given at once at most.
ROWS = 10 * BATCH
#: How often ``put_many`` runs its transaction at most.
PUTS = 5


class SqlRepository(Repository[E]):
    """See ``Repository`` for what each method promises."""

    def __init__(self, description: Description[E], statements: Statements, connections: Connections) -> None:
        self.description = description
        self.statements = statements
        self.connections = connections
        self.ids = statements.ids
        self.batch = rows_within(description.widest_row)

    def add(self, entity: E) -> E:
        """Insert one row; PostgreSQL takes the id from its sequence in the same statement."""
        values = self.description.new_values(entity) | {"version": 1}
        if self.statements.dialect.sequences:
            statement, row = self.statements.insert_numbered, to_row(self.description, values)
            ((values["id"],),) = self.connections.write(lambda line: self.write_rows(line, statement, row))
            return self.description.entity(values)
        with self.connections.atomic() as line:
            (values["id"],) = self.ids.take(line, 1)
            with self.naming(line, columns_of(values)):
                line.change(self.statements.insert, to_row(self.description, values))
        return self.description.entity(values)

    def add_many(self, entities: Iterable[E]) -> list[E]:
        """Insert the rows in one transaction."""
        new = list(entities)
        if not new:
            return []
        columns = self.description.new_columns(new)
        with self.connections.atomic() as line:
            columns["id"] = self.ids.take(line, len(new))
            with self.naming(line, columns):
                self.insert(line, columns)
        return self.description.entities(columns)

    def get(self, id: int) -> E:
        """Select one row by its id."""
        if check_id(id):
            rows = self.connections.read(self.statements.get, {"id": id})
            if rows:
                return self.statements.entities(rows)[0]  # type: ignore[no-any-return]
        raise self.not_found(id)

    def get_many(self, ids: Iterable[int]) -> list[E]:
        """Select the rows in batches, each id once."""
        wanted = list(dict.fromkeys(id for id in ids if check_id(id)))
        found: dict[int, E] = {}
        for batch in batched(wanted, self.batch):
            found |= self.by_id([Condition("id", "in", batch)])
        return [found[id] for id in wanted if id in found]

    def find(self, *filters: Filter, order_by: str = "id", limit: int = 50, cursor: str | None = None) -> Page[E]:
        """Select one page, a nullable order in two ranges."""
        return checked_query(self.description, filters, order_by, limit, cursor).page(self.read)

    def count(self, *filters: Filter) -> int:
        """Count the rows."""
        conditions = checked_filters(self.description, filters)
        statement = self.statements.count(shape_of(conditions))
        ((number,),) = self.connections.read(statement, dict(condition_values(conditions)))
        return int(number)

    def scan(self, *filters: Filter) -> Iterator[E]:
        """Read the rows in batches by id, so that no statement and no connection is held between them."""
        return self.walk(checked_query(self.description, filters, "id", BATCH, None))

    def update(self, id: int, changes: Mapping[str, object], version: int | None = None) -> E:
        """Update one row in one statement; MySQL needs a second to see what it wrote."""
        values = to_row(self.description, self.description.changed_values(changes))
        statement = self.statements.update(tuple(sorted(values)), version is not None)
        values |= self.matching(id, version)
        if self.statements.dialect.update_returning:
            rows = self.connections.write(
                lambda line: self.matched(self.write_rows(line, statement, values), line, id, version)
            )
        else:
            with self.connections.atomic() as line:
                with self.naming(line, columns_of(values)):
                    written = line.change(statement, values)
                self.matched(written, line, id, version)
                rows = line.rows(self.statements.get, {"id": id})
        return self.statements.entities(rows)[0]  # type: ignore[no-any-return]

    def delete(self, id: int, version: int | None = None) -> None:
        """Delete one row in one statement."""
        statement, values = self.statements.delete(version is not None), self.matching(id, version)
        self.connections.write(lambda line: self.matched(line.change(statement, values), line, id, version))

    def put_many(self, entities: Iterable[E], overwrite: bool = False) -> PutResult:
        """Raise the mark, then insert and update in id order, in one transaction that is run again on a conflict."""
        self.connections.refuse_in_unit("put_many")
        given = list(entities)
        if not given:
            return PutResult(0, 0, 0)
        columns = self.description.stored_columns(given)
        # The mark first, and by itself: others who add wait for whoever raises it.
        with self.connections.atomic() as line:
            self.ids.raise_to(line, columns["id"][-1])
        # Two who put the same new id at the same moment: the second finds it the next time.
        return again(lambda: self.put(columns, overwrite=overwrite), TransactionConflict, AlreadyExists, attempts=PUTS)

    def last_id(self) -> int:
        """Read the high-water mark."""
        with self.connections.reading() as line:
            return self.ids.last(line)

    def reserve_ids(self, up_to: int) -> None:
        """Raise the high-water mark."""
        self.connections.refuse_in_unit("reserve_ids")
        if not check_id(up_to) and up_to != 0:
            raise Invalid({"up_to": f"must be from 0 to {LARGEST_ID}"})
        with self.connections.atomic() as line:
            self.ids.raise_to(line, up_to)

    def insert(self, line: Line, columns: Columns) -> None:
        """Insert new rows that have their ids."""
        complete = to_columns(self.description, columns)
        if self.statements.dialect.sequences and can_copy(line):
            self.statements.copying.insert(line, complete)
        else:
            for some in sliced(complete, rows_within(self.description.widest_row, ROWS)):
                line.change_many(self.statements.insert, some)

    def naming(self, line: Line, columns: Columns) -> Naming:
        """Surround the writing of rows: its errors name the entity, and the fields that are taken."""
        return Naming(self.statements.duplicates, line, columns, self.connections.storage.faults)

    def write_rows(self, line: Line, statement: Statement, values: Values) -> Rows:
        """Write one row and return what the statement says of it."""
        with self.naming(line, columns_of(values)):
            return line.rows(statement, values)

    def read(self, segment: Segment, number: int) -> list[E]:
        """Read at most ``number`` rows of a segment."""
        statement = self.statements.page(page_shape(segment, number))
        return self.statements.entities(self.connections.read(statement, page_values(segment)))

    def by_id(self, conditions: Sequence[Condition]) -> dict[int, E]:
        """Return the entities that conditions hold for, by id."""
        rows = self.connections.read(self.statements.listed(shape_of(conditions)), dict(condition_values(conditions)))
        place = self.statements.position_of_id
        return {row[place]: entity for row, entity in zip(rows, self.statements.entities(rows), strict=True)}

    def walk(self, query: Query[E]) -> Iterator[E]:
        """Yield the rows of a query page by page, to its end."""
        (segment,) = query.segments()
        while True:
            entities: list[Any] = self.read(segment, self.batch)
            yield from entities
            if len(entities) < self.batch:
                return
            last = entities[-1].id
            segment = Segment(query.conditions, query.order, None, Position(last, last))

    def matching(self, id: int, version: int | None) -> Values:
        """Return the values for one row at one version; ``NotFound`` for an id that no row can have."""
        check_version(version)
        if not check_id(id):
            raise self.not_found(id)
        return {ID_OF_ROW: id} if version is None else {ID_OF_ROW: id, AT_VERSION: version}

    def matched(self, written: W, line: Line, id: int, version: int | None) -> W:
        """Return what was written, rows or their number; raise why if it is nothing."""
        if not written:
            raise self.not_matched(line, id, version)
        return written

    def not_matched(self, line: Line, id: int, version: int | None) -> NotFound | VersionConflict | TransactionConflict:
        """Return why a row was not written: it is not there, has another version, or another unit was in the way."""
        row = line.one(self.statements.version, {"id": id})
        if row is None:
            return self.not_found(id)
        (found,) = row
        if version in (None, found):
            # MySQL writes by the newest row, and reads by the state at which the unit began.
            return TransactionConflict(f"{self.description.name} {id} was changed since the unit began: run it again")
        return VersionConflict(f"{self.description.name} {id} has version {found}, not {version}: read it again")

    def not_found(self, id: int) -> NotFound:
        """Return the error for an id that no row has."""
        return NotFound(f"there is no {self.description.name} with the id {id}")

    def put(self, columns: Columns, *, overwrite: bool) -> PutResult:
        """Put the rows in one transaction."""
        complete = to_columns(self.description, columns)
        with self.connections.atomic() as line:
            if self.statements.dialect.sequences and height(complete) >= WORTH_A_TABLE and can_copy(line):
                with self.naming(line, columns):
                    return self.statements.copying.put(line, complete, overwrite=overwrite)
            done = [self.put_batch(line, batch, overwrite=overwrite) for batch in sliced(complete, self.batch)]
        return PutResult(*(sum(counts) for counts in zip(*map(astuple, done), strict=True)))

    def put_batch(self, line: Line, columns: Columns, *, overwrite: bool) -> PutResult:
        """Insert what is missing and update what is older; the rows read are locked until the end."""
        wanted = [Condition("id", "in", columns["id"])]
        versions: dict[int, int] = dict(
            line.rows(self.statements.lock(shape_of(wanted)), dict(condition_values(wanted)))  # type: ignore[arg-type]
        )
        given = list(enumerate(zip(columns["id"], columns["version"], strict=True)))
        missing = [place for place, (id, _) in given if id not in versions]
        newer = [place for place, (id, version) in given if id in versions and (overwrite or version > versions[id])]
        if missing:
            new = picked(columns, missing)
            with self.naming(line, new):
                line.change_many(self.statements.insert, new)
        if newer:
            changed = picked(columns, newer)
            changed[ID_OF_ROW] = changed.pop("id")
            with self.naming(line, changed):
                line.change_many(self.statements.replace, changed)
        return PutResult(len(missing), len(newer), len(given) - len(missing) - len(newer))
