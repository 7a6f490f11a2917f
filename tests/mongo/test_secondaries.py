"""A URL that leads to one secondary of a replica set: reads work, and whatever writes is refused before it is sent."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from storage import Engine, ReadOnly, Storage, open_storage
from storage.mongo.migrations import VERSIONS
from tests.mongo.secondary import Secondary

RAPTOR = {"_id": 1, "title": "Raptor", "thrust": 2300, "last_fired": None, "version": 1}


@pytest.fixture
def secondary() -> Iterator[Secondary]:
    with open_storage("mongodb://localhost") as unused:
        records = [{"_id": revision.id, "complete": True} for revision in unused.migrations.history()]
    with Secondary({VERSIONS: records, "engine": [RAPTOR]}) as server:
        yield server


@pytest.fixture
def storage(secondary: Secondary) -> Iterator[Storage]:
    with open_storage(secondary.url) as opened:
        yield opened


def begin(storage: Storage) -> None:
    with storage.transaction():
        raise AssertionError("the transaction began")


WRITES: dict[str, Callable[[Storage], object]] = {
    "add": lambda storage: storage.engines.add(Engine("Merlin")),
    "add_many": lambda storage: storage.engines.add_many([Engine("Merlin")]),
    "update": lambda storage: storage.engines.update(1, {"thrust": 1}),
    "delete": lambda storage: storage.engines.delete(1),
    "put_many": lambda storage: storage.engines.put_many([Engine("Merlin", id=50, version=1)]),
    "reserve_ids": lambda storage: storage.engines.reserve_ids(50),
    "transaction": begin,
    "stamp": lambda storage: storage.migrations.stamp("head"),
    "withdraw": lambda storage: storage.migrations.withdraw(),
}


def test_reads_work(storage: Storage) -> None:
    assert storage.engines.get(1) == Engine("Raptor", 2300, None, 1, 1)
    assert [engine.id for engine in storage.engines.scan()] == [1]


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_a_write_is_read_only_and_is_not_sent(
    storage: Storage, secondary: Secondary, write: Callable[[Storage], object]
) -> None:
    with pytest.raises(ReadOnly, match="leave directConnection=true out"):
        write(storage)
    assert secondary.written == []
    assert storage.connections_in_use() == 0
