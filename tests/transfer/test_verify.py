"""Every planted fault is found, and nothing else is."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence

import pytest

from storage import ApiToken, Engine, Storage, open_storage
from tests.servers import KINDS
from tests.transfer.everything import verify
from tests.transfer.planting import CHANGES, ODD, SAME, change, lower_mark, remove, unlock
from tests.transfer.samples import FLIPPED, NOON, engines, flipped_pairs, random_rows

WHOLE = [Engine("Raptör", 7, NOON, 7, 1), Engine("Merlin", 9, None, 8, 1), Engine("Vulcain", 1, NOON, 9, 1)]


@pytest.fixture(scope="module")
def whole(make_database: Callable[[str], str]) -> Iterator[Storage]:
    """Three engines that nobody touches."""
    with open_storage(make_database("sqlite")) as storage:
        storage.migrations.upgrade()
        storage.engines.put_many(WHOLE)
        yield storage


@pytest.fixture(scope="module")
def unlocked(make_database: Callable[[str], str]) -> Iterator[dict[str, Storage]]:
    """A database of each kind that refuses nothing."""
    opened: dict[str, Storage] = {}
    for kind in KINDS:
        opened[kind] = open_storage(make_database(kind))
        opened[kind].migrations.upgrade()
        unlock(opened[kind])
    yield opened
    for storage in opened.values():
        storage.close()


@pytest.fixture
def faulty(kind: str, unlocked: dict[str, Storage]) -> Storage:
    """The same three engines, on a database of the kind, to be changed."""
    storage = unlocked[kind]
    for id in (7, 8, 9, 10):
        remove(storage, id)
    storage.engines.put_many(WHOLE)
    return storage


every_kind = pytest.mark.parametrize("kind", KINDS)


@every_kind
def test_equal_stores_are_equal(whole: Storage, faulty: Storage) -> None:
    assert verify(whole, faulty).plain() | {"entities": None} == {
        "equal": True, "entities": None, "marks": (), "named": [],
    }  # fmt: skip


@pytest.mark.parametrize(("field", "value"), CHANGES.values(), ids=CHANGES)
@every_kind
def test_a_changed_field_is_found_and_named(whole: Storage, faulty: Storage, field: str, value: object) -> None:
    change(faulty, 7, field, value)
    found = verify(whole, faulty)
    assert found.differing() == 1
    assert found.named()[0].startswith(f"engine 7: {field} is ")


@pytest.mark.parametrize(
    ("kind", "field", "value"),
    [pytest.param(kind, *odd, id=f"{kind}: {name}") for kind, all in ODD.items() for name, odd in all.items()],
)
def test_a_wrong_stored_type_is_found_in_its_row(whole: Storage, faulty: Storage, field: str, value: object) -> None:
    change(faulty, 7, field, value)
    found = verify(whole, faulty)
    assert found.differing() == 1
    assert found.named()[0].startswith("engine 7: ")


@pytest.mark.parametrize(("field", "value"), SAME.values(), ids=SAME)
@pytest.mark.parametrize("kind", ["mongodb"])
def test_what_means_the_same_is_no_difference(whole: Storage, faulty: Storage, field: str, value: object) -> None:
    change(faulty, 7, field, value)
    assert verify(whole, faulty).differing() == 0


@pytest.mark.parametrize("field", FLIPPED)
@every_kind
def test_each_flipped_bit_is_found(make_storage: Callable[..., Storage], kind: str, field: str) -> None:
    one, other, pairs = make_storage(), make_storage(kind), flipped_pairs(field)
    for storage in (one, other):
        storage.engines.put_many(row for row, _ in pairs)
    assert verify(one, other).differing() == 0
    other.engines.put_many((flipped for _, flipped in pairs), overwrite=True)
    found = verify(one, other)
    assert found.differing() == len(pairs) >= 32
    assert {name.partition(" is ")[0] for name in found.named()} == {f"engine {id}: {field}" for id in range(1, 21)}


@every_kind
def test_a_missing_row_is_found(whole: Storage, faulty: Storage) -> None:
    remove(faulty, 8)
    assert verify(whole, faulty).named() == ["engine 8: is missing on the right"]


@every_kind
def test_a_row_too_many_is_found(whole: Storage, faulty: Storage) -> None:
    faulty.engines.put_many([Engine("Aestus", id=10, version=1)])
    assert verify(whole, faulty).named() == ["engine 10: is missing on the left"]


@every_kind
def test_two_rows_that_were_swapped_are_found(whole: Storage, faulty: Storage) -> None:
    change(faulty, 7, "thrust", 9)
    change(faulty, 8, "thrust", 7)
    assert verify(whole, faulty).differing() == 2


@every_kind
def test_a_mark_that_is_too_low_is_found(whole: Storage, faulty: Storage) -> None:
    lower_mark(faulty, 8)
    found = verify(whole, faulty)
    lower_mark(faulty, 9)
    assert found.marks == ("engine: the high-water mark is 8, below 9: ids could be given out again",)


def test_an_unreadable_row_hides_no_other(source: Storage, destination: Storage) -> None:
    source.engines.put_many(engines(1100))
    destination.engines.put_many(engines(1100))
    for id in (1, 600, 602, 1100):
        change(destination, id, "last_fired", "yesterday")
    found = verify(source, destination)
    assert [name.partition(":")[0] for name in found.named()] == [f"engine {id}" for id in (1, 600, 602, 1100)]


@pytest.mark.parametrize(
    ("moment", "named"), [("tomorrow", "cannot be read on either side"), ("yesterday", "unreadable is ")]
)
def test_two_unreadable_rows_are_never_equal(source: Storage, destination: Storage, moment: str, named: str) -> None:
    """Not where their reasons are the same either: nobody has seen the rest of their values."""
    source.engines.put_many([Engine("Raptor", id=7, version=1)])
    destination.engines.put_many([Engine("Merlin", id=7, version=1)])
    change(source, 7, "last_fired", moment)
    change(destination, 7, "last_fired", "tomorrow")
    found = verify(source, destination)
    assert (found.differing(), found.plain()["equal"]) == (1, False)
    assert found.named()[0].startswith(f"engine 7: {named}")


def test_a_row_without_a_proper_id_is_named(source: Storage, destination: Storage) -> None:
    destination.engines.put_many(engines(2))
    change(destination, 2, "id", "two")
    with pytest.raises(Exception, match="with the id 'two', a str"):
        verify(source, destination)


def test_the_first_twenty_differences_are_named_and_all_are_counted(source: Storage, destination: Storage) -> None:
    source.engines.put_many(engines(30))
    found = verify(source, destination)
    assert (found.differing() - len(found.marks), len(found.named())) == (30, 20)
    assert len(found.comparisons[0].named) == 20


def test_rows_and_differences_are_counted_on_each_side(source: Storage, destination: Storage) -> None:
    source.engines.put_many(engines(5))
    destination.engines.put_many(engines(4, first=3))
    destination.engines.update(5, {"thrust": 99})
    compared = verify(source, destination).comparisons[0]
    assert (compared.left, compared.right, compared.differing) == (5, 4, 4)


def test_there_is_no_false_alarm_on_a_thousand_equal_stores(installed: None, destination: Storage) -> None:
    numbers = random.Random(seed := random.randrange(2**32))
    for number in range(1000):
        rows = random_rows(numbers)
        with open_storage("memory://") as memory:
            memory.migrations.upgrade()
            put_all(memory, rows)
            put_all(destination, numbers.sample(rows, len(rows)))
            found = verify(memory, destination)
            assert (found.named(), found.rows()) == ([], len(rows)), f"seed {seed}, number {number}"
        for row in rows:
            destination.repository(type(row)).delete(row.id)


def put_all(storage: Storage, rows: Sequence[Engine | ApiToken]) -> None:
    """Store rows of both entities."""
    for kind in (Engine, ApiToken):
        storage.repository(kind).put_many(row for row in rows if isinstance(row, kind))
