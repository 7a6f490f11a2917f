"""A database of MongoDB's for a test, reached by our storage and, past it, by the driver."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pymongo.database import Database

from storage import Storage, open_storage
from tests.databases import mongo_client
from tests.running import RunningServers
from tests.servers import MongoDB, Server


@pytest.fixture
def url(make_database: Callable[[str], str]) -> str:
    """The URL of a fresh, empty database."""
    return make_database("mongodb")


@pytest.fixture
def database(url: str) -> Iterator[Database[dict[str, Any]]]:
    """The database as the driver sees it."""
    with mongo_client(url) as client:
        yield client.get_default_database()


@pytest.fixture
def unmigrated(url: str) -> Iterator[Storage]:
    """A storage on the empty database."""
    with open_storage(url) as storage:
        yield storage


@pytest.fixture
def storage(unmigrated: Storage) -> Storage:
    """A storage on the database, migrated."""
    unmigrated.migrations.upgrade()
    return unmigrated


@pytest.fixture
def stand_in_fails(request: pytest.FixtureRequest, servers: RunningServers[Server]) -> Callable[[str], None]:
    """``stand_in_fails(reason)`` expects the test to fail on SecantusDB, by a fault of that server alone."""

    def expect(reason: str) -> None:
        if servers["mongodb"].product == "SecantusDB":
            request.applymarker(pytest.mark.xfail(reason=f"SecantusDB: {reason}", strict=True))

    return expect


@pytest.fixture(scope="session")
def alone() -> Iterator[RunningServers[MongoDB]]:
    """Servers of the stand-in with an option: ``alone["standalone"]`` is in no replica set."""
    servers = RunningServers(lambda kind: MongoDB(f"--{kind}", stand_in=True))
    yield servers
    servers.close()


@pytest.fixture
def standalone(alone: RunningServers[MongoDB]) -> Iterator[Storage]:
    """A migrated storage on a server without transactions."""
    with open_storage(alone["standalone"].new_database()) as storage:
        storage.migrations.upgrade()
        yield storage


@pytest.fixture
def failing(alone: RunningServers[MongoDB], monkeypatch: pytest.MonkeyPatch) -> Iterator[Storage]:
    """A migrated storage, its schema looked at, on a server that can be told to fail; found again at once."""
    monkeypatch.setattr("pymongo.common.MIN_HEARTBEAT_INTERVAL", 0.01)
    with open_storage(f"{alone['enable-test-commands'].new_database()}?heartbeatFrequencyMS=500") as storage:
        storage.migrations.upgrade()
        storage.engines.count()
        yield storage


@pytest.fixture
def fail(failing: Storage, alone: RunningServers[MongoDB]) -> Iterator[Callable[..., None]]:
    """``fail(commands, times, **how)`` has the server fail at some commands, by an ``errorCode`` or otherwise."""
    with mongo_client(alone["enable-test-commands"].address) as client:

        def arrange(commands: str, times: int, **how: Any) -> None:
            data = {"failCommands": commands.split(), **how}
            client.admin.command({"configureFailPoint": "failCommand", "mode": {"times": times}, "data": data})

        yield arrange
        client.admin.command({"configureFailPoint": "failCommand", "mode": "off"})
