"""A server that goes away and comes back, under a storage that stays open."""

from __future__ import annotations

import pytest

from storage import Engine, Filter, Storage, StorageError, TransactionConflict, Unavailable, open_storage
from tests.servers import PrivateServer

HALF = Filter("title", "eq", "half")

#: Now and then, and so no failure that must happen.
FORGOTTEN = (
    "SecantusDB may answer as if it were in no replica set while it starts, and a driver then forgets it for good"
)


@pytest.fixture(autouse=True)
def expect_failure(request: pytest.FixtureRequest, server: PrivateServer) -> None:
    if server.product == "SecantusDB":
        request.applymarker(pytest.mark.xfail(raises=Unavailable, reason=FORGOTTEN, strict=False))


def test_a_stopped_server_is_unavailable_and_the_first_call_after_its_return_works(
    server: PrivateServer, storage: Storage
) -> None:
    kept = storage.engines.add(Engine("Raptor"))
    server.stop()
    for call in (storage.ping, lambda: storage.engines.get(kept.id), lambda: storage.engines.add(Engine("Merlin"))):
        with pytest.raises(Unavailable) as caught:
            call()
        assert caught.value.retryable
    server.start()
    added = storage.engines.add(Engine("Vulcain"))
    assert storage.engines.get_many([kept.id, added.id]) == [kept, added]


def test_an_outage_that_nobody_noticed_does_not_disturb_a_write(server: PrivateServer, storage: Storage) -> None:
    kept = storage.engines.add(Engine("Raptor"))
    server.stop()
    server.start()
    assert storage.engines.update(kept.id, {"thrust": 1}, version=1).version == 2


def test_a_storage_opened_while_the_server_is_down_works_as_soon_as_it_is_up(
    server: PrivateServer, database: str
) -> None:
    server.kill()
    with open_storage(database, connect_timeout=0.5) as storage:
        with pytest.raises(Unavailable):
            storage.engines.count()
        server.start()
        assert storage.engines.add(Engine("Vulcain")).version == 1


def test_a_server_killed_within_a_unit_leaves_nothing_of_it(server: PrivateServer, storage: Storage) -> None:
    def interrupted() -> None:
        with storage.transaction() as unit:
            unit.engines.add(Engine("half"))
            server.kill()
            server.start()
            unit.engines.add(Engine("half"))

    # MongoDB's server comes back without a memory of the unit, and says that it may be run again.
    with pytest.raises((Unavailable, TransactionConflict)):
        interrupted()
    assert storage.engines.count(HALF) == 0


def test_a_server_killed_before_a_commit_leaves_nothing_of_the_unit(server: PrivateServer, storage: Storage) -> None:
    def interrupted() -> None:
        with storage.transaction() as unit:
            unit.engines.add(Engine("half"))
            server.kill()

    with pytest.raises(StorageError):
        interrupted()
    server.start()
    assert storage.engines.count(HALF) == 0


def test_no_connection_stays_lent_after_an_outage(server: PrivateServer, storage: Storage) -> None:
    storage.engines.count()
    server.kill()
    with pytest.raises(Unavailable):
        storage.engines.count()
    assert storage.connections_in_use() == 0
