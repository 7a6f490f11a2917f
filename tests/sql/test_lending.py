"""Connections are lent in turn, and the fast way is left where somebody listens."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from sqlalchemy import event
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.util.queue import Empty

from storage import AlreadyExists, ApiToken, Engine, Storage, Unavailable, open_storage
from storage.sql.lending import Turns
from tests.servers import SQL_KINDS


@pytest.fixture(params=SQL_KINDS)
def storage(request, make_database) -> Iterator[Storage]:
    """A storage with one connection."""
    with open_storage(make_database(request.param), pool_size=1, connect_timeout=0.2) as opened:
        opened.migrations.upgrade()
        yield opened


def waiting(turns: Turns, served: list[int], name: int) -> threading.Thread:
    """Return a thread that waits for a connection, behind all who wait already."""
    before = len(turns.waiting)

    def wait() -> None:
        item = turns.get()
        served.append(name)
        turns.put(item)

    thread = threading.Thread(target=wait)
    thread.start()
    while len(turns.waiting) == before:
        pass
    return thread


def test_whoever_came_first_is_served_first():
    turns, served = Turns(1), []
    turns.put("connection")
    taken = turns.get()
    threads = [waiting(turns, served, name) for name in range(5)]
    turns.put(taken)
    for thread in threads:
        thread.join()
    assert served == [0, 1, 2, 3, 4]


def test_one_whose_time_is_over_is_passed_over():
    turns = Turns(1)
    with pytest.raises(Empty):
        turns.get(timeout=0.001)
    turns.put("connection")
    assert turns.get(timeout=0.001) == "connection"


def test_a_pool_without_a_free_connection_says_so(storage):
    with storage.snapshot(), pytest.raises(Unavailable, match="pool_size") as raised:
        storage.engines.count()
    assert isinstance(raised.value.__cause__, PoolTimeout)
    assert storage.connections_in_use() == 0


def test_listeners_see_every_statement_and_every_connection_that_is_lent(storage):
    seen: list[str] = []
    raptor = storage.engines.add(Engine("Raptor"))
    event.listen(storage.engine, "before_cursor_execute", lambda *said: seen.append(said[2]))
    event.listen(storage.engine, "checkout", lambda *_: seen.append("lent"))
    assert storage.engines.get(raptor.id) == raptor
    lent, statement = seen
    assert lent == "lent"
    assert statement.startswith("SELECT")


@pytest.mark.parametrize("name", ["checkin", "reset", "do_execute"])
def test_a_listener_of_any_kind_hears_of_a_read(storage, name):
    raptor = storage.engines.add(Engine("Raptor"))
    heard: list[str] = []
    event.listen(storage.engine, name, lambda *_: heard.append(name))
    assert storage.engines.get(raptor.id) == raptor
    assert heard == [name]


def test_who_listens_for_many_rows_hears_of_them(storage):
    storage.engines.count()
    heard: list[str] = []
    event.listen(storage.engine, "do_executemany", lambda *said: heard.append(said[1]))
    storage.engines.put_many(Engine("Raptor", id=id, version=1) for id in (1, 2))
    assert [statement.partition(" ")[0] for statement in heard] == ["INSERT"]


def test_who_listens_for_errors_hears_of_one(storage):
    storage.repository(ApiToken).add(token := ApiToken("ada", "a" * 64, "read", datetime(2026, 1, 1, tzinfo=UTC)))
    heard: list[object] = []
    event.listen(storage.engine, "handle_error", heard.append)
    with pytest.raises(AlreadyExists):
        storage.repository(ApiToken).add(token)
    assert len(heard) == 1
