"""The databases of the tests as fixtures: one server a session, a fresh database on demand."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from coverage import Coverage

# Before the first import of the kit: its assertions would fail without showing a value.
pytest.register_assert_rewrite("storage.testing")

from storage import Storage, open_storage  # noqa: E402
from tests.processes import memory  # noqa: E402
from tests.programs import Missing  # noqa: E402
from tests.running import RunningServers  # noqa: E402
from tests.servers import KINDS, Server, find_server, start_server  # noqa: E402

MakeDatabase = Callable[[str], str]

#: Measuring coverage takes half as long again as the test. These tests run lines of storage/ that others run too: the
#: contract on further entities, servers and stand-ins, and the application, but for the commands that storage brings.
#: Those with a browser stay measured: they wait for it, and a tracer that comes and goes is untried among greenlets.
UNMEASURED = (
    "tests/test_hostile_servers.py",
    "tests/third_party/test_memory.py",
    "tests/webapp/",
    "OfProbes::",
    "TestMongomock::",
)
MEASURED = ("test_commands.py", "test_configuration.py", "test_starting.py")

# Where pytest makes its temporary folders: SQLite waits for the disk at each commit.
if (place := memory()) is not None:
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", place)


@pytest.fixture(scope="session")
def servers() -> Iterator[RunningServers[Server]]:
    """The servers by kind: ``servers["postgresql"]``."""
    running = RunningServers(start_server)
    yield running
    running.close()


@pytest.fixture(scope="session")
def make_database(servers: RunningServers[Server], tmp_path_factory: pytest.TempPathFactory) -> MakeDatabase:
    """``make_database(kind)`` returns the URL of a fresh, empty database, its kind one of ``KINDS``."""

    def make(kind: str) -> str:
        if kind == "sqlite":
            return f"sqlite:///{tmp_path_factory.mktemp('sqlite') / 'engines.db'}"
        return servers[kind].new_database()

    return make


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file at the head revision with nothing in it, to be copied."""
    file = tmp_path_factory.mktemp("migrated") / "engines.db"
    with open_storage(f"sqlite:///{file}") as storage:
        storage.migrations.upgrade()
    return file


@pytest.fixture(scope="module", params=KINDS)
def database_url(request: pytest.FixtureRequest, make_database: MakeDatabase) -> str:
    """The URL of a fresh, empty database of each kind in turn."""
    return make_database(request.param)


@pytest.fixture(scope="module")
def storage(database_url: str) -> Iterator[Storage]:
    """A migrated storage on a fresh database of each kind in turn."""
    with open_storage(database_url) as opened:
        opened.migrations.upgrade()
        yield opened


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Measure the coverage of a test and its fixtures only where others do not."""
    measurement = Coverage.current()
    if measurement is None or is_measured(item.nodeid):
        return (yield)
    measurement.stop()
    try:
        return (yield)
    finally:
        measurement.start()


def is_measured(test: str) -> bool:
    """Return whether the coverage of a test counts."""
    return not any(part in test for part in UNMEASURED) or any(part in test for part in MEASURED)


def pytest_report_header() -> list[str]:
    """Name the databases that this run exercises, and say of the others how to get them."""
    lines = ["databases: sqlite (in process)"]
    for kind in KINDS[1:]:
        try:
            lines.append(f"           {kind} ({find_server(kind)})")
        except Missing as error:
            lines.append(f"           {kind} is NOT TESTED: {error}")
    return lines
