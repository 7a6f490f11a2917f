"""Batches are bounded by their bytes as well as by their rows, and a row that is too large is refused for good."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Annotated, Any

import pytest
from pymongo.monitoring import CommandListener
from sqlalchemy import Engine as SqlEngine
from sqlalchemy import create_engine, event

from storage import Engine, Filter, PutResult, Repository, Storage, Unavailable, open_storage
from storage.batches import BATCH_BYTES, rows_within
from storage.entity import Text, describe
from storage.mongo import open_backend
from storage.options import Options
from storage.sql import SqlStorage
from tests.conftest import MakeDatabase
from tests.databases import mongo_client
from tests.probe_places import make_place
from tests.running import RunningServers
from tests.servers import MariaDB, MySQL, PrivateServer

PACKET = 65_536
ROWS = 11
#: Of these rows, a batch of the tests takes so many.
ROWS_AT_ONCE = 4


@dataclass(frozen=True, slots=True)
class Wide:
    """An entity whose rows are as wide as any server takes."""

    note: Annotated[str, Text(16_360)]
    number: Annotated[str | None, Text(5)] = None
    id: int | None = None
    version: int = 0


WIDEST = Wide("\U0001f680" * 16_360)


def seen_by_engine(engine: SqlEngine) -> list[int]:
    """Return a list to which each statement adds how many rows it is of."""
    seen: list[int] = []

    def hear(_connection: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, many: bool) -> None:
        _, limited, number = statement.partition("LIMIT ")
        if many:
            seen.append(len(parameters))
        elif limited:
            seen.append(int(number.split()[0]))
        elif "FROM wide WHERE wide.id IN" in " ".join(statement.split()):
            seen.append(len(parameters))

    event.listen(engine, "before_cursor_execute", hear)
    return seen


class RowsSeen(CommandListener):
    """What hears how many documents a command is of."""

    def __init__(self) -> None:
        self.seen: list[int] = []

    def started(self, said: Any) -> None:
        command = said.command
        for key in ("documents", "updates"):
            self.seen += [len(command[key])] if key in command else []
        if said.command_name == "find" and "$in" in command["filter"].get("_id", {}):
            self.seen.append(len(command["filter"]["_id"]["$in"]))
        elif said.command_name in ("find", "getMore") and "batchSize" in command:
            self.seen.append(command["batchSize"])

    def succeeded(self, _: Any) -> None:
        pass

    def failed(self, _: Any) -> None:
        pass


@contextmanager
def watched(url: str) -> Iterator[tuple[Storage, list[int]]]:
    """Open a storage of wide rows; yield it with a list of how many rows each of its statements is of."""
    with open_storage(url, entities=[Wide]) as storage:
        storage.migrations.upgrade()
        make_place(storage, Wide)
    if url.startswith("mongodb"):
        listener = RowsSeen()
        with (
            mongo_client(url, event_listeners=[listener]) as client,
            open_storage(client, entities=[Wide]) as storage,
        ):
            yield storage, listener.seen
    else:
        with open_storage(url, entities=[Wide]) as storage:
            assert isinstance(storage, SqlStorage)
            yield storage, seen_by_engine(storage.engine)


def test_no_statement_is_of_more_bytes_than_a_batch(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("storage.batches.BATCH_BYTES", ROWS_AT_ONCE * describe(Wide).widest_row)
    with watched(database_url) as (storage, seen):
        repository = storage.repository(Wide)
        added = repository.add_many([replace(WIDEST, number=str(number)) for number in range(ROWS)])
        assert list(repository.scan()) == added
        assert repository.get_many(one.id for one in added) == added
        moved = [replace(one, version=2) for one in added[1:]] + [replace(one, id=one.id + 100) for one in added]
        assert repository.put_many(moved) == PutResult(added=ROWS, replaced=ROWS - 1, kept=0)
        assert repository.count() == 2 * ROWS
        assert len(seen) > 3 * ROWS // ROWS_AT_ONCE
        assert max(seen) <= ROWS_AT_ONCE


def test_a_batch_of_narrow_rows_is_bounded_by_their_number() -> None:
    assert rows_within(describe(Engine).widest_row) == 1000
    assert rows_within(describe(Wide).widest_row) == BATCH_BYTES // describe(Wide).widest_row == 256
    assert rows_within(BATCH_BYTES + 1) == 1


@pytest.fixture(scope="module")
def small_servers() -> Iterator[RunningServers[PrivateServer]]:
    """MariaDB and MySQL that take 64 KB at once, by kind."""
    kinds: dict[str, Callable[..., PrivateServer]] = {"mariadb": MariaDB, "mysql": MySQL}
    servers = RunningServers(lambda kind: kinds[kind]("--max-allowed-packet=64K"))
    yield servers
    servers.close()


@pytest.fixture(params=["mariadb", "mysql"])
def small_url(request: pytest.FixtureRequest, small_servers: RunningServers[PrivateServer]) -> str:
    """The URL of an empty database on a server that takes 64 KB at once."""
    return small_servers[request.param].new_database()


@pytest.fixture(params=["a URL", "an engine"])
def small(request: pytest.FixtureRequest, small_url: str) -> Iterator[Storage]:
    """A storage there that keeps engines and wide rows, opened by its URL and by an engine that is handed in."""
    with open_storage(small_url, entities=[Engine, Wide]) as storage:
        storage.migrations.upgrade()
        make_place(storage, Wide)
        if request.param == "a URL":
            yield storage
            return
    engine = create_engine(storage.url.set(drivername="mysql+pymysql"), pool_size=1, max_overflow=0)
    with open_storage(engine, entities=[Engine, Wide]) as storage:
        yield storage
    engine.dispose()


def test_many_rows_go_in_as_many_packets_as_they_need(small: Storage) -> None:
    titles = [f"{number} " + "'\\\U0001f680" * 40 for number in range(3000)]
    added = small.engines.add_many(map(Engine, titles))
    assert list(small.engines.scan()) == added
    assert small.engines.get_many(one.id for one in added) == added
    changed = [replace(one, version=9, thrust=1) for one in added]
    assert small.engines.put_many(changed) == PutResult(0, 3000, 0)
    moved = [replace(one, id=one.id + 5000) for one in changed]
    assert small.engines.put_many(moved) == PutResult(3000, 0, 0)
    assert small.engines.count(Filter("id", "in", [one.id for one in moved[:1000]])) == 1000


def refused_for_good(repository: Repository[Any], too_large: Any, fits: Any) -> str:
    """See that a row that is too large is refused by each method and harms no other; return the sentence."""
    kept = repository.add(fits)
    calls: list[Callable[[], object]] = [
        lambda: repository.add(too_large),
        lambda: repository.add_many([fits, too_large]),
        lambda: repository.update(kept.id, {"note": too_large.note}),
        lambda: repository.put_many([replace(too_large, id=kept.id, version=9)]),
        lambda: repository.put_many([replace(too_large, id=kept.id + 99, version=9)]),
    ]
    for call in calls:
        with pytest.raises(Unavailable, match="wide cannot be stored: ") as raised:
            call()
        assert not raised.value.retryable
        assert not raised.value.may_have_been_applied
        assert repository.count() == 1
        assert repository.get(kept.id) == kept
    assert repository.add(fits).id > kept.id
    return str(raised.value)


def test_a_row_longer_than_a_packet_is_refused_for_good(small: Storage) -> None:
    said = refused_for_good(small.repository(Wide), WIDEST, Wide("fits" * 2000))
    assert "raise max_allowed_packet" in said
    assert f"max_allowed_packet is {PACKET}" in said
    assert "65" in said.partition("has ")[2] or "at least" in said


def test_a_row_longer_than_a_packet_breaks_only_its_transaction(small: Storage) -> None:
    def add_both() -> None:
        with small.transaction() as transaction:
            transaction.repository(Wide).add(Wide("fits"))
            transaction.repository(Wide).add(WIDEST)

    with pytest.raises(Unavailable, match="max_allowed_packet"):
        add_both()
    assert small.repository(Wide).count() == 0
    assert small.connections_in_use() == 0


def test_a_row_beyond_the_limit_of_sqlite_is_refused_for_good(make_database: MakeDatabase) -> None:
    with open_storage(make_database("sqlite"), entities=[Wide]) as storage:
        assert isinstance(storage, SqlStorage)
        event.listen(storage.engine, "connect", lambda one, _: one.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, 50_000))
        storage.migrations.upgrade()
        make_place(storage, Wide)
        said = refused_for_good(storage.repository(Wide), WIDEST, Wide("fits"))
        assert "SQLITE_LIMIT_LENGTH" in said


def test_a_document_beyond_the_limit_of_mongodb_is_refused_for_good(make_database: MakeDatabase) -> None:
    """No declaration admits one, so its description is made by hand."""
    description = describe(Wide)
    note, *others = description.fields
    wider = replace(description, fields=(replace(note, rule=Text(2**25)), *others))
    with open_backend(make_database("mongodb"), Options(), [wider]) as storage:
        storage.migrations.upgrade()
        make_place(storage, Wide)
        said = refused_for_good(storage.repository(Wide), Wide("a" * (2**24 + 2**15)), Wide("fits"))
        assert "maxBsonObjectSize of 16 MiB" in said
