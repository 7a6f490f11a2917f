"""A host that accepts connections and never answers: the configured times bound every wait.

The other bounds are an hour, so that a wait by the wrong one is found: ``bounded`` gives it up.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest

from storage import Engine, Filter, Storage, Unavailable, open_storage
from tests.bad_days.lines import is_call, url_through
from tests.proxy import Fault, Proxy, SilentHost

HOUR = 3600
PATIENCE = 20


def bounded(call: Callable[[], object]) -> Unavailable:
    """Return the ``Unavailable`` that the call ends with; fail if it does not end."""
    ended: list[Unavailable] = []

    def run() -> None:
        try:
            call()
        except Unavailable as error:
            ended.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(PATIENCE)
    assert not thread.is_alive(), "the call waits without a bound"
    assert ended, "the call succeeded, or raised another error"
    return ended[0]


@pytest.fixture
def storage_with_timeout(database: str, proxy: Proxy) -> Iterator[Storage]:
    with open_storage(url_through(proxy, database), timeout=0.5, connect_timeout=HOUR) as opened:
        opened.engines.count()
        yield opened


@pytest.fixture
def silent_host() -> Iterator[SilentHost]:
    host = SilentHost()
    yield host
    host.close()


def test_a_host_that_is_silent_from_the_start_is_unavailable_after_connect_timeout(
    database: str, silent_host: SilentHost
) -> None:
    with open_storage(url_through(silent_host, database), connect_timeout=1, timeout=HOUR) as storage:
        error = bounded(storage.ping)
    assert error.retryable
    assert not error.may_have_been_applied


def test_a_read_that_is_not_answered_is_unavailable_after_timeout(storage_with_timeout: Storage, proxy: Proxy) -> None:
    proxy.plan(Fault.SILENT, matching=is_call)
    error = bounded(storage_with_timeout.engines.count)
    assert error.retryable
    assert not error.may_have_been_applied


def test_a_write_that_is_not_answered_is_unavailable_after_timeout_and_not_half_done(
    storage_with_timeout: Storage, storage: Storage, proxy: Proxy
) -> None:
    proxy.plan(Fault.SILENT, matching=is_call)
    engines = [Engine("silent"), Engine("silent")]
    assert bounded(lambda: storage_with_timeout.engines.add_many(engines)).retryable
    proxy.cut()
    assert storage.engines.count(Filter("title", "eq", "silent")) == 0


def test_a_storage_works_again_when_the_host_speaks_again(storage_with_timeout: Storage, proxy: Proxy) -> None:
    proxy.plan(Fault.SILENT, matching=is_call)
    bounded(storage_with_timeout.engines.count)
    proxy.forget()
    assert storage_with_timeout.engines.add(Engine("Raptor")).version == 1
