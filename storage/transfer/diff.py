"""Two streams in id order as one of pairs, and what is to be done about a pair."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from storage.entity import Description
from storage.transfer.canonical import Canonical
from storage.transfer.progress import Progress
from storage.transfer.rows import Row
from storage.transfer.sources import Source


class Fate(StrEnum):
    """What becomes of the rows with one id; the value says it of the destination."""

    EQUAL = "equal"
    ADD = "added"
    UPDATE = "updated"
    OVERWRITE = "overwritten"
    DELETE = "deleted"
    EXTRA = "only at the destination"
    NEWER = "newer at the destination"
    DIFFERENT = "different at the same version"


#: Fates that the destination's row is written for.
PUTS = frozenset({Fate.ADD, Fate.UPDATE, Fate.OVERWRITE})
#: Fates that leave a difference which another choice would have removed.
LEFT = frozenset({Fate.NEWER, Fate.DIFFERENT})


@dataclass(frozen=True, slots=True)
class Choice:
    """What a merge may do beside adding rows and bringing newer versions.

    ``delete``: rows missing from the source are deleted. ``overwrite``: rows that are newer at the destination, or
    differ at the same version, become the source's. With both, the destination ends equal.
    """

    delete: bool = False
    overwrite: bool = False


def merge(left: Iterator[Row], right: Iterator[Row]) -> Iterator[tuple[Row | None, Row | None]]:
    """Yield the rows of both in id order, those with one id as a pair, the others with ``None``."""
    one, other = next(left, None), next(right, None)
    while one is not None or other is not None:
        if other is None or (one is not None and one.id < other.id):
            yield one, None
            one = next(left, None)
        elif one is None or other.id < one.id:
            yield None, other
            other = next(right, None)
        else:
            yield one, other
            one, other = next(left, None), next(right, None)


def pairs_told(
    doing: str, description: Description[Any], left: Source, right: Source, progress: Progress
) -> Iterable[tuple[Row | None, Row | None]]:
    """Yield what ``merge`` makes of the rows of an entity in two places, and tell how far that has come."""
    pairs = merge(left.rows(description), right.rows(description))
    return progress.over(f"{doing} {description.name}", left.count(description), pairs)


def decide(canonical: Canonical[object], choice: Choice, source: Row | None, destination: Row | None) -> Fate:
    """Return what becomes of a pair: newer versions win."""
    if source is None:
        return Fate.DELETE if choice.delete else Fate.EXTRA
    if destination is None:
        return Fate.ADD
    if canonical.is_same(source, destination):
        return Fate.EQUAL
    # A version of another type is no version: nothing can be said of which row is the newer one.
    comparable = type(source.version) is type(destination.version) is int
    if comparable and source.version > destination.version:
        return Fate.UPDATE
    if choice.overwrite:
        return Fate.OVERWRITE
    return Fate.NEWER if comparable and source.version < destination.version else Fate.DIFFERENT
