"""Several threads that begin at the same moment, and what came of each."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

from storage import TransactionConflict, VersionConflict
from storage.testing.strategies import EXAMPLES

R = TypeVar("R")

THREADS = 8

#: How often each of them does what it does.
ROUNDS = 10

#: Seconds that may pass before all threads, or a process, have come so far.
PATIENCE = 60.0


def in_threads(function: Callable[[int], R], threads: int = THREADS) -> list[R]:
    """Call ``function(number)`` in as many threads at once; return the results, or raise the first error."""
    start = threading.Barrier(threads, timeout=PATIENCE)

    def begin(number: int) -> R:
        start.wait()
        return function(number)

    with impatience(), ThreadPoolExecutor(threads) as pool:
        return list(pool.map(begin, range(threads)))


@contextmanager
def impatience() -> Iterator[None]:
    """Have the interpreter change threads as often as it can, so that what is not atomic shows."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        yield
    finally:
        sys.setswitchinterval(interval)


def workload() -> tuple[int, int]:
    """Return how many threads are to work, and how often each; where more is asked for, 16 share that many."""
    asked = int(os.environ.get(EXAMPLES, 0))
    return (16, asked // 16) if asked else (THREADS, ROUNDS)


def until_done(function: Callable[[], R]) -> R:
    """Call a function until nobody else was faster, as a caller that passes versions does."""
    while True:
        try:
            return function()
        except (VersionConflict, TransactionConflict):
            continue
