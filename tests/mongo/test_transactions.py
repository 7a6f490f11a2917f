"""Units on MongoDB: what the driver and the server make of them."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from pymongo import ReadPreference
from pymongo.errors import AutoReconnect, OperationFailure

from storage import (
    AlreadyExists,
    Capability,
    Engine,
    Invalid,
    ReadOnly,
    TransactionConflict,
    Unavailable,
    Unsupported,
    VersionConflict,
)
from storage.mongo.client import WRITE_CONCERN
from storage.mongo.storage import capabilities_of
from tests.running import require

MEETING_LIMIT = 30


@pytest.fixture
def engine(storage):
    return storage.engines.add(Engine("Raptor", 2300))


def test_a_replica_set_has_every_capability_that_its_version_brings(storage, database):
    has_snapshots = database.client.server_info()["versionArray"] >= [5, 0]
    assert storage.capabilities == frozenset(Capability if has_snapshots else {Capability.TRANSACTIONS})


@pytest.mark.parametrize(
    ("hello", "found"),
    [
        ({"setName": "rs0", "maxWireVersion": 13}, set(Capability)),
        ({"msg": "isdbgrid", "maxWireVersion": 21}, set(Capability)),
        ({"setName": "rs0", "maxWireVersion": 9}, {Capability.TRANSACTIONS}),
        ({"maxWireVersion": 21}, set()),
    ],
    ids=["replica set", "mongos", "4.4", "standalone"],
)
def test_what_a_server_can_do_follows_from_its_hello(hello, found):
    assert capabilities_of(hello) == found


def test_what_a_unit_writes_is_seen_when_its_block_is_left(storage, engine):
    with storage.transaction() as unit:
        added = unit.engines.add_many([Engine("Merlin"), Engine("Draco")])
        unit.engines.update(engine.id, {"thrust": 1})
        assert unit.engines.count() == 3
        assert [one.thrust for one in storage.engines.scan()] == [2300]
    assert list(storage.engines.scan()) == [storage.engines.get(engine.id), *added]


def test_what_a_unit_wrote_is_undone_by_an_exception(storage, engine):
    def fail():
        with storage.transaction() as unit:
            unit.engines.delete(engine.id)
            unit.engines.add(Engine("Merlin"))
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert list(storage.engines.scan()) == [engine]


def test_a_unit_reads_one_state(storage, engine):
    with storage.transaction() as unit:
        assert unit.engines.count() == 1
        storage.engines.add(Engine("Merlin"))
        assert unit.engines.count() == 1


def test_a_unit_without_a_statement_commits(storage):
    with storage.transaction():
        pass
    assert storage.engines.count() == 0


def test_a_unit_runs_with_snapshot_reads_and_majority_writes_whatever_the_defaults(storage):
    unit = storage.begin(read_only=False)
    options = unit.transaction.session._transaction.opts
    unit.rollback()
    assert options.read_concern.level == "snapshot"
    assert options.write_concern == WRITE_CONCERN
    assert options.read_preference == ReadPreference.PRIMARY


def test_ids_are_taken_outside_of_the_unit_and_never_given_again(storage, engine):
    def fail():
        with storage.transaction() as unit:
            lost = unit.engines.add(Engine("lost"))
            raise KeyError(lost.id, unit.engines.last_id())

    with pytest.raises(KeyError) as raised:
        fail()
    assert raised.value.args == (engine.id + 1, engine.id + 1)
    assert storage.engines.add(Engine("kept")).id == engine.id + 2


def test_units_that_add_do_not_meet_on_the_counter(storage):
    with storage.transaction() as unit:
        unit.engines.add(Engine("inside"))
        storage.engines.add(Engine("outside"))
    assert sorted(engine.title for engine in storage.engines.scan()) == ["inside", "outside"]


def test_writing_what_another_unit_has_written_is_a_conflict_at_once(storage, engine):
    with storage.transaction() as unit:
        unit.engines.update(engine.id, {"thrust": 1})
        with ThreadPoolExecutor(1) as threads:
            error = threads.submit(conflicting_update, storage, engine.id).result()
    assert isinstance(error, TransactionConflict)
    assert storage.engines.get(engine.id).thrust == 1


def conflicting_update(storage, id):
    """Return what comes of a unit that updates an engine."""
    try:
        with storage.transaction() as unit:
            unit.engines.update(id, {"thrust": 2})
    except TransactionConflict as error:
        return error
    return None


def test_a_unit_that_met_another_is_run_again_as_a_whole(storage, engine):
    both_have_read = threading.Barrier(2, timeout=MEETING_LIMIT)
    runs = []

    def add_one(unit):
        runs.append(threading.get_ident())
        thrust = unit.engines.get(engine.id).thrust
        if runs.count(threading.get_ident()) == 1:
            both_have_read.wait()
        unit.engines.update(engine.id, {"thrust": thrust + 1})

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(lambda _: storage.run(add_one), range(2)))
    assert storage.engines.get(engine.id).thrust == 2302
    assert len(runs) > 2


def test_a_wrong_version_in_a_unit_leaves_it_usable(storage, engine):
    with storage.transaction() as unit:
        with pytest.raises(VersionConflict):
            unit.engines.update(engine.id, {"thrust": 1}, version=9)
        unit.engines.update(engine.id, {"thrust": 2}, version=1)
    assert storage.engines.get(engine.id).thrust == 2


def test_a_document_that_the_validator_refuses_breaks_the_unit(storage, engine, monkeypatch):
    # The rules of ours would refuse it before the database does.
    monkeypatch.setattr(type(storage.description(Engine)), "new_values", lambda *_: {"title": "", "thrust": 0})
    caught = []

    def go_on():
        with storage.transaction() as unit:
            for call in (lambda: unit.engines.add(Engine("")), lambda: unit.engines.get(engine.id)):
                with pytest.raises(Invalid) as raised:
                    call()
                caught.append(raised.value)

    with pytest.raises(Invalid) as left:
        go_on()
    assert caught == [left.value, left.value]
    assert left.value.__cause__.code == 121


def test_a_duplicate_in_a_unit_breaks_it(storage, engine, database):
    database["engine_room_ids"].update_one({"_id": "engine"}, {"$set": {"last_id": 0}})

    def go_on():
        with storage.transaction() as unit:
            unit.engines.update(engine.id, {"thrust": 5})
            with pytest.raises(AlreadyExists):
                unit.engines.add(Engine("Merlin"))

    with pytest.raises(AlreadyExists, match="another engine has that id"):
        go_on()
    assert list(storage.engines.scan()) == [engine]


def lost_commit(error, label):
    """Return what a session does whose COMMIT ends with that error."""
    error._add_error_label(label)

    def commit_transaction(_session):
        raise error

    return commit_transaction


def test_a_commit_without_an_answer_may_have_been_applied(storage, monkeypatch):
    lost = lost_commit(AutoReconnect("gone"), "UnknownTransactionCommitResult")
    monkeypatch.setattr("pymongo.synchronous.client_session.ClientSession.commit_transaction", lost)
    with pytest.raises(Unavailable) as raised, storage.transaction() as unit:
        unit.engines.add(Engine("Merlin"))
    assert raised.value.may_have_been_applied


def test_a_commit_that_the_server_refuses_is_a_conflict(storage, monkeypatch):
    refused = lost_commit(OperationFailure("no", 251), "TransientTransactionError")
    monkeypatch.setattr("pymongo.synchronous.client_session.ClientSession.commit_transaction", refused)
    with pytest.raises(TransactionConflict), storage.transaction() as unit:
        unit.engines.add(Engine("Merlin"))


def test_a_snapshot_reads_one_state_while_others_write(storage, engine, stand_in_fails):
    require(storage, Capability.SNAPSHOT)
    stand_in_fails("the second read of a snapshot session sees later writes")
    with storage.snapshot() as unit:
        assert unit.engines.count() == 1
        storage.engines.add(Engine("Merlin"))
        assert unit.engines.count() == 1
        assert list(unit.engines.scan()) == [engine]


@pytest.mark.parametrize("method", ["add", "add_many", "update", "delete"])
def test_a_snapshot_takes_no_writes_and_gives_out_no_id(storage, engine, method):
    require(storage, Capability.SNAPSHOT)
    arguments = {
        "add": [Engine("Merlin")],
        "add_many": [[Engine("Merlin")]],
        "update": [engine.id, {"thrust": 1}],
        "delete": [engine.id],
    }
    with pytest.raises(ReadOnly), storage.snapshot() as unit:
        getattr(unit.engines, method)(*arguments[method])
    assert storage.engines.last_id() == engine.id
    assert list(storage.engines.scan()) == [engine]


@pytest.mark.parametrize("begin", ["transaction", "snapshot"])
def test_a_server_that_is_in_no_replica_set_refuses_units_and_says_how_to_mend_it(standalone, begin):
    assert standalone.capabilities == frozenset()
    with (
        pytest.raises(Unsupported, match=r"in no replica set: start mongod .* with --replSet"),
        getattr(standalone, begin)(),
    ):
        raise AssertionError("the unit began")


def test_without_transactions_everything_else_works(standalone):
    added = standalone.engines.add_many([Engine("Raptor"), Engine("Merlin")])
    changed = standalone.engines.update(added[0].id, {"thrust": 1}, version=1)
    assert standalone.engines.put_many([Engine("Draco", id=50, version=2)]).added == 1
    standalone.engines.delete(added[1].id)
    assert [engine.id for engine in standalone.engines.scan()] == [changed.id, 50]


def test_without_transactions_add_many_says_how_far_it_came(standalone):
    standalone.engines.add(Engine("first"))
    standalone.engines.put_many([Engine("in the way", id=1503, version=1)])
    standalone.pool.work.collection("engine_room_ids").update_one({"_id": "engine"}, {"$set": {"last_id": 1}})
    with pytest.raises(AlreadyExists, match="at least the first 1501 of 2000 were stored"):
        standalone.engines.add_many(Engine(f"engine {number}") for number in range(2000))
    assert standalone.engines.count() == 1503


def test_with_transactions_add_many_stores_all_or_nothing(storage, database):
    storage.engines.put_many([Engine("in the way", id=1503, version=1)])
    database["engine_room_ids"].update_one({"_id": "engine"}, {"$set": {"last_id": 1}})
    with pytest.raises(AlreadyExists):
        storage.engines.add_many(Engine(f"engine {number}") for number in range(2000))
    assert storage.engines.count() == 1
