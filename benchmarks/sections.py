"""The parts of a run: each is a module with ``measure(places, sizes)``, which yields rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import import_module

from benchmarks.places import Places
from benchmarks.results import Row
from benchmarks.sizes import Sizes

Measure = Callable[[Places, Sizes], Iterator[Row]]

SECTIONS: dict[str, str] = {
    "calls": "benchmarks.calls",
    "bulk": "benchmarks.bulk",
    "growth": "benchmarks.growth",
    "load": "benchmarks.load",
    "web": "benchmarks.web",
    "moving": "benchmarks.moving",
    "starting": "benchmarks.starting",
    "counter": "benchmarks.counter",
}


def measure_of(name: str) -> Measure:
    """Return what measures a section."""
    measure: Measure = import_module(SECTIONS[name]).measure
    return measure
