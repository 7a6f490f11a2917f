"""What can be asked of a repository: filters, an order, a page; checked here, once, for every backend."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Generic, TypeVar

from storage.cursor import Position, plain, read_cursor, write_cursor
from storage.description import Description, Field
from storage.errors import Invalid
from storage.fields import Text, check_characters
from storage.search import KEY_FACTOR, prefix_end, search_key

E = TypeVar("E")

LARGEST_LIMIT = 1000
#: Engines bound the parameters of a statement, and the depth of what is asked; this is far below any of them.
MOST_FILTERS = 100
MOST_VALUES = 1000
COMPARISONS = ("eq", "ne", "lt", "le", "gt", "ge")
OPERATORS = (*COMPARISONS, "in", "is_null", "contains", "starts_with")


@dataclass(frozen=True, slots=True)
class Filter:
    """One condition: ``Filter("thrust", "ge", 2000)``, ``Filter("title", "contains", "rap")``.

    ``operator`` is one of ``eq ne lt le gt ge in is_null``, and on searchable text ``contains`` and
    ``starts_with``, which ignore case. Several filters of one query must all hold.
    """

    field: str
    operator: str
    value: object


@dataclass(frozen=True, slots=True)
class Condition:
    """A filter that was checked; backends translate these, and only these.

    ``operator`` is one of ``eq ne lt le gt ge`` (never with ``None``; ``ne`` holds for ``None`` too), ``in``
    (a sorted tuple, perhaps empty), ``is_null`` (a bool) and ``contains`` (on a search key).
    """

    column: str
    operator: str
    value: Any


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


def checked_filters(description: Description[E], filters: Sequence[Filter]) -> tuple[Condition, ...]:
    """Turn filters into conditions; ``Invalid`` names each field whose filter is wrong."""
    if len(filters) > MOST_FILTERS:
        raise Invalid({"filters": f"at most {MOST_FILTERS} can be combined, not {len(filters)}"})
    problems: dict[str, str] = {}
    conditions: list[Condition] = []
    for filter in filters:
        if not isinstance(filter, Filter):
            raise Invalid({"filters": f"must be Filter(field, operator, value), not {type(filter).__name__}"})
        try:
            conditions += conditions_of(description, filter)
        except ValueError as error:
            problems[str(filter.field)] = str(error)
    if problems:
        raise Invalid(problems)
    values = sum(len(condition.value) for condition in conditions if condition.operator == "in")
    if values > MOST_VALUES:
        raise Invalid({"filters": f"in can list at most {MOST_VALUES} values in one query, not {values}"})
    return tuple(conditions)


def conditions_of(description: Description[E], filter: Filter) -> list[Condition]:
    """Return the conditions that a filter means; ``ValueError`` says what is wrong with it."""
    field = description.by_name.get(filter.field) if isinstance(filter.field, str) else None
    if field is None:
        raise ValueError(f"is no field; the fields are {', '.join(description.by_name)}")
    name, value = field.name, filter.value
    match filter.operator:
        case "eq" | "ne" if value is None:
            return [Condition(name, "is_null", filter.operator == "eq")]
        case "eq" | "ne" | "lt" | "le" | "gt" | "ge":
            return [Condition(name, filter.operator, compared(field, value))]
        case "in":
            return [Condition(name, "in", several(field, value))]
        case "is_null":
            if not isinstance(value, bool):
                raise ValueError("is_null wants True or False")
            return [Condition(name, "is_null", value)]
        case "contains" | "starts_with" if name in description.searchable:
            return search_conditions(field, filter.operator, value)
        case "contains" | "starts_with":
            raise ValueError("cannot be searched")
        case _:
            raise ValueError(f"the operator must be one of {', '.join(OPERATORS)}")


def compared(field: Field, value: object) -> Any:
    """Check a value that a field is compared with, as the field's own would be."""
    if value is None:
        raise ValueError("cannot be compared with None: use is_null, eq or ne")
    return field.check(value)


def several(field: Field, values: object) -> tuple[Any, ...]:
    """Check the values of ``in``; sorted and each once, so that equal filters are equal."""
    if not isinstance(values, (list, tuple, set, frozenset)):
        raise ValueError(f"in wants a list, a tuple or a set, not {type(values).__name__}")
    return tuple(sorted({compared(field, value) for value in values}))


def search_conditions(field: Field, operator: str, value: object) -> list[Condition]:
    """Check a piece of text to search for; blanks at its ends count, and nothing is found everywhere."""
    assert isinstance(field.rule, Text)  # noqa: S101 - for the type checker: nothing else is searchable
    if not isinstance(value, str):
        raise ValueError(f"the text to search for must be text, not {type(value).__name__}")
    value = str.__str__(value)
    check_characters(value)
    key, wanted = f"{field.name}_key", search_key(value)
    if not wanted:
        return []
    if len(wanted) > KEY_FACTOR * field.rule.max_length:
        # It can be in no key, and engines bound the length of a pattern.
        return [Condition(key, "in", ())]
    if operator == "contains":
        return [Condition(key, "contains", wanted)]
    end = prefix_end(wanted)
    return [Condition(key, "ge", wanted)] + ([] if end is None else [Condition(key, "lt", end)])


def scope(description: Description[E], conditions: Sequence[Condition], order: Order) -> tuple[str, str, str]:
    """Return what a cursor belongs to: the entity, the order, and a fingerprint of the filters."""
    written = sorted(json.dumps([c.column, c.operator, plain(c.value)], sort_keys=True) for c in conditions)
    return description.name, "-" * order.descending + order.column, fingerprint("\n".join(written))


@lru_cache
def fingerprint(text: str) -> str:
    """Return what stands for filters in a cursor; most queries have none, or the same again."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]
