"""Hypothesis strategies, made from the rules of an entity's fields."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from storage import Filter
from storage.entity import Description, Field, Integer, Text, Timestamp
from storage.testing.samples import AWKWARD_MOMENTS, AWKWARD_TEXTS, awkward_values

#: How many examples a property has; a number in this variable asks for more, and for others in each run.
EXAMPLES = "CONTRACT_EXAMPLES"

ZONES = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))

MOMENTS = st.one_of(
    st.sampled_from(AWKWARD_MOMENTS),
    st.datetimes(datetime(1000, 1, 1), datetime(9999, 12, 31, 23, 59, 59, 999_999), timezones=st.just(UTC)),
    st.datetimes(datetime(1000, 1, 2), datetime(9999, 12, 30), timezones=ZONES),
)

LETTERS = st.characters(exclude_categories=("Cc", "Cs"))

#: Any value that JSON can bring, and some that it cannot.
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.binary(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["$gt", "a"]), inner, max_size=2),
    max_leaves=3,
)


def chosen_settings(examples: int, **options: Any) -> settings:
    """Return the settings of a property: the same examples in each run, unless the environment asks for more.

    A failure prints how to make the same example fail again.
    """
    asked = os.environ.get(EXAMPLES)
    return settings(
        max_examples=int(asked) if asked else examples,
        derandomize=asked is None,
        database=None,
        deadline=None,
        print_blob=True,
        suppress_health_check=list(HealthCheck),
        **options,
    )


def texts(rule: Text) -> SearchStrategy[str]:
    """Return texts that the rule takes: short, awkward, and as long as can be."""
    short = st.text(LETTERS, min_size=1, max_size=min(8, rule.max_length))
    longest = LETTERS.map(lambda letter: letter * rule.max_length)
    awkward = st.sampled_from([text for text in AWKWARD_TEXTS if len(text) <= rule.max_length])
    return st.one_of(short.map(str.strip).filter(bool), awkward, longest.filter(lambda text: text == text.strip()))


def values(field: Field) -> SearchStrategy[Any]:
    """Return values that a field takes, those at its limits among them, so that many are equal."""
    match field.rule:
        case Text() as rule:
            strategy: SearchStrategy[Any] = texts(rule)
        case Integer(minimum, maximum):
            strategy = st.integers(minimum, maximum) | st.sampled_from(awkward_values(Field(field.name, field.rule)))
        case Timestamp():
            strategy = MOMENTS
        case _:
            raise TypeError(f"no values for the rule {type(field.rule).__name__}")
    return st.none() | strategy if field.nullable else strategy


def new_entities(description: Description[Any]) -> SearchStrategy[Any]:
    """Return entities that were not stored yet."""
    return st.builds(description.type, **{field.name: values(field) for field in description.fields})


def changes(description: Description[Any]) -> SearchStrategy[dict[str, Any]]:
    """Return changes to some fields, to none, or to all."""
    return st.fixed_dictionaries({}, optional={field.name: values(field) for field in description.fields})


def filters(description: Description[Any]) -> SearchStrategy[list[Filter]]:
    """Return filters that are right, of every operator."""
    one = st.sampled_from(list(description.by_name.values())).flatmap(lambda field: filters_on(field, description))
    return st.lists(one, max_size=2)


def filters_on(field: Field, description: Description[Any]) -> SearchStrategy[Filter]:
    """Return filters on a field."""
    value = values(Field(field.name, field.rule))
    if field.name in ("id", "version"):
        value = st.integers(1, 40)
    strategies = [
        st.builds(Filter, st.just(field.name), st.sampled_from(["eq", "ne", "lt", "le", "gt", "ge"]), value),
        st.builds(Filter, st.just(field.name), st.just("in"), st.lists(value, max_size=4)),
        st.builds(Filter, st.just(field.name), st.just("is_null"), st.booleans()),
        st.builds(Filter, st.just(field.name), st.sampled_from(["eq", "ne"]), st.none()),
    ]
    if field.name in description.searchable:
        piece = st.text(LETTERS, max_size=2) | st.sampled_from(AWKWARD_TEXTS)
        strategies.append(st.builds(Filter, st.just(field.name), st.sampled_from(["contains", "starts_with"]), piece))
    return st.one_of(strategies)
