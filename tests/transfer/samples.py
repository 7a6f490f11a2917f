"""Rows with every limit value in them, and simple ones in any number."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from storage import ApiToken, Engine, IdempotencyKey, SignIn, Storage
from storage.entity import Text

LARGEST = 2**63 - 1
NOON = datetime(2026, 1, 31, 12, 0, 0, 123_000, UTC)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
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


def random_title(numbers: random.Random, length: int) -> str:
    """Return a title of Chinese characters, by chance, in which there is little to compress."""
    return "".join(chr(numbers.randrange(0x4E00, 0x9FFF)) for _ in range(length))


def dense_engines(number: int) -> list[Engine]:
    """Return so many engines of which a backup is large."""
    numbers = random.Random(number)
    return [Engine(random_title(numbers, 128), 0, None, id, 1) for id in range(1, number + 1)]


def random_rows(numbers: random.Random) -> list[Engine | ApiToken]:
    """Return a few rows by chance, some of them with limit values."""
    found = [*numbers.sample(LIMITS, numbers.randint(0, 3)), *numbers.sample(TOKENS, numbers.randint(0, 2))]
    for id in numbers.sample(range(100, 2**40), numbers.randint(0, 5)):
        moment = EPOCH + timedelta(milliseconds=numbers.randint(in_milliseconds(FIRST), in_milliseconds(LAST)))
        title, thrust = random_title(numbers, numbers.randint(1, 128)), numbers.randint(-(2**31), 2**31 - 1)
        found.append(Engine(title, thrust, numbers.choice([None, moment]), id, numbers.randint(1, LARGEST)))
    return found


def in_milliseconds(moment: datetime) -> int:
    """Return the milliseconds from 1970 to a moment."""
    return (moment - EPOCH) // timedelta(milliseconds=1)


Flips = Iterator[tuple[object, object]]


def flipped_titles() -> Flips:
    """Yield a title beside each title that differs in one bit of one code point."""
    title = "Raptör e\u0301\u4e2d\U0001f680z"
    for place, character in enumerate(title):
        for bit in range(21):
            # What is no character, or may not be in a title, cannot be stored.
            with suppress(ValueError):
                yield title, Text(128).check(title[:place] + chr(ord(character) ^ 1 << bit) + title[place + 1 :])


def flipped_thrusts() -> Flips:
    """Yield numbers of 32 bits beside those that differ in one bit, the sign's too."""
    for thrust in (0, 7, -1):
        yield from ((thrust, thrust ^ 1 << bit) for bit in range(31))
        yield thrust, thrust ^ -1 << 31


def flipped_moments() -> Flips:
    """Yield moments beside those that differ in one bit of their milliseconds from 1970."""
    for moment in (NOON, FIRST, LAST, EPOCH - timedelta(milliseconds=1)):
        for bit in range(48):
            flipped = in_milliseconds(moment) ^ 1 << bit
            if in_milliseconds(FIRST) <= flipped <= in_milliseconds(LAST):
                yield moment, EPOCH + timedelta(milliseconds=flipped)
        yield from [(moment, None), (None, moment)]


def flipped_versions() -> Flips:
    """Yield versions beside those that differ in one bit, of which each has 63."""
    for version in (2**62 + 1, LARGEST):
        yield from ((version, version ^ 1 << bit) for bit in range(63))


FLIPPED: Mapping[str, Callable[[], Flips]] = {
    "title": flipped_titles,
    "thrust": flipped_thrusts,
    "last_fired": flipped_moments,
    "version": flipped_versions,
}


def flipped_pairs(field: str) -> list[tuple[Engine, Engine]]:
    """Return rows beside those that differ in one bit of the field, or in that it is ``None``."""
    rows = [(Engine("Raptor", 7, NOON, id, 1), *flip) for id, flip in enumerate(FLIPPED[field](), 1)]
    return [
        (replace(row, **{field: one}), replace(row, **{field: other}))  # type: ignore[arg-type]
        for row, one, other in rows
    ]
