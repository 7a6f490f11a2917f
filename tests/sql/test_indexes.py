"""Each order that can be asked for is read from its index, first page and later ones, so no page costs a sort."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, event

from storage import Engine, Filter, Storage, open_storage
from storage.query import Position, write_cursor
from storage.query.paging import checked_order, scope
from tests.servers import SQL_KINDS

FIRED = datetime(2026, 1, 1, tzinfo=UTC)
LIMIT = 10
#: How the servers are asked for a plan as rows: MySQL has become used to show a tree.
EXPLAIN = {"sqlite": "EXPLAIN QUERY PLAN", "postgresql": "EXPLAIN", "mysql": "EXPLAIN FORMAT=TRADITIONAL"}
ROWS = 20_000


@pytest.fixture(scope="module", params=SQL_KINDS)
def storage(request, make_database) -> Iterator[Storage]:
    """A storage with enough rows that a planner has something to choose."""
    with open_storage(make_database(request.param)) as opened:
        opened.migrations.upgrade()
        opened.engines.add_many(
            Engine(f"Engine {n * 7919 % ROWS}", n % 400, FIRED + timedelta(minutes=n) if n % 3 else None)
            for n in range(ROWS)
        )
        with opened.engine.connect() as connection:
            connection.exec_driver_sql("ANALYZE TABLE engine" if opened.backend == "mysql" else "ANALYZE")
        yield opened


def plans(storage: Storage, ask: Callable[..., Any], *filters: Filter, **asked: Any) -> list[str]:
    """Return the plan of each statement that a question runs, as the engine explains it."""
    statements: list[tuple[str, Any]] = []

    def note(_connection: Connection, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        statements.append((statement, parameters))

    event.listen(storage.engine, "before_cursor_execute", note)
    try:
        ask(*filters, **asked)
    finally:
        event.remove(storage.engine, "before_cursor_execute", note)
    explain = EXPLAIN[storage.backend]
    with storage.engine.connect() as connection:
        return [
            "\n".join(str(tuple(row)) for row in connection.exec_driver_sql(f"{explain} {statement}", parameters))
            for statement, parameters in statements
        ]


def cursor_behind(storage: Storage, engine: Engine, order_by: str) -> str:
    """Return the cursor of a page that ended with an engine."""
    description = storage.description(Engine)
    order = checked_order(description, order_by)
    return write_cursor(Position(getattr(engine, order.column), engine.id), *scope(description, (), order))


def seeks(storage: Storage, plan: str) -> bool:
    """Return whether the plan goes to a place in an index, and does not read it from its start."""
    if storage.backend == "postgresql":
        return "Index Cond" in plan
    if storage.backend == "sqlite":
        return "SEARCH" in plan
    return any(f"'{kind}'" in plan for kind in ("range", "ref"))


def sorts(plan: str) -> bool:
    """Return whether the plan puts rows into order by itself."""
    return any(sign in plan for sign in ("Sort", "filesort", "TEMP B-TREE"))


@pytest.mark.parametrize("direction", ["", "-"], ids=["ascending", "descending"])
@pytest.mark.parametrize("column", ["title", "thrust", "last_fired"])
def test_every_page_of_an_order_is_read_from_its_index(storage, column, direction):
    cursor, pages = None, 0
    while pages < 3:
        asked = {"order_by": direction + column, "limit": LIMIT, "cursor": cursor}
        for plan in plans(storage, storage.engines.find, **asked):
            assert f"ix_engine_{column}" in plan
            assert not sorts(plan)
        cursor = storage.engines.find(**asked).next_cursor
        pages += 1


@pytest.mark.parametrize("direction", ["", "-"], ids=["ascending", "descending"])
def test_the_page_where_nulls_and_values_meet_is_read_from_the_index(storage, direction):
    order = direction + "last_fired"
    border = storage.engines.count(Filter("last_fired", "is_null", direction == ""))
    cursor, read = None, 0
    while border - read >= LIMIT:
        page = storage.engines.find(order_by=order, limit=min(1000, border - read - 1), cursor=cursor)
        cursor, read = page.next_cursor, read + len(page.items)
    found = plans(storage, storage.engines.find, order_by=order, limit=LIMIT, cursor=cursor)
    assert len(found) == 2
    assert not any(sorts(plan) for plan in found)


def test_the_order_by_id_is_read_from_the_primary_key(storage):
    cursor = storage.engines.find(limit=LIMIT).next_cursor
    for plan in plans(storage, storage.engines.find, limit=LIMIT, cursor=cursor):
        assert not sorts(plan)


@pytest.mark.parametrize("direction", ["", "-"], ids=["ascending", "descending"])
@pytest.mark.parametrize("column", ["id", "title", "thrust", "last_fired"])
def test_the_last_page_is_found_in_the_index_and_not_by_reading_up_to_it(storage, column, direction):
    back = column if direction else f"-{column}"
    before = storage.engines.find(order_by=back, limit=LIMIT + 1).items[-1]
    cursor = cursor_behind(storage, before, direction + column)
    for plan in plans(storage, storage.engines.find, order_by=direction + column, limit=LIMIT, cursor=cursor):
        # The few rows that are left may be put into order by themselves.
        assert seeks(storage, plan)
    last = storage.engines.find(order_by=direction + column, limit=LIMIT, cursor=cursor)
    assert last.next_cursor is None
    assert len(last.items) == LIMIT


def test_a_prefix_in_the_order_of_titles_is_read_in_part_alone(storage):
    found = plans(storage, storage.engines.find, Filter("title", "starts_with", "engine 399"), limit=LIMIT)
    assert all("ix_engine_title_key" in plan for plan in found)


def test_a_prefix_is_counted_by_its_index(storage):
    (plan,) = plans(storage, storage.engines.count, Filter("title", "starts_with", "engine 399"))
    assert "ix_engine_title_key" in plan


def test_a_narrow_filter_is_read_from_its_index(storage):
    (plan,) = plans(storage, storage.engines.find, Filter("title", "eq", "Engine 17"), limit=LIMIT)
    assert "ix_engine_title" in plan
