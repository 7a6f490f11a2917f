"""Many rows at once: what is counted, and what is there afterwards, whichever way an engine has for it."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from sqlalchemy import create_engine

from storage import AlreadyExists, Engine, Storage, open_storage
from storage.repository import PutResult
from storage.sql.urls import read_url
from tests.probe import Probe
from tests.probe_places import make_probes
from tests.servers import SQL_KINDS

MOMENT = datetime(2024, 2, 29, 12, 0, 0, 123_000, UTC)
MANY = 300


@pytest.fixture(params=[*SQL_KINDS, "handed in"])
def storage(request, make_database) -> Iterator[Storage]:
    """A storage at a URL of each kind, and on an engine of SQLAlchemy's."""
    if request.param in SQL_KINDS:
        with open_storage(make_database(request.param)) as opened:
            opened.migrations.upgrade()
            yield opened
        return
    engine = create_engine(read_url(make_database("postgresql")))
    opened = open_storage(engine)
    opened.migrations.upgrade()
    yield opened
    engine.dispose()


def engines(title: str, ids: range, version: int = 2) -> list[Engine]:
    return [Engine(f"{title} {id}", id, MOMENT if id % 2 else None, id, version) for id in ids]


def test_what_is_put_where_nothing_is_comes_back_as_it_is(storage):
    new = engines("new", range(1, MANY))
    assert storage.engines.put_many(reversed(new)) == PutResult(MANY - 1, 0, 0)
    assert list(storage.engines.scan()) == new
    assert storage.engines.last_id() == MANY - 1


def test_added_replaced_and_kept_are_counted_apart(storage):
    storage.engines.put_many(engines("old", range(100, 200)))
    newer = engines("newer", range(50, 150), version=3)
    older = engines("older", range(150, MANY), version=1)
    assert storage.engines.put_many(newer + older) == PutResult(50 + 100, 50, 50)
    assert {one.title.partition(" ")[0] for one in storage.engines.get_many(range(100, 200))} == {"newer", "old"}
    assert storage.engines.put_many(newer + older) == PutResult(0, 0, 250)


def test_overwriting_replaces_all(storage):
    storage.engines.put_many(engines("old", range(1, MANY), version=9))
    assert storage.engines.put_many(engines("new", range(1, MANY), version=1), overwrite=True).replaced == MANY - 1
    assert all(one.version == 1 for one in storage.engines.scan())


def test_many_that_are_added_come_back_as_they_are_stored(storage):
    new = [Engine(f"Räptor {n}", -n, MOMENT if n % 2 else None) for n in range(MANY)]
    added = storage.engines.add_many(new)
    assert added == list(storage.engines.scan())
    assert [one.title for one in added] == [one.title for one in new]


@pytest.mark.parametrize("kind", SQL_KINDS)
def test_a_value_that_is_taken_refuses_all_of_them(make_database, kind):
    with open_storage(make_database(kind), entities=[Probe]) as storage:
        storage.migrations.upgrade()
        make_probes(storage)
        probes = storage.repository(Probe)
        probes.add(Probe("P7", seen_at=MOMENT))
        for put in (probes.put_many, probes.add_many):
            numbered = [Probe(f"P{n}", seen_at=MOMENT, id=n, version=1) for n in range(500, 700)]
            plain = [Probe(f"P{n}", seen_at=MOMENT) for n in range(200)]
            with pytest.raises(AlreadyExists):
                put([*numbered, Probe("P7", seen_at=MOMENT, id=700, version=1)] if put == probes.put_many else plain)
        assert probes.count() == 1
