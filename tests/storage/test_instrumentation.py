"""Observing: every call is told once, and nothing else about it changes."""

from __future__ import annotations

import itertools
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from storage import (
    Call,
    Capability,
    Engine,
    Filter,
    Invalid,
    NotFound,
    ReadOnly,
    Storage,
    Unit,
    Unsupported,
    open_storage,
)
from storage.sql.repository import SqlRepository
from storage.testing import MakeStorage
from storage.testing.broken_units import BrokenUnits
from storage.testing.moving import Moving
from storage.testing.reading import Getting, Scanning
from storage.testing.refusals import Refusals
from storage.testing.transactions import Transactions
from storage.testing.writing import Adding, Deleting, Updating
from tests.running import require

EIGHT = [Engine("Raptor", number) for number in range(8)]


@pytest.fixture(scope="module", params=["sqlite", "mongodb"])
def storage(request: pytest.FixtureRequest, make_database: Callable[[str], str]) -> Iterator[Storage]:
    with open_storage(make_database(request.param)) as opened:
        opened.migrations.upgrade()
        opened.engines.add_many(EIGHT)
        yield opened


@pytest.fixture
def calls(storage: Storage) -> Iterator[list[Call]]:
    """What is told while the test runs."""
    told: list[Call] = []
    storage.observe(told.append)
    yield told
    storage.observation = None


def operations(calls: list[Call]) -> list[str]:
    return [call.operation for call in calls]


def test_a_call_says_what_was_called_where_and_how_long_it_took(storage: Storage, calls: list[Call]) -> None:
    storage.engines.count()
    (call,) = calls
    assert (call.backend, call.entity, call.operation, call.error) == (storage.backend, "engine", "count", None)
    assert call.seconds > 0


def test_every_method_is_told_by_its_name(storage: Storage, calls: list[Call]) -> None:
    engines = storage.engines
    raptor = engines.add(Engine("Raptor"))
    engines.add_many([])
    engines.get(raptor.id)
    engines.get_many([])
    engines.find(limit=1)
    engines.count()
    list(engines.scan())
    engines.update(raptor.id, {})
    engines.delete(raptor.id)
    engines.put_many([])
    engines.last_id()
    engines.reserve_ids(0)
    names = "add add_many get get_many find count scan update delete put_many last_id reserve_ids"
    assert operations(calls) == names.split()


def test_an_error_passes_through_and_its_class_is_told(storage: Storage, calls: list[Call]) -> None:
    with pytest.raises(NotFound, match="no engine with the id 404"):
        storage.engines.get(404)
    assert calls[0].error is NotFound


def test_a_walk_is_one_call(storage: Storage, calls: list[Call]) -> None:
    assert [engine.thrust for engine in storage.engines.scan()] == list(range(8))
    assert operations(calls) == ["scan"]


def test_the_time_of_a_walk_is_what_storage_took_and_not_its_caller(
    storage: Storage, calls: list[Call], monkeypatch: pytest.MonkeyPatch
) -> None:
    # A clock that goes on by 1 at each look: the call and nine steps, of which the last finds the end, have two each.
    monkeypatch.setattr("storage.instrumentation.perf_counter", itertools.count().__next__)
    list(storage.engines.scan())
    assert calls[0].seconds == 10


def test_a_walk_that_is_abandoned_is_told_when_it_is_left(storage: Storage, calls: list[Call]) -> None:
    walk = storage.engines.scan()
    next(walk)
    assert calls == []
    walk.close()  # type: ignore[attr-defined]
    assert [(call.operation, call.error) for call in calls] == [("scan", None)]
    assert storage.connections_in_use() == 0


def test_a_walk_that_cannot_begin_is_told_at_the_call(storage: Storage, calls: list[Call]) -> None:
    with pytest.raises(Invalid):
        storage.engines.scan(Filter("warp", "eq", 1))
    assert [(call.operation, call.error) for call in calls] == [("scan", Invalid)]


def test_a_walk_that_fails_halfway_is_told_with_its_error(storage: Storage, calls: list[Call]) -> None:
    with suppress(Unsupported), storage.transaction() as work:
        walk = work.engines.scan()
    calls.clear()
    with pytest.raises(Unsupported):
        next(walk)
    assert [(call.operation, call.error) for call in calls] == [("scan", Unsupported)]


def test_a_unit_tells_its_calls_its_beginning_and_its_end(storage: Storage, calls: list[Call]) -> None:
    with storage.transaction() as work:
        work.engines.count()
    assert [(call.entity, call.operation) for call in calls] == [(None, "begin"), ("engine", "count"), (None, "commit")]


def test_a_unit_that_is_undone_tells_it(storage: Storage, calls: list[Call]) -> None:
    with pytest.raises(NotFound), storage.transaction() as work:
        work.engines.get(404)
    assert operations(calls) == ["begin", "get", "rollback"]


def test_an_observed_snapshot_still_refuses_to_write_and_breaks(storage: Storage, calls: list[Call]) -> None:
    require(storage, Capability.SNAPSHOT)

    def write_and_go_on(work: Unit) -> None:
        with suppress(ReadOnly):
            work.engines.add(Engine("Raptor"))
        work.engines.count()

    with pytest.raises(ReadOnly), storage.snapshot() as work:
        write_and_go_on(work)
    assert [call.error for call in calls] == [None, ReadOnly, ReadOnly, None]


def test_several_observers_are_told(storage: Storage, calls: list[Call]) -> None:
    others: list[Call] = []
    storage.observe(others.append)
    storage.engines.count()
    assert others == calls


def test_an_observer_that_fails_changes_nothing_and_is_logged(
    storage: Storage, calls: list[Call], caplog: pytest.LogCaptureFixture
) -> None:
    storage.observe(lambda call: 1 / 0)
    assert storage.engines.count() == 8
    assert "an observer failed at count of engine" in caplog.text
    assert "ZeroDivisionError" in caplog.text


FORKED = """
import os, sys
from storage import open_storage
storage = open_storage(sys.argv[1])
storage.migrations.upgrade()
told = []
storage.observe(lambda call: told.append(os.getpid()))
storage.engines.count()
if os.fork() == 0:
    storage.engines.count()
    print(len(told), told[-1] == os.getpid(), flush=True)
    os._exit(0)
os.wait()
print(len(told), told[-1] == os.getpid())
"""


def test_a_forked_process_tells_its_own_observers(make_database: Callable[[str], str]) -> None:
    command = [sys.executable, "-c", FORKED, make_database("sqlite")]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == "2 True\n1 True\n"


def test_nothing_stands_in_between_when_nobody_observes(make_database: Callable[[str], str]) -> None:
    with open_storage(make_database("sqlite")) as unobserved:
        assert isinstance(unobserved.engines, SqlRepository)


class TestObserved(BrokenUnits, Transactions, Refusals, Moving, Scanning, Getting, Deleting, Updating, Adding):
    """The contract's words on each method, and on units, hold while somebody observes."""

    @pytest.fixture(scope="class")
    @classmethod
    def make_storage(cls, make_database: Callable[[str], str]) -> MakeStorage:
        def make() -> Storage:
            opened = open_storage(make_database("sqlite"), entities=[cls.entity])
            opened.migrations.upgrade()
            opened.observe(lambda call: None)
            return opened

        return make
