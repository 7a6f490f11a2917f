"""How few statements there are, however many values are asked for: each is compiled, and kept, once."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import column, create_engine, select, table
from sqlalchemy.types import TypeDecorator

from storage.query import Condition
from storage.sql.dialects import Literal
from storage.sql.mapping import CodePointText, Moment
from storage.sql.query import condition_values, shape_of


def listing(number: int) -> Condition:
    return Condition("id", "in", tuple(range(number)))


@pytest.mark.parametrize("number", [1, 2, 3, 4, 5, 7, 8, 9, 500, 1000])
def test_a_list_is_lengthened_to_less_than_twice_its_length(number: int) -> None:
    condition = listing(number)
    (shape,) = shape_of([condition])
    values = dict(condition_values([condition]))
    assert list(values) == [f"c0_{place}" for place in range(shape.extent)]
    assert number <= shape.extent < 2 * number
    assert set(values.values()) == set(condition.value)


def test_an_empty_list_has_no_values() -> None:
    (shape,) = shape_of([listing(0)])
    assert (shape.extent, dict(condition_values([listing(0)]))) == (0, {})


def test_lists_of_any_length_make_few_statements() -> None:
    assert len({shape_of([listing(number)]) for number in range(1, 1001)}) == 11


@pytest.mark.parametrize("kind", [CodePointText(9), Moment(), Literal()], ids=lambda kind: type(kind).__name__)
def test_sqlalchemy_keeps_a_statement_with_a_type_of_ours(kind: TypeDecorator[Any]) -> None:
    kept: dict[Any, Any] = {}
    with create_engine("sqlite://").connect().execution_options(compiled_cache=kept) as connection:
        for _ in range(2):
            connection.execute(select(column("name", kind)).select_from(table("sqlite_schema")))
    assert len(kept) == 1
