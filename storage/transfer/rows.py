"""Reading every row of an entity, also where some hold what no entity can be made of.

Rows that are read are trusted, and a value of a wrong type mostly arrives as it is. Of some, such as text in the
place of a moment, the backend can make no entity at all: these arrive as ``Unreadable``.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import Any

from storage.errors import Invalid
from storage.fields import LARGEST_ID
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


def rows(repository: Repository[Any], searched: Repository[Any] | None = None) -> Iterator[Row]:
    """Yield every row in id order.

    ``searched``: where an unreadable row is looked for, if the repository is that of a snapshot, which an
    unreadable row breaks.
    """
    last = 0
    while True:
        try:
            for entity in repository.scan(Filter("id", "gt", last)) if last else repository.scan():
                last = checked_id(entity)
                yield entity
        except WRONG_VALUE as error:
            found = yield from up_to_unreadable(searched or repository, last, f"{type(error).__name__}: {error}")
            last = found.id
        else:
            return


def checked_id(entity: Row) -> int:
    """Return the id; ``Invalid`` for one that has no place in the order of ids."""
    if type(entity.id) is not int:
        name = type(entity).__name__
        raise Invalid({"id": f"there is a row of {name} with the id {entity.id!r}, a {type(entity.id).__name__}"})
    return entity.id


def up_to_unreadable(repository: Repository[Any], last: int, reason: str) -> Generator[Row, None, Unreadable]:
    """Yield the rows after ``last`` up to and with the first that is unreadable, and return that one.

    It is found by halving: with 63 looks, each of a page at most, among all ids.
    """
    low, high = last + 1, LARGEST_ID
    while low < high:
        middle = (low + high) // 2
        if is_readable(repository, last, middle):
            low = middle + 1
        else:
            high = middle
    yield from repository.scan(Filter("id", "gt", last), Filter("id", "lt", low))
    unreadable = Unreadable(low, reason)
    yield unreadable
    return unreadable


def is_readable(repository: Repository[Any], after: int, up_to: int) -> bool:
    """Return whether every row in a stretch of ids can be read."""
    try:
        for _ in repository.scan(Filter("id", "gt", after), Filter("id", "le", up_to)):
            pass
    except WRONG_VALUE:
        return False
    return True
