"""Rows with every limit value in them, and simple ones in any number."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from storage import ApiToken, Engine, IdempotencyKey, SignIn, Storage

LARGEST = 2**63 - 1
NOON = datetime(2026, 1, 31, 12, 0, 0, 123_000, UTC)
FIRST, LAST = datetime(1000, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 59, 999_000, UTC)
DIGEST = "0123456789abcdef" * 4

#: Each beside a limit, or spelt so that an engine might bend it. The largest id leaves room for one more.
LIMITS: Sequence[Engine] = (
    Engine("a", -(2**31), None, 1, 1),
    Engine("x" * 128, 2**31 - 1, FIRST, 2, LARGEST),
    Engine("\U0001f680" * 128, 0, LAST, 3, 2),
    Engine("e\u0301", -1, datetime(1969, 12, 31, 23, 59, 59, 999_000, UTC), 4, 1),
    Engine("\u00e9", 1, datetime(1970, 1, 1, tzinfo=UTC), 5, 1),
    Engine("NULL", 7, NOON, 9, 3),
    Engine("null", 7, NOON + timedelta(milliseconds=1), 10, 3),
    Engine("Raptor", 7, NOON, 11, 3),
    Engine("raptor", 7, NOON, 12, 3),
    Engine("ß ẞ ǅ İ ı", 0, None, 13, 1),
    Engine("% _ \\ ' \" ` $where {} .* ; --", 0, None, 14, 1),
    Engine("a\u00a0b\u200bc\u202ed\ufeffe", 0, None, 15, 1),
    Engine("7", 0, None, 2**31, 1),
    Engine("7.0", 0, None, 2**53 + 1, 2**53 + 1),
    Engine("true", 0, None, LARGEST - 1, 1),
)
TOKENS: Sequence[ApiToken] = (
    ApiToken("deploy", DIGEST, "write", NOON, None, 1, 1),
    ApiToken("Deploy", DIGEST, "read", FIRST, LAST, 2, 7),
)


def fill_with_limits(storage: Storage) -> None:
    """Store all of them, and rows that do not move."""
    storage.engines.put_many(LIMITS)
    storage.repository(ApiToken).put_many(TOKENS)
    storage.repository(SignIn).add(SignIn("ada", DIGEST, NOON, NOON))
    storage.repository(IdempotencyKey).add(IdempotencyKey(DIGEST, DIGEST, NOON, "{}"))


def engines(number: int, first: int = 1) -> list[Engine]:
    """Return so many engines with the ids from ``first`` on."""
    return [Engine(f"engine {id}", id, NOON if id % 3 else None, id, 1) for id in range(first, first + number)]


def all_rows(storage: Storage) -> list[object]:
    """Return every row that moves."""
    return [*storage.engines.scan(), *storage.repository(ApiToken).scan()]
