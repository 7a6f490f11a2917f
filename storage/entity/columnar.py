"""Many entities column by column: the values of each field in a list, all lists of one length.

What is checked and converted column by column takes a third of the time that it takes entity by entity.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import repeat
from typing import Any

Columns = dict[str, list[Any]]
Values = dict[str, Any]


def height(columns: Columns) -> int:
    """Return how many entities there are."""
    return len(next(iter(columns.values())))


def columns_of(values: Mapping[str, Any]) -> Columns:
    """Return the values of one entity by column."""
    return {name: [value] for name, value in values.items()}


def by_row(columns: Columns) -> Iterator[Values]:
    """Yield the values of each entity by name."""
    return map(dict, map(zip, repeat(tuple(columns)), zip(*columns.values(), strict=True)))


def picked(columns: Columns, places: Sequence[int]) -> Columns:
    """Return the entities at some places, in the order of the places."""
    return {name: list(map(column.__getitem__, places)) for name, column in columns.items()}


def sliced(columns: Columns, size: int) -> Iterator[Columns]:
    """Yield the entities in columns of ``size``, the last ones shorter."""
    for start in range(0, height(columns), size):
        yield {name: column[start : start + size] for name, column in columns.items()}


def sliced_by_bytes(columns: Columns, limit: int) -> Iterator[Columns]:
    """Yield the entities in columns whose values take at most ``limit`` bytes as literals of SQL, but at least one."""
    start = size = 0
    for place, row in enumerate(zip(*columns.values(), strict=True)):
        width = sum(map(literal_bytes, row))
        if place > start and size + width > limit:
            yield {name: column[start:place] for name, column in columns.items()}
            start, size = place, 0
        size += width
    yield {name: column[start:] for name, column in columns.items()}


def literal_bytes(value: object) -> int:
    """Return how many bytes a value takes as a literal at most: each sign of a text may be escaped."""
    return 2 * len(value.encode()) + 8 if isinstance(value, str) else 40


def naive(moments: Iterable[datetime | None]) -> list[datetime | None]:
    """Return moments in UTC without their zone, as drivers take them."""
    return [moment and moment.replace(tzinfo=None) for moment in moments]


def aware(moments: Iterable[datetime | None]) -> list[datetime | None]:
    """Return moments with their zone."""
    return [moment and moment.replace(tzinfo=UTC) for moment in moments]
