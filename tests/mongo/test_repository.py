"""What is MongoDB's own in the repository: races that one document's atomicity decides, and cursors."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from bson import Int64

from storage import AlreadyExists, Engine, Invalid, open_storage
from storage.repository import PutResult
from tests.mongo.doubles import open_on_mongomock
from tests.probe import Probe
from tests.probe_places import make_probes

MOMENT = datetime(2024, 2, 29, tzinfo=UTC)


@pytest.fixture
def engines(storage):
    return storage.engines


@pytest.fixture
def meanwhile(monkeypatch, engines):
    """``meanwhile(act)`` has another act once, between the look of ``put_many`` at what is there and its writing."""
    look = type(engines).versions

    def arrange(*acts):
        left = list(acts)

        def look_and_be_overtaken(self, ids):
            found = look(self, ids)
            if left:
                left.pop(0)()
            return found

        monkeypatch.setattr(type(engines), "versions", look_and_be_overtaken)

    return arrange


def put_past_us(database, id, version):
    """Write a document as another program of ours would at this moment."""
    document = {"title": "other", "title_key": "other", "thrust": 0, "last_fired": None, "version": version}
    database["engine"].replace_one({"_id": id}, document, upsert=True)


@pytest.mark.parametrize(
    ("version", "overwrite", "result", "title"),
    [
        (4, False, PutResult(0, 1, 0), "mine"),
        (5, False, PutResult(0, 0, 1), "other"),
        (6, False, PutResult(0, 0, 1), "other"),
        (6, True, PutResult(0, 1, 0), "mine"),
    ],
)
def test_an_id_that_another_adds_meanwhile_is_compared_again(
    engines, database, meanwhile, version, overwrite, result, title
):
    meanwhile(lambda: put_past_us(database, 7, version))
    assert engines.put_many([Engine("mine", id=7, version=5)], overwrite) == result
    assert engines.get(7).title == title


@pytest.mark.parametrize(("version", "title"), [(4, "mine"), (9, "other")])
def test_an_id_that_another_replaces_meanwhile_keeps_the_higher_version(engines, database, meanwhile, version, title):
    put_past_us(database, 7, 1)
    meanwhile(lambda: put_past_us(database, 7, version))
    replaced = title == "mine"
    assert engines.put_many([Engine("mine", id=7, version=5)]) == PutResult(0, replaced, not replaced)
    assert engines.get(7).title == title


def test_an_id_that_another_deletes_meanwhile_is_added(engines, database, meanwhile):
    put_past_us(database, 7, 1)
    meanwhile(lambda: database["engine"].delete_one({"_id": 7}))
    assert engines.put_many([Engine("mine", id=7, version=5)]) == PutResult(1, 0, 0)


def test_a_unique_value_is_taken_even_if_the_server_does_not_say_of_which_field():
    probes = open_on_mongomock([Probe]).repository(Probe)
    first = probes.add(Probe("A", seen_at=MOMENT))
    with pytest.raises(AlreadyExists):
        probes.put_many([replace(first, id=50)])
    assert [probe.id for probe in probes.scan()] == [first.id]


def test_many_batches_are_counted_exactly(engines):
    engines.put_many(Engine("old", id=id, version=2) for id in range(1, 601))
    mixed = [Engine("new", id=id, version=3 if id % 2 else 1) for id in range(1, 1101)]
    assert engines.put_many(mixed) == PutResult(500, 300, 300)
    assert engines.put_many(mixed) == PutResult(0, 0, 1100)
    assert engines.last_id() == 1100


def test_what_the_validator_refuses_in_a_bulk_is_invalid(engines, monkeypatch):
    columns = {"id": [1], "version": [1], "title": ["x"], "thrust": ["y"], "last_fired": [None]}
    monkeypatch.setattr(type(engines.description), "stored_columns", lambda *_: columns)
    with pytest.raises(Invalid) as raised:
        engines.put_many([Engine("x", id=1, version=1)])
    assert raised.value.__cause__.details["writeErrors"][0]["code"] == 121


def test_a_unique_field_is_told_apart_from_an_id_that_is_taken(url):
    with open_storage(url, entities=[Probe]) as storage:
        storage.migrations.upgrade()
        make_probes(storage)
        probes = storage.repository(Probe)
        first = probes.add(Probe("A", seen_at=MOMENT))
        with pytest.raises(AlreadyExists, match="another probe has that code"):
            probes.put_many([replace(first, id=50)])
        with pytest.raises(AlreadyExists, match="another probe has that code"):
            probes.put_many([replace(first, id=50)], overwrite=True)
        assert probes.count() == 1


def test_integers_come_back_as_python_s_own(engines, database):
    put_past_us(database, Int64(2**40), Int64(2**41))
    found = engines.get(2**40)
    assert [type(value) for value in (found.id, found.version, found.thrust)] == [int, int, int]
