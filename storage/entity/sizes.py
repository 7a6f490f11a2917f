"""How many bytes the row of an entity can take, by the rules of its fields."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from storage.entity.fields import Rule, Text
from storage.entity.search_keys import KEY_FACTOR

#: A code point in UTF-8, as PostgreSQL, SQLite and MongoDB count it, and in utf8mb4, as MySQL reserves it.
CODE_POINT = 4
#: An identifier, a number, or a timestamp.
NUMBER = 8
#: MySQL's InnoDB keeps text in the page of its row up to a declared length of 255 bytes, and 40 bytes of longer text.
SHORT_TEXT = 255
LONG_TEXT_IN_PAGE = 42


def texts_of(rules: Sequence[Rule]) -> Iterator[int]:
    """Yield how many code points each column of text can hold, those of the search keys among them."""
    for rule in rules:
        if isinstance(rule, Text):
            yield rule.max_length
            if rule.searchable:
                yield KEY_FACTOR * rule.max_length


def row_bytes(rules: Sequence[Rule]) -> int:
    """Return how many bytes a row can take, as MySQL counts them; the least upper bound for the others.

    The id and the version are counted too.
    """
    texts = list(texts_of(rules))
    lengths = sum(CODE_POINT * longest + (1 if CODE_POINT * longest <= SHORT_TEXT else 2) for longest in texts)
    numbers = 2 + sum(not isinstance(rule, Text) for rule in rules)
    return lengths + NUMBER * numbers + (len(rules) + len(texts) + 7) // 8


def page_bytes(rules: Sequence[Rule]) -> int:
    """Return how many bytes a row can take in its page, where long text is kept elsewhere."""
    texts = [CODE_POINT * longest for longest in texts_of(rules)]
    in_page = sum(size + NUMBER if size <= SHORT_TEXT else LONG_TEXT_IN_PAGE for size in texts)
    return in_page + NUMBER * (2 + sum(not isinstance(rule, Text) for rule in rules))
