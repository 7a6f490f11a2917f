from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from storage.entity import Integer, Text, Timestamp
from storage.testing.fields import WRONG_MOMENTS, WRONG_THRUSTS, WRONG_TITLES
from storage.testing.samples import AWKWARD_MOMENTS, AWKWARD_TEXTS

TITLE = Text(128)
THRUST = Integer(-(2**31), 2**31 - 1)


@pytest.mark.parametrize("value", WRONG_TITLES)
def test_what_is_no_text_is_refused(value: Any) -> None:
    """2.3 With a sentence."""
    with pytest.raises(ValueError, match="must"):
        TITLE.check(value)


@pytest.mark.parametrize("value", [*AWKWARD_TEXTS, "x" * 128, "a b", "a\u00a0b", "a\u2028b", "a\u200d"])
def test_text_is_unchanged(value: str) -> None:
    """2.3 2.10 Blanks and separators inside are ordinary."""
    assert TITLE.check(value) == value


@pytest.mark.parametrize("blank", ["\u00a0", "\u2003", "\u3000", "\u2028", "\u1680"])
def test_any_blank_at_an_end_is_refused(blank: str) -> None:
    """2.3 Not the ordinary one alone."""
    for value in (blank, f"{blank}a", f"a{blank}"):
        with pytest.raises(ValueError, match="blank"):
            TITLE.check(value)


def test_a_refused_character_is_named() -> None:
    """2.3 Since it cannot be seen."""
    with pytest.raises(ValueError, match=r"control character U\+0007"):
        TITLE.check("a\ab")
    with pytest.raises(ValueError, match=r"lone surrogate U\+D800"):
        TITLE.check("a\ud800b")


@pytest.mark.parametrize("value", WRONG_THRUSTS)
def test_what_is_no_number_is_refused(value: Any) -> None:
    """2.4 With a sentence."""
    with pytest.raises(ValueError, match="must"):
        THRUST.check(value)


@pytest.mark.parametrize("value", WRONG_MOMENTS)
def test_what_is_no_moment_is_refused(value: Any) -> None:
    """2.5 With a sentence."""
    with pytest.raises(ValueError, match="must"):
        Timestamp().check(value)


@pytest.mark.parametrize("value", AWKWARD_MOMENTS)
def test_a_moment_of_whole_milliseconds_is_unchanged(value: datetime) -> None:
    """2.5 In every year that there is."""
    assert Timestamp().check(value) == value


@pytest.mark.parametrize(("given", "kept"), [(0, 0), (999, 0), (1_000, 1_000), (1_999, 1_000), (999_999, 999_000)])
@pytest.mark.parametrize("year", [1000, 1969, 1970, 9999])
def test_microseconds_are_cut_off(year: int, given: int, kept: int) -> None:
    """2.5 Towards the past."""
    moment = Timestamp().check(datetime(year, 12, 31, 23, 59, 59, given, UTC))
    assert moment == datetime(year, 12, 31, 23, 59, 59, kept, UTC)


def test_a_moment_comes_in_utc() -> None:
    """2.5 And as a plain ``datetime``."""

    class Moment(datetime):
        pass

    moment = Timestamp().check(Moment(2024, 1, 1, 5, 30, tzinfo=timezone(timedelta(hours=5, minutes=30))))
    assert type(moment) is datetime
    assert (moment, moment.tzinfo) == (datetime(2024, 1, 1, tzinfo=UTC), UTC)
