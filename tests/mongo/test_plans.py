"""Each order and the prefix search are read from their index, where the server has a planner: a ``mongod``."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from storage import Engine, Filter, open_storage
from storage.mongo.query import ordering, page, where
from storage.query import checked_filters, checked_query

FIRED = datetime(2026, 1, 1, tzinfo=UTC)
LIMIT = 10


@pytest.fixture(scope="module")
def planned(servers, make_database) -> Iterator[Any]:
    """A storage with enough rows that a planner has something to choose."""
    if servers["mongodb"].product == "SecantusDB":
        pytest.skip("SecantusDB reads the whole collection for an order: put a mongod on the path")
    with open_storage(make_database("mongodb")) as storage:
        storage.migrations.upgrade()
        storage.engines.add_many(
            Engine(f"Engine {n * 7919 % 2000}", n % 40, FIRED + timedelta(minutes=n) if n % 3 else None)
            for n in range(2000)
        )
        yield storage


def stages(plan: Any) -> set[str]:
    """Return the names of all stages of a plan."""
    found = {plan["stage"]} if isinstance(plan, dict) and "stage" in plan else set()
    parts = plan.values() if isinstance(plan, dict) else plan if isinstance(plan, list) else ()
    return found.union(*map(stages, parts))


@pytest.mark.parametrize("direction", ["", "-"], ids=["ascending", "descending"])
@pytest.mark.parametrize("column", ["id", "title", "thrust", "last_fired"])
def test_every_page_of_an_order_is_read_from_its_index(planned, column, direction):
    asked = {"order_by": direction + column, "limit": LIMIT}
    for cursor in (None, planned.engines.find(**asked).next_cursor):
        query = checked_query(planned.description(Engine), (), cursor=cursor, **asked)
        for segment in query.segments():
            found = planned.pool.work.collection("engine").find(page(segment), sort=ordering(segment.order))
            assert stages(found.limit(LIMIT).explain()["queryPlanner"]["winningPlan"]).isdisjoint({"SORT", "COLLSCAN"})


def test_a_prefix_is_read_from_its_index(planned):
    conditions = checked_filters(planned.description(Engine), [Filter("title", "starts_with", "engine 19")])
    plan = planned.pool.work.collection("engine").find(where(conditions)).explain()["queryPlanner"]["winningPlan"]
    assert "COLLSCAN" not in stages(plan)
