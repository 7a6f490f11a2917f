"""Measuring side by side: short rounds of each side in turn, on the clock and in the thread's own CPU time.

Other programs slow all sides of a round alike, so ratios stand where figures do not. Which side begins
changes from round to round.
"""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import repeat

from benchmarks.goals import CPU, WALL
from benchmarks.results import Row
from benchmarks.sizes import Sizes

#: Ours among the sides.
OURS = "Engine Room"

Call = Callable[[], object]


@dataclass(slots=True)
class Times:
    """Seconds a call, one figure for each round."""

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)


def race(sides: Mapping[str, Call], sizes: Sizes, *, warm_up: int = 20) -> dict[str, Times]:
    """Time short calls: each side calls as often in a round as fits into its seconds."""
    times = {name: Times() for name in sides}
    calls = {name: calls_within(call, sizes.seconds, warm_up) for name, call in sides.items()}
    for number in range(sizes.rounds):
        for name in in_turn(list(sides), number):
            time_calls(sides[name], calls[name], times[name])
    return times


def race_in_bulk(sides: Mapping[str, Call], prepare: Call, rounds: int) -> dict[str, Times]:
    """Time long calls, one a round, after ``prepare`` has made the same beginning for each."""
    times = {name: Times() for name in sides}
    for number in range(rounds):
        for name in in_turn(list(sides), number):
            prepare()
            gc.collect()
            time_calls(sides[name], 1, times[name])
    return times


def in_turn(names: list[str], number: int) -> list[str]:
    """Return the sides in the order of a round: each begins once, then the next."""
    first = number % len(names)
    return names[first:] + names[:first]


def time_calls(call: Call, number: int, times: Times) -> None:
    """Call a number of times and keep what a call took."""
    cpu, wall = time.thread_time(), time.perf_counter()
    for _ in repeat(None, number):
        call()
    times.wall.append((time.perf_counter() - wall) / number)
    times.cpu.append((time.thread_time() - cpu) / number)


def calls_within(call: Call, seconds: float, warm_up: int) -> int:
    """Warm up, and return how many calls take about as many seconds."""
    for _ in range(warm_up):
        call()
    start = time.perf_counter()
    for _ in range(warm_up):
        call()
    return max(1, round(seconds * warm_up / (time.perf_counter() - start)))


def speed(place: str, work: str, peer: str, ours: Times, theirs: Times, compared: str = WALL) -> Row:
    """Return the row that says how many times the peer's speed ours is."""
    mine, others = (ours.cpu, theirs.cpu) if compared == CPU else (ours.wall, theirs.wall)
    ratios = [other / own for own, other in zip(mine, others, strict=True)]
    own, other = statistics.median(mine), statistics.median(others)
    return row(place, work, peer, compared, own, other, other / own, ratios)


def cost(place: str, work: str, peer: str, ours: Times, theirs: Times) -> Row:
    """Return the row that says how many times the peer's cost ours is."""
    ratios = [own / other for own, other in zip(ours.wall, theirs.wall, strict=True)]
    own, other = statistics.median(ours.wall), statistics.median(theirs.wall)
    return row(place, work, peer, WALL, own, other, own / other, ratios)


def speeds(place: str, work: str, times: Mapping[str, Times], *compared: str) -> list[Row]:
    """Return a row for each peer of a race, and for each of what is compared."""
    return [
        speed(place, work, peer, times[OURS], theirs, what)
        for peer, theirs in times.items()
        if peer != OURS
        for what in compared or (WALL,)
    ]


def row(
    place: str, work: str, peer: str, compared: str, own: float, other: float, ratio: float, ratios: Sequence[float]
) -> Row:
    """Return a row of times in the unit that suits them."""
    low, _, high = statistics.quantiles(ratios, n=4) if len(ratios) > 1 else (ratios[0],) * 3
    unit, factor = next((u, f) for u, f, least in UNITS if max(own, other) >= least)
    return Row(place, work, peer, compared, unit, own * factor, other * factor, ratio, low, high)


UNITS = (("s", 1, 1.0), ("ms", 1e3, 1e-3), ("µs", 1e6, 0.0))
