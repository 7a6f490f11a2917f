"""A mixed load from threads and from processes: 80 % get, 10 % page, 10 % versioned update; no update may be lost."""

from __future__ import annotations

import multiprocessing
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from random import Random
from typing import Any

from benchmarks.calls import url_of
from benchmarks.goals import POSTGRESQL
from benchmarks.peers.pooled_psycopg import PooledPsycopg
from benchmarks.places import Places
from benchmarks.results import Row
from benchmarks.rounds import OURS, in_turn
from benchmarks.samples import engines
from benchmarks.sizes import Sizes
from storage import Storage, VersionConflict, open_storage

THREADS = (1, 2, 4, 8, 16)
PROCESSES = 4
POOL = 5
PAGE = 100
RAW = "psycopg"


@dataclass(frozen=True, slots=True)
class Load:
    """What one run of the load gave: calls a second, the seconds of each call, the updates acknowledged."""

    throughput: float
    calls: list[float]
    updates: int


class Ours:
    """A storage at the work."""

    def __init__(self, storage: Storage) -> None:
        self.storage = storage
        self.get = storage.engines.get

    def page(self) -> object:
        """Read a page."""
        return self.storage.engines.find(limit=PAGE)

    def update(self, id: int, thrust: int) -> bool:
        """Change one engine at the version that was read; say whether nobody was faster."""
        try:
            self.storage.engines.update(id, {"thrust": thrust}, version=self.get(id).version)
        except VersionConflict:
            return False
        return True

    def close(self) -> None:
        """Close the storage."""
        self.storage.close()


def measure(places: Places, sizes: Sizes) -> Iterator[Row]:
    """Yield throughput, median and 99th percentile from each number of threads, then from processes."""
    with places.storage(POSTGRESQL) as storage:
        storage.engines.add_many(engines(sizes.rows))
        url = url_of(storage)
        sides: dict[str, Callable[[], Any]] = {OURS: partial(open_ours, url), RAW: partial(PooledPsycopg, url, POOL)}
        for number in THREADS:
            run = partial(from_threads, number=number, calls=sizes.counted, rows=sizes.rows)
            yield from compare(f"mixed load, {threads(number)}", storage, sides, run, sizes.bulk_rounds)
        run = partial(from_processes, calls=sizes.counted, rows=sizes.rows)
        yield from compare(f"mixed load, {PROCESSES} processes", storage, sides, run, sizes.bulk_rounds)


def threads(number: int) -> str:
    """Return how many threads there are, in words that can be read."""
    return f"{number} thread{'s' * (number > 1)}"


def open_ours(url: str) -> Ours:
    """Return ours on a pool of the size that the driver has."""
    return Ours(open_storage(url, pool_size=POOL))


def compare(
    work: str, storage: Storage, sides: dict[str, Callable[[], Any]], run: Callable[..., Load], rounds: int
) -> Iterator[Row]:
    """Yield the three rows of a load, after seeing that each acknowledged update is there and the pool was kept."""
    loads: dict[str, list[Load]] = {name: [] for name in sides}
    for number in range(rounds):
        for name in in_turn(list(sides), number):
            before = versions(storage)
            loads[name].append(run(storage, sides[name]))
            if versions(storage) - before != loads[name][-1].updates:
                raise AssertionError(f"{work}: {name} has lost an update, or was told of one that is not there")
    figures = {
        "calls a second": lambda load: load.throughput,
        "median of a call": lambda load: 1 / quantile(load.calls, 50),
        "99th percentile of a call": lambda load: 1 / quantile(load.calls, 99),
    }
    for compared, speed in figures.items():
        yield row(work, compared, [[speed(load) for load in loads[name]] for name in (OURS, RAW)])


def quantile(seconds: list[float], percent: int) -> float:
    """Return the time below which that many of the calls stay."""
    return statistics.quantiles(seconds, n=100, method="inclusive")[percent - 1]


def row(work: str, compared: str, speeds: list[list[float]]) -> Row:
    """Return the row of speeds, ours first; times are shown as times."""
    ratios = [own / other for own, other in zip(*speeds, strict=True)]
    own, other = map(statistics.median, speeds)
    low, _, high = statistics.quantiles(ratios, n=4) if len(ratios) > 1 else (ratios[0],) * 3
    shown = (own, other, "/s") if compared == "calls a second" else (1e3 / own, 1e3 / other, "ms")
    return Row(POSTGRESQL, work, RAW, compared, shown[2], shown[0], shown[1], own / other, low, high)


def versions(storage: Any) -> int:
    """Return the sum of all versions, which grows by 1 with each update."""
    with storage.engine.connect() as connection:
        return int(connection.exec_driver_sql("SELECT sum(version) FROM engine").scalar())


def connections(storage: Any) -> int:
    """Return how many connections there are to the database, this one not among them."""
    counting = "SELECT count(*) - 1 FROM pg_stat_activity WHERE datname = current_database()"
    with storage.engine.connect() as connection:
        return int(connection.exec_driver_sql(counting).scalar())


def from_threads(storage: Storage, open_side: Callable[[], Any], *, number: int, calls: int, rows: int) -> Load:
    """Run the load from threads that begin together; no connection may be opened beyond the pool."""
    before = connections(storage)
    with closing(open_side()) as side, ThreadPoolExecutor(number) as pool:
        warm = mixed(side, 50, rows, seed=99)
        gate = threading.Barrier(number + 1)
        running = [pool.submit(mixed, side, calls // number, rows, seed, gate.wait) for seed in range(number)]
        gate.wait()
        start = time.perf_counter()
        parts = [one.result() for one in running]
        elapsed = time.perf_counter() - start
        if connections(storage) - before > POOL:
            raise AssertionError(f"{connections(storage) - before} connections for a pool of {POOL}")
    return Load(calls // number * number / elapsed, joined(parts), sum(part.updates for part in [warm, *parts]))


def from_processes(_storage: Storage, open_side: Callable[[], Any], *, calls: int, rows: int) -> Load:
    """Run the load from processes, each with a pool of its own, and add up what each of them reached."""
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(PROCESSES, mp_context=spawn) as pool:
        work = partial(in_process, open_side, calls // PROCESSES, rows)
        parts = list(pool.map(work, range(PROCESSES)))
    return Load(sum(part.throughput for part in parts), joined(parts), sum(part.updates for part in parts))


def in_process(open_side: Callable[[], Any], calls: int, rows: int, seed: int) -> Load:
    """Run the load of one process."""
    with closing(open_side()) as side:
        warm = mixed(side, 50, rows, seed + 100)
        load = mixed(side, calls, rows, seed)
    return Load(load.throughput, load.calls, warm.updates + load.updates)


def joined(parts: list[Load]) -> list[float]:
    """Return the times of all calls of all parts."""
    return [seconds for part in parts for seconds in part.calls]


def mixed(side: Any, calls: int, rows: int, seed: int, begin: Callable[[], object] = int) -> Load:
    """Call, and time each call; the same calls for the same seed."""
    chance, times, updates = Random(seed), [], 0
    begin()
    start = time.perf_counter()
    for _ in range(calls):
        kind, id = chance.randrange(10), chance.randint(1, rows)
        called = time.perf_counter()
        if kind == 0:
            side.page()
        elif kind == 1:
            updates += side.update(id, chance.randrange(1000))
        else:
            side.get(id)
        times.append(time.perf_counter() - called)
    return Load(calls / (time.perf_counter() - start), times, updates)
