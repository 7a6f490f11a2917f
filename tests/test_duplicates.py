"""The fields of a value that is taken are named, on every server and whatever their types are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Annotated, Any

import pytest
from sqlalchemy import event, text

from storage import AlreadyExists, Repository, Storage, open_storage
from storage.entity import Integer, Text, Timestamp
from storage.mongo import MongoStorage
from storage.sql import SqlStorage
from tests.conftest import MakeDatabase
from tests.probe_places import make_place


@dataclass(frozen=True, slots=True)
class Beacon:
    """An entity with unique fields of each type."""

    name: Annotated[str | None, Text(20, unique=True)] = None
    channel: Annotated[int | None, Integer(-5, 5, unique=True)] = None
    lit_at: Annotated[datetime | None, Timestamp(unique=True)] = None
    note: Annotated[str | None, Text(20)] = None
    id: int | None = None
    version: int = 0


FIRST = Beacon("a", -5, datetime(1000, 1, 1, tzinfo=UTC), "the first")
FREE = Beacon("b", 5, datetime(2026, 1, 1, tzinfo=UTC), "another")


@pytest.fixture(scope="module")
def storage(database_url: str) -> Iterator[Storage]:
    """A storage that has room for beacons."""
    with open_storage(database_url, entities=[Beacon]) as opened:
        opened.migrations.upgrade()
        make_place(opened, Beacon)
        yield opened


@pytest.fixture
def beacons(storage: Storage) -> Iterator[Repository[Beacon]]:
    """The repository of beacons, empty."""
    repository = storage.repository(Beacon)
    yield repository
    for one in list(repository.scan()):
        repository.delete(one.id)


def named(call: Any, *arguments: Any) -> tuple[str, ...]:
    """Return the fields that the failure of a call names."""
    with pytest.raises(AlreadyExists) as raised:
        call(*arguments)
    return raised.value.fields


@pytest.mark.parametrize("field", ["name", "channel", "lit_at"])
def test_each_unique_field_is_told_from_the_others(beacons: Repository[Beacon], field: str) -> None:
    """3.7 By every method that writes."""
    first, other = beacons.add_many([FIRST, Beacon("c", 4)])
    taken = {field: getattr(FIRST, field)}
    new = replace(FREE, **taken)
    assert named(beacons.add, new) == (field,)
    assert named(beacons.add_many, [Beacon(), Beacon("d"), new]) == (field,)
    assert named(beacons.update, other.id, taken) == (field,)
    assert named(beacons.update, other.id, {"note": "more", **taken}, 1) == (field,)
    assert named(beacons.put_many, [replace(new, id=other.id + 9, version=1)]) == (field,)
    assert named(beacons.put_many, [replace(new, id=other.id, version=9)]) == (field,)
    swapped = [replace(other, name="a", version=9), replace(first, name="c", version=9)]
    assert named(beacons.put_many, swapped) == ("name",)


def lower_mark(storage: Storage) -> None:
    """Have the next id be 1, past storage."""
    match storage:
        case MongoStorage():
            storage.pool.work.collection("engine_room_ids").update_one({"_id": "beacon"}, {"$set": {"last_id": 0}})
        case SqlStorage():
            lower = "UPDATE engine_room_ids SET last_id = 0 WHERE entity = 'beacon'"
            if storage.backend == "postgresql":
                lower = "SELECT setval('beacon_id_seq', 1, false)"
            with storage.engine.begin() as connection:
                connection.execute(text(lower))


def test_an_id_that_is_taken_is_named(storage: Storage, beacons: Repository[Beacon]) -> None:
    """3.7 By one and by many."""
    beacons.put_many([replace(FIRST, id=1, version=1), replace(Beacon(), id=2, version=1)])
    lower_mark(storage)
    assert named(beacons.add, FREE) == ("id",)
    lower_mark(storage)
    assert named(beacons.add_many, [FREE, Beacon()]) == ("id",)
    beacons.reserve_ids(2)


def test_a_row_that_is_gone_meanwhile_leaves_no_name(make_database: MakeDatabase) -> None:
    """3.7 Where the error itself does not say."""
    url = make_database("sqlite")
    with open_storage(url, entities=[Beacon]) as storage, open_storage(url, entities=[Beacon]) as others:
        assert isinstance(storage, SqlStorage)
        storage.migrations.upgrade()
        make_place(storage, Beacon)
        beacons = storage.repository(Beacon)
        first, second = beacons.add_many([FIRST, Beacon()])
        event.listen(storage.engine, "handle_error", lambda _: others.repository(Beacon).delete(first.id))
        with pytest.raises(AlreadyExists, match="another beacon has that value of a unique field") as raised:
            beacons.update(second.id, {"name": FIRST.name})
        assert raised.value.fields == ()
        assert beacons.update(second.id, {"name": FIRST.name}).version == 2
