"""Servers that these tests alone use, since they stop them, kill them and cut their lines."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from storage import Storage, open_storage
from tests.bad_days.lines import url_through
from tests.proxy import Proxy
from tests.running import RunningServers
from tests.servers import PRIVATE, PrivateServer


@pytest.fixture(scope="session")
def own_servers() -> Iterator[RunningServers[PrivateServer]]:
    """Private servers by kind, even where a variable names a real one: that one is not ours to kill."""
    running = RunningServers(lambda kind: PRIVATE[kind]())
    yield running
    running.close()


@pytest.fixture(scope="session", params=PRIVATE)
def kind(request: pytest.FixtureRequest) -> str:
    """Each kind of database that has a server."""
    return str(request.param)


@pytest.fixture
def server(kind: str, own_servers: RunningServers[PrivateServer]) -> Iterator[PrivateServer]:
    """The server of the kind; it runs again afterwards, whatever the test did to it."""
    yield own_servers[kind]
    own_servers[kind].start()


@pytest.fixture(scope="module")
def database(kind: str, own_servers: RunningServers[PrivateServer]) -> str:
    """The URL, by the server's port, of a database that is migrated."""
    server = own_servers[kind]
    url = server.over_tcp(server.new_database())
    with open_storage(url) as storage:
        storage.migrations.upgrade()
    return url


@pytest.fixture
def storage(server: PrivateServer, database: str) -> Iterator[Storage]:
    """A storage on that database."""
    with open_storage(database, connect_timeout=1, lock_timeout=2) as opened:
        yield opened


@pytest.fixture
def proxy(server: PrivateServer) -> Iterator[Proxy]:
    """A proxy before the server."""
    with Proxy(server.port) as running:
        yield running


@pytest.fixture
def proxied(database: str, proxy: Proxy, quick_monitor: None) -> Iterator[Storage]:
    """A storage on the database whose every connection leads through the proxy."""
    with open_storage(url_through(proxy, database), pool_size=2) as opened:
        yield opened


@pytest.fixture
def quick_monitor(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have PyMongo look for a lost server at once: half a second for each cut would add up to minutes."""
    monkeypatch.setattr("pymongo.common.MIN_HEARTBEAT_INTERVAL", 0.01)
