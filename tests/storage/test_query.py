from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from storage import Engine, Filter, Invalid
from storage.entity import describe
from storage.query import Condition, Position, Segment, checked_filters, checked_query

ENGINE = describe(Engine)
ROWS = [Engine(str(id), id=id, version=1) for id in range(1, 8)]


def conditions(*filters: Filter) -> Sequence[Condition]:
    return checked_filters(ENGINE, filters)


def segments(order_by: str, *filters: Filter, position: Position | None = None) -> list[tuple[bool | None, bool]]:
    """For each stretch that is read: whether it is that of the nulls, and whether it begins behind the position."""
    query = replace(checked_query(ENGINE, filters, order_by, 10, None), position=position)
    return [(segment.nulls, segment.after is not None) for segment in query.segments()]


@pytest.mark.parametrize("operator", ["eq", "ne"])
def test_comparing_with_none_asks_for_null(operator: str) -> None:
    """6.3 A backend never sees the comparison."""
    assert conditions(Filter("last_fired", operator, None)) == (Condition("last_fired", "is_null", operator == "eq"),)


def test_the_values_of_in_are_sorted_and_each_once() -> None:
    """6.4 9.5 So that equal filters are equal."""
    assert conditions(Filter("thrust", "in", [3, 1, 3, 2])) == (Condition("thrust", "in", (1, 2, 3)),)


def test_a_search_is_a_condition_on_the_key() -> None:
    """7.1 A beginning is a range of it."""
    assert conditions(Filter("title", "contains", "RAP")) == (Condition("title_key", "contains", "rap"),)
    assert conditions(Filter("title", "starts_with", "RAP")) == (
        Condition("title_key", "ge", "rap"),
        Condition("title_key", "lt", "raq"),
    )


def test_a_search_for_nothing_is_no_condition() -> None:
    """7.3 Every text has it."""
    assert conditions(Filter("title", "contains", ""), Filter("title", "starts_with", "")) == ()


def test_an_order_without_nulls_is_one_stretch() -> None:
    """8.1 With a position, from behind it."""
    assert segments("thrust") == [(None, False)]
    assert segments("-thrust", position=Position(5, 1)) == [(None, True)]


@pytest.mark.parametrize(
    ("order_by", "value", "expected"),
    [
        ("last_fired", "none yet", [(True, False), (False, False)]),
        ("last_fired", None, [(True, True), (False, False)]),
        ("last_fired", "a moment", [(False, True)]),
        ("-last_fired", "none yet", [(False, False), (True, False)]),
        ("-last_fired", "a moment", [(False, True), (True, False)]),
        ("-last_fired", None, [(True, True)]),
    ],
)
def test_an_order_with_nulls_is_two_stretches(order_by: str, value: Any, expected: list[tuple[bool, bool]]) -> None:
    """8.2 Nulls are first ascending and last descending; what lies before the position is not read."""
    position = None if value == "none yet" else Position(value, 1)
    assert segments(order_by, position=position) == expected


@pytest.mark.parametrize("order_by", ["last_fired", "-last_fired"])
def test_a_filter_on_the_order_leaves_out_what_it_rules_out(order_by: str) -> None:
    """8.2 6.3 The stretch that can hold nothing is not read."""
    assert segments(order_by, Filter("last_fired", "is_null", True)) == [(True, False)]
    assert segments(order_by, Filter("last_fired", "is_null", False)) == [(False, False)]
    assert segments(order_by, Filter("last_fired", "ne", None)) == [(False, False)]


def read_from(rows: list[Engine], asked: list[int]) -> Any:
    """A reader of rows in id order that notes how many it was asked for."""

    def read(segment: Segment, number: int) -> list[Engine]:
        asked.append(number)
        after = segment.after.id if segment.after else 0
        return [row for row in rows if (row.id or 0) > after][:number]

    return read


def test_a_page_asks_for_one_more_than_its_limit() -> None:
    """9.2 Which tells whether more follows."""
    asked: list[int] = []
    page = checked_query(ENGINE, [], "id", 3, None).page(read_from(ROWS, asked))
    assert page.items == ROWS[:3]
    assert asked == [4]
    following = checked_query(ENGINE, [], "id", 4, page.next_cursor).page(read_from(ROWS, asked))
    assert (following.items, following.next_cursor) == (ROWS[3:], None)


def test_a_page_that_is_full_of_nulls_reads_no_values() -> None:
    """9.2 The second stretch is read only when the first was short."""
    asked: list[int] = []
    checked_query(ENGINE, [], "last_fired", 3, None).page(read_from(ROWS, asked))
    assert asked == [4]
    asked.clear()
    checked_query(ENGINE, [], "last_fired", 10, None).page(read_from(ROWS, asked))
    assert asked == [11, 4]


def test_too_many_filters_are_invalid() -> None:
    """6.1 A hundred are enough."""
    with pytest.raises(Invalid) as raised:
        conditions(*[Filter("thrust", "gt", number) for number in range(101)])
    assert set(raised.value.problems) == {"filters"}


def test_too_many_values_are_invalid() -> None:
    """6.4 The filters of a query may list a thousand together."""
    half = Filter("thrust", "in", list(range(500)))
    assert len(conditions(half, half)) == 2
    with pytest.raises(Invalid, match="not 1001") as raised:
        conditions(half, Filter("thrust", "in", list(range(501))))
    assert set(raised.value.problems) == {"filters"}


def test_text_that_no_key_can_hold_is_not_searched_for() -> None:
    """7.4 Servers bound the length of a pattern."""
    longest = "a" * 3 * 128
    assert conditions(Filter("title", "contains", longest)) == (Condition("title_key", "contains", longest),)
    assert conditions(Filter("title", "contains", longest + "a")) == (Condition("title_key", "in", ()),)
