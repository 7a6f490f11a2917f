"""What the database itself refuses, written past our repository; and indexes that follow from a description."""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import Annotated

import pytest
from bson import Int64
from bson.datetime_ms import DatetimeMS
from pymongo.errors import WriteError

from storage import AlreadyExists, Engine, SchemaOutOfDate, open_storage
from storage.entity import Integer, Text, Timestamp, describe
from storage.mongo.schema import VALIDATION, indexes, validator
from tests.mongo.doubles import make_counter, make_indexes

RIGHT = {"_id": 5, "title": "Raptor", "title_key": "raptor", "thrust": 0, "last_fired": None, "version": 1}


class Absent(Enum):
    """In the place of a value: the field is not there at all."""

    ABSENT = "absent"


ABSENT = Absent.ABSENT
REFUSED = 121

WRONG = {
    "_id": [0, -1, 1.0, "1"],
    "title": [None, ABSENT, "", "x" * 129, " Raptor", "Raptor ", "a\nb", "Raptor\n", "a\x7fb", "a\x85b", "a\x00b", 7],
    "title_key": [None, ABSENT, "", "x" * 385, 7],
    "thrust": [None, ABSENT, 2**31, -(2**31) - 1, 1.0, "1", True],
    "last_fired": [ABSENT, datetime(999, 12, 31, 23, 59, 59, 999000), "2024-02-29", 0],
    "version": [None, ABSENT, 0, 1.0, "1"],
    "maker": ["SpaceX"],
}
AT_THE_LIMIT = {
    "_id": [1, Int64(1), 2**63 - 1],
    "title": ["x", "x" * 128, "\U0001f680" * 128, "a b", "\u3000"],
    "title_key": ["x" * 384],
    "thrust": [2**31 - 1, -(2**31), Int64(0)],
    "last_fired": [datetime(1000, 1, 1), datetime(9999, 12, 31, 23, 59, 59, 999000)],
    "version": [2**63 - 1, Int64(1)],
}


def document(field, value):
    """Return a document that is right but for one field."""
    return {name: one for name, one in {**RIGHT, field: value}.items() if one is not ABSENT}


@pytest.fixture(scope="module")
def engines(make_database):
    """The collection of the newest revision as the driver sees it."""
    with open_storage(make_database("mongodb")) as storage:
        storage.migrations.upgrade()
        yield storage.pool.work.collection("engine")


@pytest.mark.parametrize(("field", "value"), [(f, value) for f in WRONG for value in WRONG[f]], ids=repr)
def test_the_database_refuses_a_value_that_breaks_a_rule(engines, field, value):
    with pytest.raises(WriteError) as raised:
        engines.insert_one(document(field, value))
    assert raised.value.code == REFUSED


def test_the_database_refuses_a_moment_beyond_the_year_9999(engines, stand_in_fails):
    stand_in_fails("it cannot keep a moment that Python's datetime cannot hold")
    with pytest.raises(WriteError) as raised:
        engines.insert_one(document("last_fired", DatetimeMS(253_402_300_800_000)))
    assert raised.value.code == REFUSED


@pytest.mark.parametrize(("field", "value"), [(f, value) for f in AT_THE_LIMIT for value in AT_THE_LIMIT[f]], ids=repr)
def test_the_database_takes_what_is_at_the_limit(engines, field, value):
    id = engines.insert_one(document(field, value)).inserted_id
    assert engines.delete_one({"_id": id}).deleted_count == 1


def test_every_order_and_the_search_have_an_index_that_ends_with_the_id():
    assert {index.name: index.keys for index in indexes(describe(Engine))} == {
        "ix_engine_title": ("title", "_id"),
        "ix_engine_title_key": ("title_key", "_id"),
        "ix_engine_thrust": ("thrust", "_id"),
        "ix_engine_last_fired": ("last_fired", "_id"),
    }


def test_a_storage_without_its_counter_is_out_of_date(unmigrated, database):
    unmigrated.migrations.upgrade()
    database["engine_room_ids"].delete_many({})
    calls = (
        unmigrated.engines.last_id,
        lambda: unmigrated.engines.add(Engine("Raptor")),
        lambda: unmigrated.engines.reserve_ids(7),
    )
    for call in calls:
        with pytest.raises(SchemaOutOfDate, match="engine_room_ids has no document for engine"):
            call()


@dataclass(frozen=True, slots=True)
class Beacon:
    """An entity whose unique fields may all be missing."""

    name: Annotated[str | None, Text(20, unique=True)] = None
    channel: Annotated[int | None, Integer(-5, 5, unique=True)] = None
    lit_at: Annotated[datetime | None, Timestamp(unique=True)] = None
    id: int | None = None
    version: int = 0


@pytest.fixture
def beacons(url):
    """The repository of an entity that has no revision: its collection is made here."""
    with open_storage(url, entities=[Beacon]) as storage:
        storage.migrations.upgrade()
        work = storage.pool.work
        work.database.create_collection("beacon", validator=validator(describe(Beacon)), **VALIDATION)
        make_indexes(work, Beacon)
        make_counter(work, Beacon)
        yield storage.repository(Beacon)


@pytest.mark.parametrize(
    "beacon",
    [Beacon(name="A"), Beacon(channel=-5), Beacon(lit_at=datetime(1000, 1, 1, tzinfo=UTC))],
    ids=["text", "number", "moment"],
)
def test_a_unique_field_may_be_missing_often_and_have_a_value_once(beacons, beacon):
    beacons.add_many([Beacon(), Beacon(), beacon])
    with pytest.raises(AlreadyExists):
        beacons.add(beacon)
    assert beacons.count() == 3


def test_the_collection_of_another_entity_differs_in_nothing_from_its_description(beacons):
    assert beacons.connections.storage.migrations.differences() == []
