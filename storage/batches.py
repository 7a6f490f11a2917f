"""Batches of many rows, bounded by their number and by their bytes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

T = TypeVar("T")

#: How many rows one statement reads or writes at most.
BATCH = 1000
#: How many bytes they have at most, as far as their fields are declared: 16 MiB.
BATCH_BYTES = 2**24


def batched(items: Iterable[T], size: int = BATCH) -> Iterator[list[T]]:
    """Yield the items in lists of ``size``, the last one shorter; as ``itertools.batched`` of Python 3.12."""
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch


def rows_within(widest: int, most: int = BATCH) -> int:
    """Return how many rows of up to ``widest`` bytes a batch takes: at least one, and at most ``most``."""
    return max(1, min(most, BATCH_BYTES // widest))
