"""No acknowledged write is lost when the server, or the client of an SQLite file, is killed.

A killed process is not a power cut: what the system had taken over survives here.
"""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from storage import Engine, Storage, StorageError, open_storage
from tests.bad_days.ledger import Ledger
from tests.running import RunningServers
from tests.servers import PRIVATE, PrivateServer

WRITERS = 8
KILLS = 3
WRITES_BETWEEN_KILLS = 50
LIMIT = 30

#: It tells its ledger on its output, a line at a time, and would go on for ever.
SQLITE_WRITER = """
import sys
from itertools import count
from storage import Engine, open_storage

with open_storage(sys.argv[1]) as storage:
    for number in count():
        title = f"{sys.argv[2]}-{number}"
        with storage.transaction() as unit:
            unit.engines.add(Engine(title))
            unit.engines.add(Engine(title))
        print(title, flush=True)
"""


@pytest.fixture(scope="module")
def durable_servers() -> Iterator[RunningServers[PrivateServer]]:
    """Servers that keep what they acknowledged."""
    running = RunningServers(lambda kind: PRIVATE[kind](durable=True))
    yield running
    running.close()


@pytest.fixture
def durable(kind: str, durable_servers: RunningServers[PrivateServer]) -> PrivateServer:
    """The durable server of the kind."""
    return durable_servers[kind]


def write(storage: Storage, name: str, ledger: Ledger, enough: threading.Event) -> None:
    """Store pairs and single engines by turns until it is enough, whatever happens to the server."""
    number = 0
    while not enough.is_set():
        number += 1
        title = f"{name}-{number}"
        try:
            if number % 2:
                storage.engines.add(Engine(title))
            else:
                with storage.transaction() as unit:
                    unit.engines.add(Engine(title))
                    unit.engines.add(Engine(title))
            ledger.acknowledge(title)
        except StorageError as error:
            ledger.fail(title, error)


def test_no_acknowledged_write_is_lost_when_the_server_is_killed_under_eight_writers(durable: PrivateServer) -> None:
    ledger, enough = Ledger(durable), threading.Event()
    names = [f"writer {number}" for number in range(WRITERS)]
    with open_storage(durable.over_tcp(durable.new_database()), pool_size=WRITERS, connect_timeout=2) as storage:
        storage.migrations.upgrade()
        with ThreadPoolExecutor(WRITERS) as threads:
            writers = [threads.submit(write, storage, name, ledger, enough) for name in names]
            try:
                for _ in range(KILLS):
                    ledger.wait_for_more(WRITES_BETWEEN_KILLS, LIMIT)
                    durable.kill()
                    durable.start()
                ledger.wait_for_more(WRITES_BETWEEN_KILLS, LIMIT)
            finally:
                enough.set()
        # What is no error of ours ended its writer, and is raised here.
        assert [writer.result() for writer in writers] == [None] * WRITERS
        engines = list(storage.engines.scan())
    check_ledger(ledger, engines)


def check_ledger(ledger: Ledger, engines: list[Engine]) -> None:
    """Check that all that was acknowledged is there, all that was refused is not, and nothing is there by half."""
    stored = Counter(engine.title for engine in engines)
    assert ledger.acknowledged - set(stored) == set()
    assert ledger.refused & set(stored) == set()
    assert set(stored) <= ledger.acknowledged | ledger.unknown
    assert [title for title, number in stored.items() if number != wanted(title)] == []


def wanted(title: str) -> int:
    """Return how many engines have that title when its writing was done: odd numbers are single ones."""
    return 1 if int(title.rpartition("-")[2]) % 2 else 2


def test_no_acknowledged_write_is_lost_when_the_client_of_an_sqlite_file_is_killed(tmp_path: Path) -> None:
    file = tmp_path / "engines.db"
    acknowledged: set[str] = set()
    with open_storage(f"sqlite:///{file}") as storage:
        storage.migrations.upgrade()
    for run in range(KILLS):
        acknowledged |= killed_writer(file, str(run))
        with closing(sqlite3.connect(file)) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    with open_storage(f"sqlite:///{file}") as storage:
        stored = Counter(engine.title for engine in storage.engines.scan())
    assert len(acknowledged) >= KILLS * WRITES_BETWEEN_KILLS
    assert acknowledged - set(stored) == set()
    assert set(stored.values()) == {2}
    # A client may be killed between the commit and the line that tells of it.
    assert len(set(stored) - acknowledged) <= KILLS


def killed_writer(file: Path, name: str) -> set[str]:
    """Run a client, kill it in the middle of its work, and return what it was told to be stored."""
    command = [sys.executable, "-c", SQLITE_WRITER, f"sqlite:///{file}", name]
    root = Path(__file__).parents[2]
    with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True) as client:
        assert client.stdout is not None
        told = [client.stdout.readline() for _ in range(WRITES_BETWEEN_KILLS)]
        client.kill()
        told += client.stdout.readlines()
    return {line.rstrip("\n") for line in told if line.endswith("\n")}
