"""Filters, checked here, once, for every backend."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from storage.entity import KEY_FACTOR, Description, Field, Text, check_characters, prefix_end, search_key
from storage.errors import Invalid

E = TypeVar("E")

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
    """Check a piece of text to search for; blanks at its ends count, and an empty search matches every row."""
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
