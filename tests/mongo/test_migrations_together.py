"""Upgraders that meet, and the lock that lets one of them work at a time."""

import threading
from datetime import datetime

import pytest

from storage import Engine, Unavailable, open_storage
from storage.entities import ENTITIES
from storage.mongo.migration_lock import LOCK, MigrationLock
from tests.mongo.children import PROCESSES, SHORT_LEASE, at_the_same_moment, exit_code, started

PATIENCE = 60


def test_two_processes_that_upgrade_at_the_same_moment_end_with_one_upgrade(url):
    with open_storage(url) as storage:
        storage.migrations.upgrade()
        storage.engines.add_many(Engine(f"engine {number}") for number in range(200))
        storage.migrations.downgrade("0001")
    start, commands = PROCESSES.Barrier(2, timeout=PATIENCE), PROCESSES.Queue()
    children = [started(at_the_same_moment, url, start, commands) for _ in range(2)]
    assert [exit_code(child) for child in children] == [0, 0]
    names = []
    while not commands.empty():
        names.append(commands.get())
    # One for each collection.
    assert names.count("collMod") == len(ENTITIES)
    with open_storage(url) as storage:
        assert storage.migrations.differences() == []
        assert [engine.version for engine in storage.engines.scan()] == [1] * 200


def test_the_lock_is_free_again_after_an_upgrade_and_after_a_refusal(unmigrated, database):
    database["engine"].insert_one({"_id": 1})
    with pytest.raises(Exception, match="stamp"):
        unmigrated.migrations.upgrade()
    [lock] = database[LOCK].find()
    assert lock["owner"] is None
    assert lock["expires"] < datetime(2000, 1, 1)


def test_a_lock_that_is_held_keeps_others_out_and_they_say_who_holds_it(unmigrated):
    work = unmigrated.pool.work
    with MigrationLock(work) as held, pytest.raises(Unavailable) as raised, MigrationLock(work, patience=0):
        raise AssertionError("two hold the lock")
    assert held.owner in str(raised.value)
    assert raised.value.retryable


def test_a_lock_is_renewed_while_a_step_takes_long(unmigrated, database, monkeypatch):
    renewed = threading.Event()
    keep = MigrationLock.keep

    def keep_and_tell(lock):
        keep(lock)
        renewed.set()

    monkeypatch.setattr(MigrationLock, "keep", keep_and_tell)
    with MigrationLock(unmigrated.pool.work, lease=SHORT_LEASE):
        first = database[LOCK].find_one()["expires"]
        assert renewed.wait(PATIENCE)
        assert database[LOCK].find_one()["expires"] > first


def test_a_lock_that_went_to_another_stops_the_upgrade(unmigrated, database):
    with MigrationLock(unmigrated.pool.work) as held:
        database[LOCK].update_one({}, {"$set": {"owner": "another"}})
        with pytest.raises(Unavailable, match="went to another upgrader"):
            held.keep()
    assert database[LOCK].find_one()["owner"] == "another"
