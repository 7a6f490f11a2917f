"""Conditions, orders and pages in MongoDB's query language."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from storage.mongo.client import Document
from storage.mongo.mapping import stored_name, stored_value
from storage.query import Condition, Order, Segment

#: ``ne`` holds for null, and the others but ``eq`` compare within one type only: just what is wanted.
COMPARISONS = {"eq": "$eq", "ne": "$ne", "lt": "$lt", "le": "$lte", "gt": "$gt", "ge": "$gte"}


def where(conditions: Sequence[Condition]) -> Document:
    """Return the query that all conditions make."""
    return every([clause(condition) for condition in conditions])


def every(clauses: Sequence[Document]) -> Document:
    """Return the query for what all clauses hold for."""
    if len(clauses) > 1:
        return {"$and": list(clauses)}
    return clauses[0] if clauses else {}


def clause(condition: Condition) -> Document:
    """Return one condition as a query; values are always operands."""
    column, value = stored_name(condition.column), condition.value
    match condition.operator:
        case "in":
            return {column: {"$in": [stored_value(one) for one in value]}}
        case "is_null":
            return {column: {"$eq": None} if value else {"$ne": None}}
        case "contains":
            # Without options, an escaped pattern finds exactly its own code points.
            return {column: {"$regex": re.escape(value)}}
    return {column: {COMPARISONS[condition.operator]: stored_value(value)}}


def page(segment: Segment) -> Document:
    """Return the query for a segment of the order."""
    clauses = [clause(condition) for condition in segment.conditions]
    if segment.nulls is not None:
        clauses.append({segment.order.column: {"$eq": None} if segment.nulls else {"$ne": None}})
    if segment.after is not None:
        clauses.append(behind(segment))
    return every(clauses)


def behind(segment: Segment) -> Document:
    """Return the query for what comes after a position: a further value, or the same one and a further id.

    MongoDB seeks in the index for each half and merges the two in its order.
    """
    assert segment.after is not None  # noqa: S101 - for the type checker: the caller has just asked
    column, value = segment.order.column, stored_value(segment.after.value)
    further = "$lt" if segment.order.descending else "$gt"
    beyond = {"_id": {further: segment.after.id}}
    if column == "id" or segment.nulls:
        return beyond
    return {"$or": [{column: {further: value}}, {column: {"$eq": value}, **beyond}]}


def ordering(order: Order) -> list[tuple[str, Any]]:
    """Return the order as sort keys; each is that of an index, read forward or backward."""
    direction = -1 if order.descending else 1
    columns = dict.fromkeys((stored_name(order.column), "_id"))
    return [(column, direction) for column in columns]
