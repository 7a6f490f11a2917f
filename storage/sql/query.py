"""Conditions, orders and pages as SQL. One form is quick on all three engines; the rest is in ``dialects``."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any, cast

from sqlalchemy import Column, ColumnElement, Select, Table, and_, false, literal, or_, true, tuple_

from storage.query import Condition, Segment
from storage.sql.dialects import Dialect

COMPARISONS = {
    "eq": operator.eq,
    "ne": operator.ne,
    "lt": operator.lt,
    "le": operator.le,
    "gt": operator.gt,
    "ge": operator.ge,
}


def where(table: Table, conditions: Sequence[Condition]) -> list[ColumnElement[bool]]:
    """Return the conditions as clauses, all of which must hold."""
    return [clause(table, condition) for condition in conditions]


def clause(table: Table, condition: Condition) -> ColumnElement[bool]:
    """Return one condition as a clause; values are always bound."""
    column: Column[Any] = table.c[condition.column]
    value = condition.value
    match condition.operator:
        case "ne" if column.nullable:
            return or_(column != value, column.is_(None))
        case "in":
            return column.in_(value) if value else false()
        case "is_null" if column.nullable:
            return column.is_(None) if value else column.is_not(None)
        case "is_null":
            return false() if value else true()
        case "contains":
            return column.contains(value, autoescape=True)
    return cast("ColumnElement[bool]", COMPARISONS[condition.operator](column, value))


def page(statement: Select[Any], table: Table, segment: Segment, dialect: Dialect) -> Select[Any]:
    """Narrow a SELECT to a segment and put it into the segment's order."""
    clauses = where(table, segment.conditions)
    column = table.c[segment.order.column]
    if segment.nulls is not None:
        clauses.append(column.is_(None) if segment.nulls else column.is_not(None))
    if segment.after is not None:
        clauses.append(behind(table, segment))
    statement = statement.where(*clauses)
    if segment.nulls:
        return dialect.order_nulls(statement, table, segment.order)
    return statement.order_by(*dialect.ordering(table, segment.order))


def behind(table: Table, segment: Segment) -> ColumnElement[bool]:
    """Return the clause for what comes after a position.

    Both halves say the same. PostgreSQL and SQLite seek in the index by the first, MariaDB by the second;
    either alone reads a heavily tied index from its start on one of them.
    """
    assert segment.after is not None  # noqa: S101 - for the type checker: the caller has just asked
    column, identity = table.c[segment.order.column], table.c.id
    down = segment.order.descending
    after_id = literal(segment.after.id, identity.type)
    further = identity < after_id if down else identity > after_id
    if column is identity or segment.nulls:
        return further
    value = literal(segment.after.value, column.type)
    pair, position = tuple_(column, identity), tuple_(value, after_id)
    beyond = column < value if down else column > value
    return and_(pair < position if down else pair > position, or_(beyond, and_(column == value, further)))
