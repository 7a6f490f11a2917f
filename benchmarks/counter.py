"""MongoDB's counter of ids: how many engines a second are added from blocks of one size and another."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from benchmarks.goals import MONGODB
from benchmarks.places import Places
from benchmarks.results import Row
from benchmarks.rounds import cost, race
from benchmarks.sizes import Sizes

BLOCKS = (10, 100, 1_000, 10_000)


def measure(places: Places, sizes: Sizes) -> Iterator[Row]:
    """Yield what an id costs when that many are taken at once, against one by one."""
    with places.storage(MONGODB) as storage:
        repository: Any = storage.engines
        take = partial(repository.ids.take, repository.connections.storage.pool.work)
        for block in BLOCKS:
            times = race({"one": partial(take, 1), "block": partial(take, block)}, sizes)
            times["block"].wall = [seconds / block for seconds in times["block"].wall]
            yield cost(MONGODB, f"an id from a block of {block:,}", "an id by itself", times["block"], times["one"])
