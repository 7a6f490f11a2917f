"""No update is lost: whoever passes the version, and tries again after a version conflict, adds to the sum."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle, repeat

import pytest

from storage import Engine, Storage, TransactionConflict, VersionConflict, open_storage
from tests.servers import KINDS

THREADS = 16
ENGINES = 8
INCREMENTS = int(os.environ.get("TEST_INCREMENTS", "1000"))


@pytest.fixture(params=KINDS)
def crowded(request: pytest.FixtureRequest, make_database: Callable[[str], str]) -> Iterator[Storage]:
    """A storage of each kind with a connection for each thread."""
    with open_storage(make_database(request.param), pool_size=THREADS, lock_timeout=60) as storage:
        storage.migrations.upgrade()
        yield storage


def increment(storage: Storage, id: int) -> int:
    """Add 1 to the thrust, however often somebody is faster; return how often it was tried."""
    attempts = 0
    while True:
        attempts += 1
        engine = storage.engines.get(id)
        try:
            storage.engines.update(id, {"thrust": engine.thrust + 1}, version=engine.version)
            return attempts
        except (VersionConflict, TransactionConflict):
            continue


def test_the_sum_of_versioned_increments_from_sixteen_threads_is_what_was_acknowledged(crowded: Storage) -> None:
    ids = [engine.id or 0 for engine in crowded.engines.add_many([Engine("Raptor")] * ENGINES)]
    with ThreadPoolExecutor(THREADS) as threads:
        attempts = list(threads.map(increment, repeat(crowded, INCREMENTS), cycle(ids)))
    engines = crowded.engines.get_many(ids)
    assert sum(engine.thrust for engine in engines) == len(attempts) == INCREMENTS
    assert sum(engine.version - 1 for engine in engines) == INCREMENTS
    assert sum(attempts) > INCREMENTS, "the threads were never in each other's way"
