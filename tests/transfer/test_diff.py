"""What becomes of a pair of rows, by their versions and by the choice: a table."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from storage import Engine
from storage.entity import describe
from storage.transfer.canonical import Canonical
from storage.transfer.diff import Choice, Fate, decide, merge
from storage.transfer.rows import Unreadable
from tests.transfer.samples import NOON, engines

CANONICAL = Canonical(describe(Engine))
ROW = Engine("Raptor", 7, NOON, 1, 2)
UNREADABLE = Unreadable(1, "ValueError: yesterday")
CHOICES = [Choice(delete, overwrite) for delete in (False, True) for overwrite in (False, True)]


def other(version: Any) -> Engine:
    """Return the row with another title, at a version."""
    return replace(ROW, title="Merlin", version=version)


def decided(source: object, destination: object, choice: Choice) -> Fate:
    return decide(CANONICAL, choice, source, destination)


@pytest.mark.parametrize("choice", CHOICES, ids=str)
def test_a_row_on_one_side_alone_is_added_or_goes_only_if_rows_may_go(choice: Choice) -> None:
    assert decided(ROW, None, choice) is Fate.ADD
    assert decided(None, ROW, choice) is (Fate.DELETE if choice.delete else Fate.EXTRA)


@pytest.mark.parametrize("choice", CHOICES, ids=str)
def test_equal_rows_stay_and_a_newer_version_wins(choice: Choice) -> None:
    assert decided(ROW, replace(ROW), choice) is Fate.EQUAL
    assert decided(other(3), ROW, choice) is Fate.UPDATE


@pytest.mark.parametrize(
    ("version", "fate"),
    [
        (1, Fate.NEWER),
        (2, Fate.DIFFERENT),
        # What no version can be is neither older nor newer, however it compares.
        (2.0, Fate.DIFFERENT),
        (3.0, Fate.DIFFERENT),
        (1.0, Fate.DIFFERENT),
        (True, Fate.DIFFERENT),
        ("3", Fate.DIFFERENT),
        (None, Fate.DIFFERENT),
    ],
)
@pytest.mark.parametrize("choice", CHOICES, ids=str)
def test_a_row_that_is_not_newer_wins_only_if_it_may_overwrite(choice: Choice, version: Any, fate: Fate) -> None:
    assert decided(other(version), ROW, choice) is (Fate.OVERWRITE if choice.overwrite else fate)


@pytest.mark.parametrize(("source", "destination"), [(UNREADABLE, ROW), (ROW, UNREADABLE), (UNREADABLE, UNREADABLE)])
@pytest.mark.parametrize("choice", CHOICES, ids=str)
def test_an_unreadable_row_is_equal_to_none_and_newer_than_none(
    choice: Choice, source: object, destination: object
) -> None:
    assert decided(source, destination, choice) is (Fate.OVERWRITE if choice.overwrite else Fate.DIFFERENT)


def test_two_streams_are_paired_by_their_ids() -> None:
    left, right = engines(3), [*engines(2, first=2), *engines(1, first=9)]
    pairs = [(one and one.id, two and two.id) for one, two in merge(iter(left), iter(right))]
    assert pairs == [(1, None), (2, 2), (3, 3), (None, 9)]
