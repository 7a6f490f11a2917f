"""The largest entities that may be declared can be kept on every server."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, make_dataclass
from datetime import datetime
from typing import Annotated, Any

import pytest

from storage import Filter, Storage, open_storage
from storage.entity import KEY_FACTOR, Integer, Text, Timestamp, describe, search_key
from storage.entity.limits import INDEXED_CODE_POINTS, INDEXES, ROW
from storage.entity.sizes import page_bytes, row_bytes
from tests.probe_places import make_place

Kept = Callable[[type[Any]], AbstractContextManager[Storage]]

SEARCHABLE = INDEXED_CODE_POINTS // KEY_FACTOR
#: A code point of four bytes whose search key has three of them: nothing makes a longer one.
THREEFOLD = "\U0001d160"
LAST = "\U0010fffd"


@dataclass(frozen=True, slots=True)
class Longest:
    """Text as long as an index of any server takes."""

    title: Annotated[str | None, Text(SEARCHABLE, searchable=True, sortable=True)] = None
    code: Annotated[str | None, Text(INDEXED_CODE_POINTS, sortable=True, unique=True)] = None
    id: int | None = None
    version: int = 0


@dataclass(frozen=True, slots=True)
class Select:
    """Names that SQL, drivers, or statements of ours use for something else."""

    order: Annotated[str | None, Text(40, sortable=True, unique=True, searchable=True)] = None
    id_of_row: Annotated[int | None, Integer(0, 9, sortable=True)] = None
    at_version: Annotated[int | None, Integer(0, 9)] = None
    version_1: Annotated[int | None, Integer(0, 9)] = None
    after: Annotated[int | None, Integer(0, 9, sortable=True)] = None
    camelCase: Annotated[int | None, Integer(0, 9, sortable=True, unique=True)] = None  # noqa: N815
    id: int | None = None
    version: int = 0


def entity(name: str, fields: dict[str, Any]) -> type[Any]:
    """Return an entity with fields of those names and annotations."""
    identity = [("id", int | None, None), ("version", int, 0)]
    return make_dataclass(name, [*fields.items(), *identity], frozen=True, slots=True)


def largest(make: Callable[[int], type[Any]], high: int) -> int:
    """Return the largest number, below ``high``, of which an entity may be declared."""
    low = 1
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if may_be_declared(make, middle) else (low, middle - 1)
    return low


def may_be_declared(make: Callable[[int], type[Any]], number: int) -> bool:
    try:
        describe(make(number))
    except TypeError:
        return False
    return True


def wide(length: int) -> type[Any]:
    return entity("Wide", {"note": Annotated[str, Text(length)]})


def texts(number: int, length: int) -> type[Any]:
    return entity(f"Texts{length}", {f"text{place}": Annotated[str, Text(length)] for place in range(number)})


def numbers(number: int) -> type[Any]:
    rules = (Integer(0, 2**31 - 1), Integer(0, 2**63 - 1))
    return entity("Numbers", {f"number{place}": Annotated[int, rules[place % 2]] for place in range(number)})


@pytest.fixture
def kept(database_url: str) -> Kept:
    """``with kept(Entity) as storage`` opens a storage that has room for the entity."""

    @contextmanager
    def keep(entity: type[Any]) -> Iterator[Storage]:
        with open_storage(database_url, entities=[entity]) as storage:
            storage.migrations.upgrade()
            make_place(storage, entity)
            yield storage

    return keep


def incompressible(length: int, *, seed: int) -> str:
    """Return text of four bytes for each code point, in which nothing repeats."""
    chosen = random.Random(seed)
    return "".join(chr(chosen.randrange(0x20000, 0x2A6D0)) for _ in range(length))


def test_the_longest_indexed_text_is_stored_sorted_and_searched(kept: Kept) -> None:
    with kept(Longest) as storage:
        repository = storage.repository(Longest)
        titles = [incompressible(SEARCHABLE, seed=1), THREEFOLD * SEARCHABLE, LAST * SEARCHABLE]
        codes = [incompressible(INDEXED_CODE_POINTS, seed=2), "a" * INDEXED_CODE_POINTS, LAST * INDEXED_CODE_POINTS]
        pairs = zip(titles, codes, strict=True)
        added = [repository.add(Longest(title, code)) for title, code in pairs] + repository.add_many([Longest()])
        for name in ("title", "code"):
            ordered = sorted(added, key=lambda one: getattr(one, name) or "")
            assert repository.find(order_by=name).items == ordered
            assert repository.find(order_by=f"-{name}").items == ordered[::-1]
            assert page_by_page(storage, name) == ordered
        assert repository.find(Filter("title", "contains", titles[0][7:])).items == added[:1]
        assert repository.find(Filter("title", "starts_with", titles[1])).items == added[1:2]
        assert repository.find(Filter("code", "eq", codes[2])).items == added[2:3]


def page_by_page(storage: Storage, order_by: str) -> list[Longest]:
    found, cursor = [], None
    while True:
        page = storage.repository(Longest).find(order_by=order_by, limit=1, cursor=cursor)
        found += page.items
        cursor = page.next_cursor
        if cursor is None:
            return found


def test_a_search_key_is_three_times_as_long_at_most() -> None:
    assert len(search_key(THREEFOLD).encode()) == KEY_FACTOR * len(THREEFOLD.encode())


@pytest.mark.parametrize(
    ("make", "beyond"),
    [
        pytest.param(wide, 20_000, id="one long text"),
        pytest.param(lambda number: texts(number, 63), 50, id="texts that stay in the page"),
        pytest.param(lambda number: texts(number, 64), 250, id="texts that leave the page"),
        pytest.param(lambda number: texts(number, 1), 1000, id="short texts"),
        pytest.param(numbers, 1100, id="numbers"),
    ],
)
def test_the_widest_row_is_stored(kept: Kept, make: Callable[[int], type[Any]], beyond: int) -> None:
    number = largest(make, beyond)
    assert number < beyond
    widest = make(number)
    values = [
        incompressible(field.rule.max_length, seed=3) if isinstance(field.rule, Text) else field.rule.maximum
        for field in describe(widest).fields
    ]
    with kept(widest) as storage:
        repository = storage.repository(widest)
        added = repository.add(widest(*values))
        assert repository.get(added.id) == added
        assert repository.put_many([added], overwrite=True).replaced == 1


def test_as_many_indexes_as_may_be_declared_are_made(kept: Kept) -> None:
    fields = {f"number{place}": Annotated[int, Integer(0, 9, sortable=True)] for place in range(INDEXES - 1)}
    crowded = entity("Crowded", fields)
    with kept(crowded) as storage:
        added = storage.repository(crowded).add_many([crowded(*[number] * 63) for number in (2, 1)])
        assert storage.repository(crowded).find(order_by="number62").items == added[::-1]


def test_the_longest_names_are_taken(kept: Kept) -> None:
    name = "Length" + "y" * 24
    field = "f" * (63 - len(f"ix_{name}__key"))
    long = entity(name, {field: Annotated[str, Text(9, searchable=True, sortable=True, unique=True)]})
    with kept(long) as storage:
        repository = storage.repository(long)
        added = repository.add(long("Raptor"))
        assert repository.find(Filter(field, "contains", "RAP"), order_by=field).items == [added]


def test_names_that_sql_reserves_are_taken(kept: Kept) -> None:
    with kept(Select) as storage:
        repository = storage.repository(Select)
        first, second = repository.add_many([Select("b", 1, 2, 3, 4, 5), Select()])
        changed = repository.update(first.id, {"id_of_row": 7, "at_version": 8, "version_1": 9}, version=1)
        assert changed == Select("b", 7, 8, 9, 4, 5, id=first.id, version=2)
        assert repository.put_many([changed], overwrite=True).replaced == 1
        for name in ("order", "id_of_row", "after", "camelCase"):
            assert repository.find(order_by=name).items == [second, changed]
        assert repository.find(Filter("order", "contains", "B"), Filter("after", "ge", 4)).items == [changed]
        repository.delete(second.id, version=1)


def test_nothing_that_may_be_declared_is_wider_than_it_says() -> None:
    described = describe(entity("Three", {
        "note": Annotated[str | None, Text(1000)],
        "title": Annotated[str, Text(10, searchable=True)],
        "fired": Annotated[datetime, Timestamp()],
    }))  # fmt: skip
    assert row_bytes(described.rules) == 4002 + 41 + 121 + 3 * 8 + 1 <= ROW
    assert page_bytes(described.rules) == 42 + 48 + 128 + 3 * 8
