"""Pages: an order, a limit and a cursor, checked here, once, for every backend."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Generic, TypeVar

from storage.entity import Description
from storage.errors import Invalid
from storage.query.cursor import Position, plain, read_cursor, write_cursor
from storage.query.filters import Condition, Filter, checked_filters

E = TypeVar("E")

LARGEST_LIMIT = 1000


@dataclass(frozen=True, slots=True)
class Order:
    """A total order: by the column, then by id in the same direction; ``None`` is smaller than any value."""

    column: str
    descending: bool
    nullable: bool


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of the order that one statement reads: the rows with a value, or those whose value is null.

    ``nulls``: ``None`` for a column that has no nulls. ``after``: start behind this position.
    """

    conditions: tuple[Condition, ...]
    order: Order
    nulls: bool | None
    after: Position | None


@dataclass(frozen=True, slots=True)
class Page(Generic[E]):
    """Some entities, and the cursor of what follows them; ``None`` on the last page."""

    items: list[E]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class Query(Generic[E]):
    """A checked question for one page."""

    description: Description[E]
    conditions: tuple[Condition, ...]
    order: Order
    limit: int
    position: Position | None

    def segments(self) -> Iterator[Segment]:
        """Yield what has to be read, one after another until the page is full.

        One predicate over values and nulls together is slow on every SQL engine, so a nullable order is two
        ranges: nulls come first ascending and last descending.
        """
        if not self.order.nullable:
            yield Segment(self.conditions, self.order, None, self.position)
            return
        for nulls in self.stretches():
            if self.position is None:
                yield Segment(self.conditions, self.order, nulls, None)
            elif (self.position.value is None) is nulls:
                yield Segment(self.conditions, self.order, nulls, self.position)
            elif nulls is self.order.descending:
                yield Segment(self.conditions, self.order, nulls, None)

    def stretches(self) -> Sequence[bool]:
        """Return which stretches of a nullable order can hold anything, in its direction: True for the nulls."""
        stretches = [False, True] if self.order.descending else [True, False]
        for condition in self.conditions:
            if condition.column == self.order.column and condition.operator != "ne":
                wanted = condition.operator == "is_null" and condition.value
                stretches = [nulls for nulls in stretches if nulls is wanted]
        return stretches

    def page(self, read: Callable[[Segment, int], Sequence[E]]) -> Page[E]:
        """Fill a page by ``read(segment, how many)``; one row more than asked for tells whether more follows."""
        items: list[E] = []
        for segment in self.segments():
            items += read(segment, self.limit + 1 - len(items))
            if len(items) > self.limit:
                break
        if len(items) <= self.limit:
            return Page(items, None)
        last: Any = items[self.limit - 1]
        position = Position(getattr(last, self.order.column), last.id)
        return Page(items[: self.limit], write_cursor(position, *scope(self.description, self.conditions, self.order)))


def checked_query(
    description: Description[E], filters: Sequence[Filter], order_by: str, limit: int, cursor: str | None
) -> Query[E]:
    """Check every part of a question; ``Invalid`` names each that is wrong."""
    conditions = checked_filters(description, filters)
    order = checked_order(description, order_by)
    if not isinstance(limit, int) or isinstance(limit, bool) or not 1 <= limit <= LARGEST_LIMIT:
        raise Invalid({"limit": f"must be a whole number from 1 to {LARGEST_LIMIT}"})
    position = None
    if cursor is not None:
        column = description.by_name[order.column]
        position = read_cursor(cursor, column, *scope(description, conditions, order))
    return Query(description, conditions, order, limit, position)


def checked_order(description: Description[E], order_by: str) -> Order:
    """Read ``thrust`` or ``-thrust``; a field without an index for its order is ``Invalid``."""
    name = order_by.removeprefix("-") if isinstance(order_by, str) else ""
    field = description.by_name.get(name)
    if field is None or not field.rule.sortable:
        sortable = [name for name, field in description.by_name.items() if field.rule.sortable]
        raise Invalid({"order_by": f"must be one of {', '.join(sortable)}, with - in front for descending"})
    return Order(name, order_by.startswith("-"), field.nullable)


def scope(description: Description[E], conditions: Sequence[Condition], order: Order) -> tuple[str, str, str]:
    """Return what a cursor belongs to: the entity, the order, and a fingerprint of the filters."""
    written = sorted(json.dumps([c.column, c.operator, plain(c.value)], sort_keys=True) for c in conditions)
    return description.name, "-" * order.descending + order.column, fingerprint("\n".join(written))


@lru_cache
def fingerprint(text: str) -> str:
    """Return what stands for filters in a cursor; most queries have none, or the same again."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]
