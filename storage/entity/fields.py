"""The rules a field's value must keep, and how it is normalised before it is written or compared.

A rule stands in the annotation of an entity's field: ``title: Annotated[str, Text(128)]``. A field that
admits ``None`` says so in its type; the rule never sees ``None``.
"""

from __future__ import annotations

import unicodedata
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

LARGEST_ID = 2**63 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule(ABC):
    """What all rules share.

    ``sortable``: entities can be ordered by the field, and an index serves the order.
    ``unique``: no two entities have the same value.
    """

    sortable: bool = False
    unique: bool = False

    @abstractmethod
    def check(self, value: object) -> object:
        """Return the value as it is stored, or raise ``ValueError`` with the sentence that says what is wrong."""


@dataclass(frozen=True, slots=True)
class Text(Rule):
    """Text of 1 to ``max_length`` code points, ordered by code point.

    No control characters (so no NUL), no lone surrogates, no blanks at either end. ``searchable``: a key
    that ignores case is stored beside it (see ``storage.entity.search_keys``).
    """

    max_length: int
    searchable: bool = False

    def check(self, value: object) -> str:
        """Return the text unchanged; the rule says what is refused."""
        # Printable text has neither controls nor surrogates, and no blank but the ordinary space.
        if type(value) is str and 1 <= len(value) <= self.max_length and value.isprintable() and value == value.strip():
            return value
        if not isinstance(value, str):
            raise ValueError(f"must be text, not {type(value).__name__}")
        # What a subclass holds, whatever it shows of itself: that is what is checked and what is stored.
        value = str.__str__(value)
        if not 1 <= len(value) <= self.max_length:
            raise ValueError(f"must have 1 to {self.max_length} characters, not {len(value)}")
        check_characters(value)
        if value != value.strip():
            raise ValueError("must not begin or end with a blank")
        return value


@dataclass(frozen=True, slots=True)
class Integer(Rule):
    """A whole number from ``minimum`` to ``maximum``; ``bool`` is not one."""

    minimum: int
    maximum: int

    def check(self, value: object) -> int:
        """Return the number unchanged."""
        if type(value) is int and self.minimum <= value <= self.maximum:
            return value
        if not isinstance(value, int) or isinstance(value, bool):
            raise ValueError(f"must be a whole number, not {type(value).__name__}")
        value = int.__int__(value)
        if not self.minimum <= value <= self.maximum:
            raise ValueError(f"must be from {self.minimum} to {self.maximum}")
        return value


@dataclass(frozen=True, slots=True)
class Timestamp(Rule):
    """A moment, in UTC, to the millisecond, in the years 1000 to 9999."""

    def check(self, value: object) -> datetime:
        """Return the moment in UTC, truncated towards the past to the millisecond."""
        if type(value) is datetime and value.tzinfo is UTC and value.year >= 1000 and value.microsecond % 1000 == 0:
            return value
        if not isinstance(value, datetime):
            raise ValueError(f"must be a datetime, not {type(value).__name__}")
        if value.utcoffset() is None:
            raise ValueError("must have a time zone: a naive datetime names no moment")
        try:
            moment = value.astimezone(UTC)
        except OverflowError:
            raise ValueError("must be in the years 1000 to 9999") from None
        if moment.year < 1000:
            raise ValueError("must be in the years 1000 to 9999")
        # Built anew, so that a subclass of datetime does not travel into a driver.
        return datetime(
            moment.year, moment.month, moment.day, moment.hour, moment.minute, moment.second,
            moment.microsecond // 1000 * 1000, UTC,
        )  # fmt: skip


def check_characters(text: str) -> None:
    """Raise ``ValueError`` if the text holds a control character or half of a surrogate pair."""
    for character in text:
        category = unicodedata.category(character)
        if category == "Cc":
            raise ValueError(f"must not hold the control character U+{ord(character):04X}")
        if category == "Cs":
            raise ValueError(f"must not hold the lone surrogate U+{ord(character):04X}")


#: The field types that storage keeps, and the Python type of each one's values.
VALUE_TYPES: Mapping[type[Rule], type] = {Text: str, Integer: int, Timestamp: datetime}
