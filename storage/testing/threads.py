"""Several threads that begin at the same moment, and what came of each."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from storage import TransactionConflict, VersionConflict

R = TypeVar("R")

THREADS = 8
PATIENCE = 60.0


def in_threads(function: Callable[[int], R], threads: int = THREADS) -> list[R]:
    """Call ``function(number)`` in as many threads at once; return the results, or raise the first error."""
    start = threading.Barrier(threads, timeout=PATIENCE)

    def begin(number: int) -> R:
        start.wait()
        return function(number)

    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(begin, range(threads), timeout=PATIENCE))


def until_done(function: Callable[[], R]) -> R:
    """Call a function until nobody else was faster, as a caller that passes versions does."""
    while True:
        try:
            return function()
        except (VersionConflict, TransactionConflict):
            continue
