"""Growth: what the last page of many rows costs against the first, for each order; then searches and filters."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

from benchmarks.calls import analyze
from benchmarks.goals import MARIADB, MONGODB, POSTGRESQL, SQLITE
from benchmarks.places import Places
from benchmarks.results import Row
from benchmarks.rounds import Call, cost, race
from benchmarks.samples import FIRED, check_same, engines
from benchmarks.scanning import scan_in_child
from benchmarks.sizes import MONGO_SHARE, Sizes
from storage import Engine, Filter, Storage
from storage.query import Position, write_cursor
from storage.query.paging import checked_order, scope

PAGE = 100
#: More in one transaction would take MongoDB's stand-in longer than a statement may.
AT_ONCE = 10_000
FIRST, LAST = "first page", "last page"


def measure(places: Places, sizes: Sizes) -> Iterator[Row]:
    """Yield the rows of each place."""
    for place in (POSTGRESQL, SQLITE, MARIADB):
        with places.storage(place) as storage:
            fill(storage, sizes.growth)
            yield from orders(place, storage, sizes)
            yield from questions(place, storage, sizes)
            yield scan_in_child(place, storage, sizes.growth)
    with places.storage(MONGODB) as storage:
        number = sizes.growth if places.is_quick(MONGODB) else sizes.growth // MONGO_SHARE
        fill(storage, number)
        if places.has_planner(MONGODB):
            yield from orders(MONGODB, storage, sizes)
        yield scan_in_child(MONGODB, storage, number)


def fill(storage: Storage, number: int) -> None:
    """Store that many engines, and have the planner know them."""
    new = engines(number)
    for start in range(0, number, AT_ONCE):
        storage.engines.add_many(new[start : start + AT_ONCE])
    analyze(storage)


def orders(place: str, storage: Storage, sizes: Sizes) -> Iterator[Row]:
    """Yield the last page against the first of each order."""
    for field in ("id", "title", "thrust", "last_fired"):
        for order_by in (field, f"-{field}"):
            cursor = cursor_of_last_page(storage, order_by)
            find = partial(storage.engines.find, order_by=order_by, limit=PAGE)
            check_last_page(storage, order_by, find(cursor=cursor).items)
            times = race({FIRST: find, LAST: partial(find, cursor=cursor)}, sizes)
            yield cost(place, f"{LAST} by {order_by}", FIRST, times[LAST], times[FIRST])


def turned(order_by: str) -> str:
    """Return the order in the other direction."""
    return order_by[1:] if order_by.startswith("-") else f"-{order_by}"


def cursor_of_last_page(storage: Storage, order_by: str) -> str:
    """Return the cursor that walking through all pages would end with."""
    before: Any = storage.engines.find(order_by=turned(order_by), limit=PAGE + 1).items[-1]
    description = storage.description(Engine)
    order = checked_order(description, order_by)
    return write_cursor(Position(getattr(before, order.column), before.id), *scope(description, (), order))


def check_last_page(storage: Storage, order_by: str, items: list[Engine]) -> None:
    """Raise unless it is the first page of the other direction, turned around."""
    check_same(order_by, storage.engines.find(order_by=turned(order_by), limit=PAGE).items[::-1], items, LAST)


def questions(place: str, storage: Storage, sizes: Sizes) -> Iterator[Row]:
    """Yield what searches, filters and counts cost against the first page by id; no goal but to be known."""
    find, count = storage.engines.find, storage.engines.count
    starts, contains = partial(Filter, "title", "starts_with"), partial(Filter, "title", "contains")
    some = Filter("thrust", "eq", 250)
    early = Filter("last_fired", "lt", FIRED + timedelta(seconds=sizes.growth // 5))
    never = Filter("last_fired", "is_null", True)
    asked: dict[str, Call] = {
        "prefix, page by title": partial(find, starts("engine 00001"), order_by="title", limit=PAGE),
        "prefix, page by id": partial(find, starts("engine 00001"), limit=PAGE),
        "prefix, count": partial(count, starts("engine 00001")),
        "contains, found nowhere": partial(find, contains("raptor"), limit=PAGE),
        "contains, matches every row": partial(find, contains("ngin"), limit=PAGE),
        "one thrust of 500, page by title": partial(find, some, order_by="title", limit=PAGE),
        "a fifth by last_fired, page by title": partial(find, early, order_by="title", limit=PAGE),
        "never fired, page by title": partial(find, never, order_by="title", limit=PAGE),
        "never fired, page by last_fired": partial(find, never, order_by="-last_fired", limit=PAGE),
        "count of all": count,
    }
    first = partial(find, limit=PAGE)
    for work, call in asked.items():
        times = race_slowly({FIRST: first, work: call}, sizes)
        yield cost(place, work, f"{FIRST} by id", times[work], times[FIRST])


def race_slowly(sides: dict[str, Call], sizes: Sizes) -> Any:
    """Race in fewer rounds: some of this takes a good part of a second."""
    return race(sides, replace(sizes, rounds=min(7, sizes.rounds)), warm_up=1)
