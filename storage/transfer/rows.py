"""Reading every row of an entity, also where some hold what no entity can be made of.

Rows that are read are trusted, and a value of a wrong type mostly arrives as it is. Of some, such as text in the
place of a moment, the backend can make no entity at all: these arrive as ``Unreadable``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from storage.entity import LARGEST_ID, Description
from storage.errors import Invalid
from storage.query import Filter
from storage.repository import Repository

#: What reading a value of a wrong type raises.
WRONG_VALUE = (TypeError, ValueError, AttributeError, OverflowError)

#: The most rows, or differences, that are told one by one.
MOST_NAMED = 20


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A row that no entity can be made of, and why."""

    id: int
    reason: str
    version: None = None


#: An entity, or what stands in its place.
Row = Any


def problems_of(description: Description[Any], rows: Sequence[Row]) -> list[str | None]:
    """Return of each row what makes it impossible to store it, ``None`` if nothing does."""
    # All at once where all are well, as nearly always.
    with suppress(Invalid):
        description.stored_columns(rows)
        return [None] * len(rows)
    return [problem_of(description, row) for row in rows]


def problem_of(description: Description[Any], row: Row) -> str | None:
    """Return what makes it impossible to store a row, if anything does."""
    if type(row) is Unreadable:
        return f"cannot be read: {row.reason}"
    try:
        description.stored_values(row)
    except Invalid as error:
        return str(error)
    return None


def rows(repository: Repository[Any], searched: Repository[Any] | None = None) -> Iterator[Row]:
    """Yield every row in id order.

    ``searched``: where an unreadable row is looked for, if the repository is that of a snapshot, which an
    unreadable row breaks. ``Invalid`` for one that no id leads to.
    """
    first, searched_in_vain = 1, 0
    where = searched or repository
    while first <= LARGEST_ID:
        try:
            for entity in repository.scan(Filter("id", "ge", first)) if first > 1 else repository.scan():
                first = checked_id(entity) + 1
                yield entity
            return
        except WRONG_VALUE as error:
            reason = f"{type(error).__name__}: {error}"
        found = find_unreadable(where, first)
        if found is None:
            # Somebody has repaired or deleted it meanwhile, if the next scan does not meet it again.
            if searched_in_vain == first:
                raise Invalid({"rows": f"one cannot be read ({reason}), and none with an id from {first} on is it"})
            searched_in_vain = first
            continue
        if found > first:
            yield from stretch(where, first, found - 1)
        yield Unreadable(found, reason)
        first = found + 1


def checked_id(entity: Row) -> int:
    """Return the id; ``Invalid`` for one that has no place in the order of ids."""
    if type(entity.id) is not int:
        name = type(entity).__name__
        raise Invalid({"id": f"there is a row of {name} with the id {entity.id!r}, a {type(entity.id).__name__}"})
    return entity.id


def find_unreadable(repository: Repository[Any], first: int) -> int | None:
    """Return the smallest id from ``first`` on whose row cannot be read, ``None`` if all can.

    It is found by halving: with 64 looks, each of a page at most, among all ids.
    """
    low, high = first, LARGEST_ID
    while low < high:
        middle = (low + high) // 2
        if is_readable(repository, low, middle):
            low = middle + 1
        else:
            high = middle
    return None if is_readable(repository, low, low) else low


def is_readable(repository: Repository[Any], first: int, last: int) -> bool:
    """Return whether every row in a stretch of ids can be read."""
    try:
        for _ in stretch(repository, first, last):
            pass
    except WRONG_VALUE:
        return False
    return True


def stretch(repository: Repository[Any], first: int, last: int) -> Iterator[Any]:
    """Scan a stretch of ids."""
    return repository.scan(Filter("id", "ge", first), Filter("id", "le", last))
