"""Connections are lent in turn, and the fast way is left where somebody listens."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
from sqlalchemy import event
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.util.queue import Empty

from storage import AlreadyExists, ApiToken, Engine, Storage, Unavailable, open_storage
from storage.sql.pool import Turns
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
    turns, served = Turns(1, use_lifo=True), []
    turns.put("connection")
    taken = turns.get()
    threads = [waiting(turns, served, name) for name in range(5)]
    turns.put(taken)
    for thread in threads:
        thread.join()
    assert served == [0, 1, 2, 3, 4]


def test_one_whose_time_is_over_is_passed_over():
    turns = Turns(1, use_lifo=True)
    with pytest.raises(Empty):
        turns.get(timeout=0.001)
    turns.put("connection")
    assert turns.get(timeout=0.001) == "connection"


class Interrupted(BaseException):
    """What a signal raises, as Ctrl-C does."""


@contextmanager
def interrupted(before) -> Iterator[None]:
    """Send a signal to the main thread as soon as the condition holds; expect what its handler raises."""

    def strike() -> None:
        while not before():
            pass
        signal.pthread_kill(threading.main_thread().ident, signal.SIGUSR1)

    thread = threading.Thread(target=strike)
    thread.start()
    with pytest.raises(Interrupted):
        yield
    thread.join()


@pytest.fixture
def on_signal():
    """``on_signal(act)`` has a signal do something in the main thread, and then interrupt it."""

    def install(act) -> None:
        def handle(*_) -> None:
            act()
            raise Interrupted

        signal.signal(signal.SIGUSR1, handle)

    kept = signal.getsignal(signal.SIGUSR1)
    yield install
    signal.signal(signal.SIGUSR1, kept)


def test_an_interrupted_waiter_gives_a_connection_on(on_signal):
    """It was handed over in the moment of the interruption."""
    turns = Turns(1, use_lifo=True)
    on_signal(lambda: turns.put("connection"))
    with interrupted(lambda: turns.waiting):
        turns.get()
    assert turns.get(block=False) == "connection"


def test_an_interrupted_waiter_leaves_the_queue(on_signal):
    turns = Turns(1, use_lifo=True)
    on_signal(lambda: None)
    with interrupted(lambda: turns.waiting):
        turns.get()
    turns.put("connection")
    assert turns.get(block=False) == "connection"


def test_a_pool_without_a_free_connection_says_so(storage):
    with storage.snapshot(), pytest.raises(Unavailable, match="pool_size") as raised:
        storage.engines.count()
    assert isinstance(raised.value.__cause__, PoolTimeout)
    assert storage.connections_in_use() == 0


def test_a_connection_that_came_back_is_lent_again_and_no_other_is_opened(storage):
    storage.engines.count()
    opened: list[object] = []
    event.listen(storage.engine, "connect", lambda connection, _: opened.append(connection))
    for _ in range(3):
        storage.engines.count()
        with storage.transaction() as unit:
            unit.engines.count()
    assert opened == []


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
