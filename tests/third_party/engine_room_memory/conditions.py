"""Whether a row meets a condition, and where it stands in an order."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

from storage.spi import Condition

COMPARISONS = {name: getattr(operator, name) for name in ("eq", "lt", "le", "gt", "ge")}


def holds(conditions: Sequence[Condition], row: dict[str, Any]) -> bool:
    """Return whether every condition holds for the row."""
    return all(one_holds(condition, row[condition.column]) for condition in conditions)


def one_holds(condition: Condition, value: Any) -> bool:
    """Return whether a condition holds for a value; of the comparisons only ``ne`` holds for ``None``."""
    match condition.operator:
        case "is_null":
            return (value is None) is condition.value
        case "ne":
            return bool(value != condition.value)
        case _ if value is None:
            return False
        case "in":
            return value in condition.value
        case "contains":
            return condition.value in value
        case name:
            return bool(COMPARISONS[name](value, condition.value))


def order_key(value: Any, id: int) -> tuple[Any, ...]:
    """Return what Python sorts by: ``None`` first, then the value, then the id."""
    return (False, id) if value is None else (True, value, id)
