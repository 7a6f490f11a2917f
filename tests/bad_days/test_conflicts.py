"""Units and writers that are in each other's way."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from storage import Engine, Storage, TransactionConflict, Unavailable, Unit, VersionConflict, open_storage
from tests.servers import MYSQL_KINDS

MEETING_LIMIT = 30


@pytest.mark.parametrize("kind", ["postgresql", *MYSQL_KINDS], scope="session")
def test_of_two_units_in_a_deadlock_one_is_a_conflict_and_the_other_commits(storage: Storage) -> None:
    first, second = storage.engines.add_many([Engine("first"), Engine("second")])
    both_hold_one = threading.Barrier(2, timeout=MEETING_LIMIT)

    def cross(mine: Engine, other: Engine) -> bool:
        try:
            with storage.transaction() as unit:
                unit.engines.update(mine.id, {"thrust": mine.id})
                both_hold_one.wait()
                unit.engines.update(other.id, {"thrust": mine.id})
        except TransactionConflict:
            return False
        return True

    with ThreadPoolExecutor(2) as threads:
        runs = [threads.submit(cross, first, second), threads.submit(cross, second, first)]
        committed = [run.result() for run in runs]
    assert sorted(committed) == [False, True]
    winner = first if committed[0] else second
    assert [engine.thrust for engine in storage.engines.get_many([first.id, second.id])] == [winner.id, winner.id]
    assert [engine.version for engine in storage.engines.get_many([first.id, second.id])] == [2, 2]


def test_units_that_cross_again_and_again_all_come_through_when_they_are_run_again(storage: Storage) -> None:
    first, second = storage.engines.add_many([Engine("first"), Engine("second")])

    def change(unit: Unit, ids: tuple[int | None, int | None]) -> None:
        for id in ids:
            engine = unit.engines.get(id)
            unit.engines.update(id, {"thrust": engine.thrust + 1}, version=engine.version)

    def cross(ids: tuple[int | None, int | None]) -> None:
        done = 0
        while done < 10:
            try:
                storage.run(lambda unit: change(unit, ids), attempts=100)
                done += 1
            except VersionConflict:
                continue

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(cross, [(first.id, second.id), (second.id, first.id)]))
    assert [engine.thrust for engine in storage.engines.get_many([first.id, second.id])] == [20, 20]


@pytest.mark.parametrize("kind", ["postgresql", "mongodb"], scope="session")
def test_writing_what_somebody_wrote_since_the_unit_began_is_a_conflict(storage: Storage) -> None:
    engine = storage.engines.add(Engine("Raptor"))

    def overtaken() -> None:
        with storage.transaction() as unit:
            unit.engines.get(engine.id)
            storage.engines.update(engine.id, {"thrust": 1})
            unit.engines.update(engine.id, {"thrust": 2})

    with pytest.raises(TransactionConflict):
        overtaken()
    assert storage.engines.get(engine.id).thrust == 1


@pytest.mark.parametrize("kind", ["postgresql", *MYSQL_KINDS], scope="session")
def test_a_lock_that_is_not_had_in_time_is_unavailable(storage: Storage, database: str) -> None:
    engine = storage.engines.add(Engine("Raptor"))
    with open_storage(database, lock_timeout=0.2) as impatient, storage.transaction() as unit:
        unit.engines.update(engine.id, {"thrust": 1})
        with pytest.raises(Unavailable) as caught:
            impatient.engines.update(engine.id, {"thrust": 2})
    assert caught.value.retryable
    assert not caught.value.may_have_been_applied
    assert storage.engines.get(engine.id).thrust == 1


def test_a_locked_sqlite_file_is_unavailable_after_lock_timeout(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'engines.db'}"
    with open_storage(url) as storage, open_storage(url, lock_timeout=0.2) as impatient:
        storage.migrations.upgrade()
        with storage.transaction() as unit:
            unit.engines.add(Engine("Raptor"))
            with pytest.raises(Unavailable) as caught:
                impatient.engines.add(Engine("Merlin"))
            assert impatient.engines.count() == 0
        assert caught.value.retryable
        assert impatient.engines.count() == 1
