"""Conditions, orders and pages as SQL. One form is quick on all three engines; the rest is in ``dialects``.

A statement is made from a question's shape, which is everything but its values, so that it is compiled once.
"""

from __future__ import annotations

import operator
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, cast

from sqlalchemy import (
    Column,
    ColumnElement,
    Select,
    Table,
    and_,
    bindparam,
    false,
    literal_column,
    or_,
    true,
    tuple_,
)

from storage.query import Condition, Order, Segment
from storage.sql.dialects import Dialect

COMPARISONS = {
    "eq": operator.eq,
    "ne": operator.ne,
    "lt": operator.lt,
    "le": operator.le,
    "gt": operator.gt,
    "ge": operator.ge,
}


class ConditionShape(NamedTuple):
    """A condition without its value: of ``in`` it has the number of values, of ``is_null`` whether it is."""

    column: str
    operator: str
    extent: int


class PageShape(NamedTuple):
    """A segment of an order without its values; ``number`` is how many rows are read at most."""

    conditions: tuple[ConditionShape, ...]
    order: Order
    nulls: bool | None
    behind: bool
    number: int


def shape_of(conditions: Sequence[Condition]) -> tuple[ConditionShape, ...]:
    """Return the conditions without their values."""
    return tuple([ConditionShape(one.column, one.operator, extent(one)) for one in conditions])


def page_shape(segment: Segment, number: int) -> PageShape:
    """Return a segment without its values."""
    behind = segment.after is not None
    return PageShape(shape_of(segment.conditions), segment.order, segment.nulls, behind, number)


def extent(condition: Condition) -> int:
    """Return the part of a condition's value that is in its statement."""
    match condition.operator:
        case "in":
            return rounded(len(condition.value))
        case "is_null":
            return int(condition.value)
    return 0


def rounded(number: int) -> int:
    """Return the next power of two, so that lists of any length make few statements."""
    return 1 << (number - 1).bit_length() if number else 0


def padded(values: Sequence[Any]) -> list[Any]:
    """Return the values for ``in``, the last one as often as its statement wants."""
    return [*values, *[values[-1]] * (rounded(len(values)) - len(values))]


def condition_values(conditions: Sequence[Condition]) -> Iterator[tuple[str, Any]]:
    """Yield the values of conditions under the names that ``where`` gives them."""
    for place, condition in enumerate(conditions):
        match condition.operator:
            case "in":
                if condition.value:
                    yield from listed(place, padded(condition.value))
            case "is_null":
                pass
            case _:
                yield f"c{place}", condition.value


def listed(place: int, values: Sequence[Any]) -> Iterator[tuple[str, Any]]:
    """Yield the values of ``in`` under their names."""
    for number, value in enumerate(values):
        yield f"c{place}_{number}", value


def page_values(segment: Segment) -> dict[str, Any]:
    """Return the values of a segment under the names that ``page`` gives them."""
    values = dict(condition_values(segment.conditions))
    if segment.after is not None:
        values["after_id"] = segment.after.id
        values["after"] = segment.after.value
    return values


def where(table: Table, shape: Sequence[ConditionShape], dialect: Dialect) -> list[ColumnElement[bool]]:
    """Return the conditions as clauses, all of which must hold."""
    return [clause(table, condition, place, dialect) for place, condition in enumerate(shape)]


def clause(table: Table, condition: ConditionShape, place: int, dialect: Dialect) -> ColumnElement[bool]:
    """Return one condition as a clause; values are always bound."""
    column: Column[Any] = table.c[condition.column]
    value = bindparam(f"c{place}", type_=column.type)
    match condition.operator:
        case "ne" if column.nullable:
            return or_(column != value, column.is_(None))
        case "in":
            names = [f"c{place}_{number}" for number in range(condition.extent)]
            return column.in_([bindparam(name, type_=column.type) for name in names]) if names else false()
        case "is_null" if column.nullable:
            return column.is_(None) if condition.extent else column.is_not(None)
        case "is_null":
            return false() if condition.extent else true()
        case "contains":
            return dialect.contains(column, f"c{place}")
    return cast("ColumnElement[bool]", COMPARISONS[condition.operator](column, value))


def page(selection: Select[Any], table: Table, shape: PageShape, dialect: Dialect) -> Select[Any]:
    """Narrow a SELECT to a segment and put it into the segment's order.

    The number of rows is part of the text: without it a plan that is kept would be made for very many.
    """
    clauses = where(table, shape.conditions, dialect)
    column = table.c[shape.order.column]
    if shape.nulls is not None:
        clauses.append(column.is_(None) if shape.nulls else column.is_not(None))
    if shape.behind:
        clauses.append(behind(table, shape, dialect))
    statement = selection.where(*clauses).limit(literal_column(str(shape.number)))
    if shape.nulls:
        return dialect.order_nulls(statement, table, shape.order)
    return statement.order_by(*dialect.ordering(table, shape.order))


def behind(table: Table, shape: PageShape, dialect: Dialect) -> ColumnElement[bool]:
    """Return the clause for what comes after a position, in the form by which the engine seeks in the index.

    The other one reads a heavily tied index from its start there, and both together are as quick as the right one,
    but take PostgreSQL longer to plan, and each row is compared twice.
    """
    column, identity = table.c[shape.order.column], table.c.id
    down = shape.order.descending
    after_id = bindparam("after_id", type_=identity.type)
    further = identity < after_id if down else identity > after_id
    if column is identity or shape.nulls:
        return further
    value = bindparam("after", type_=column.type)
    if dialect.seeks_pairs:
        pair, position = tuple_(column, identity), tuple_(value, after_id)
        return pair < position if down else pair > position
    beyond = column < value if down else column > value
    return or_(beyond, and_(column == value, further))
