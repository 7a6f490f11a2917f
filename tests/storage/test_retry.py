"""What met another is run again, after a pause."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from storage import Invalid, TransactionConflict, Unavailable
from storage.retry import FIRST_PAUSE, LONGEST_PAUSE, again


class Failing:
    """A function that fails so many times, and then returns how often it was called."""

    def __init__(self, failures: int, error: type[Exception] = TransactionConflict) -> None:
        self.failures = failures
        self.error = error
        self.calls = 0

    def __call__(self) -> int:
        self.calls += 1
        if self.calls <= self.failures:
            raise self.error("met another")
        return self.calls


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses that are made, none of which is waited for."""
    made: list[float] = []
    monkeypatch.setattr("storage.retry.time.sleep", made.append)
    return made


def test_it_is_run_until_it_succeeds(pauses: list[float]) -> None:
    assert again(Failing(3), TransactionConflict, attempts=4) == 4
    assert len(pauses) == 3


def test_after_the_last_attempt_there_is_no_pause(pauses: list[float]) -> None:
    function = Failing(9)
    with pytest.raises(TransactionConflict):
        again(function, TransactionConflict, attempts=4)
    assert (function.calls, len(pauses)) == (4, 3)


def test_the_first_success_needs_no_pause(pauses: list[float]) -> None:
    assert again(Failing(0), TransactionConflict, attempts=1) == 1
    assert pauses == []


def test_another_error_ends_it(pauses: list[float]) -> None:
    function = Failing(1, Unavailable)
    with pytest.raises(Unavailable):
        again(function, TransactionConflict, attempts=4)
    assert (function.calls, pauses) == (1, [])


def longest(_low: float, high: float) -> float:
    return high


def shortest(low: float, _high: float) -> float:
    return low


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        (longest, [FIRST_PAUSE * 2, FIRST_PAUSE * 4, FIRST_PAUSE * 8, *[LONGEST_PAUSE] * 2]),
        (shortest, [0, 0, 0, 0, 0]),
    ],
)
def test_pauses_are_random_and_grow_to_a_limit(
    pauses: list[float],
    monkeypatch: pytest.MonkeyPatch,
    chosen: Callable[[float, float], float],
    expected: list[float],
) -> None:
    monkeypatch.setattr("storage.retry.random.uniform", chosen)
    with pytest.raises(TransactionConflict):
        again(Failing(99), TransactionConflict, attempts=12)
    assert pauses[:3] == expected[:3]
    assert pauses[-2:] == expected[-2:]
    assert len(pauses) == 11


@pytest.mark.parametrize("attempts", [0, -1])
def test_there_is_at_least_one_attempt(pauses: list[float], attempts: int) -> None:
    with pytest.raises(Invalid, match="attempts: must be at least 1"):
        again(Failing(0), TransactionConflict, attempts=attempts)
    assert pauses == []
