from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage import Engine, Invalid
from storage.entity import describe
from storage.query import Position, write_cursor
from storage.query.cursor import LONGEST_CURSOR, read_cursor
from storage.testing.strategies import chosen_settings, values
from tests.probe import Probe

ENGINE, PROBE = describe(Engine), describe(Probe)
KEPT = "N2UwNjU2OTdbImVuZ2luZSIsIi1sYXN0X2ZpcmVkIiwiMDAxMTIyMzM0NDU1NjY3NyIsMTcwOTIwODAwMDAwNSw3XQ"
SCOPE = ("engine", "thrust", "f00")


@pytest.mark.parametrize("field", [*ENGINE.fields, *PROBE.fields], ids=lambda field: field.name)
def test_a_cursor_gives_back_the_position_it_was_made_of(field: Any) -> None:
    """9.2 9.5 For every value that a field can hold."""

    @chosen_settings(100)
    @given(values(field), st.integers(1, 2**63 - 1))
    def holds(value: Any, id: int) -> None:
        position = Position(field.check(value), id)
        assert read_cursor(write_cursor(position, *SCOPE), field, *SCOPE) == position

    holds()


def test_a_cursor_is_the_same_in_every_release() -> None:
    """9.8 It may be kept, and come back to newer code."""
    moment = datetime(2024, 2, 29, 12, 0, 0, 5_000, UTC)
    written = write_cursor(Position(moment, 7), "engine", "-last_fired", "0011223344556677")
    assert written == KEPT
    assert read_cursor(KEPT, ENGINE.by_name["last_fired"], "engine", "-last_fired", "0011223344556677").id == 7


@pytest.mark.parametrize(
    "scope", [("probe", "thrust", "f00"), ("engine", "-thrust", "f00"), ("engine", "thrust", "f01")]
)
def test_a_cursor_of_another_query_says_so(scope: tuple[str, str, str]) -> None:
    """9.5 It is not damaged, it is in the wrong place."""
    cursor = write_cursor(Position(5, 7), *scope)
    with pytest.raises(Invalid, match="belongs to another query"):
        read_cursor(cursor, ENGINE.by_name["thrust"], *SCOPE)


def test_a_cursor_by_id_holds_it_twice_and_equal() -> None:
    """9.7 Two ids name no place."""
    scope = ("engine", "id", "f00")
    assert read_cursor(write_cursor(Position(7, 7), *scope), ENGINE.by_name["id"], *scope) == Position(7, 7)
    with pytest.raises(Invalid, match="damaged"):
        read_cursor(write_cursor(Position(7, 8), *scope), ENGINE.by_name["id"], *scope)


def test_a_moment_between_milliseconds_is_no_position() -> None:
    """9.7 Storage never wrote it."""
    scope = ("engine", "last_fired", "f00")
    for value in (2**80, -(2**80), 1.5, True, "2024"):
        with pytest.raises(Invalid, match="damaged"):
            read_cursor(write_cursor(Position(value, 7), *scope), ENGINE.by_name["last_fired"], *scope)


@chosen_settings(100)
@given(st.text(max_size=50) | st.text("ABCdef012_-=", max_size=200) | st.binary(max_size=50))
def test_any_text_is_a_cursor_or_invalid(cursor: Any) -> None:
    """9.6 And never another error."""
    with pytest.raises(Invalid):
        read_cursor(cursor, ENGINE.by_name["thrust"], *SCOPE)


def test_a_cursor_with_any_letter_changed_is_damaged_and_not_of_another_query() -> None:
    """9.6 Whichever part of it the letter stands in."""
    column, scope = ENGINE.by_name["last_fired"], ("engine", "-last_fired", "0011223344556677")
    for place, letter in enumerate(KEPT):
        for other in sorted({*"AZaz09-_"} - {letter}):
            with pytest.raises(Invalid, match="is damaged"):
                read_cursor(KEPT[:place] + other + KEPT[place + 1 :], column, *scope)


def test_the_longest_cursor_fits() -> None:
    """9.6 Longer text is not even decoded."""
    longest = Position("\U0010ffff" * 128, 2**63 - 1)
    assert len(write_cursor(longest, "engine", "-title", "f" * 16)) < LONGEST_CURSOR
