"""Cursors as input: they come back from outside, and whatever they hold is checked."""

from __future__ import annotations

import json
import string
import zlib
from base64 import urlsafe_b64encode
from typing import Any

import pytest

from storage import Filter, Invalid, Repository
from storage.query import Position, decoded, write_cursor
from storage.testing.fixtures import Fixtures
from storage.testing.values import LARGEST

#: What is the id of no entity, of each type of JSON.
WRONG_IDS: tuple[Any, ...] = (0, -1, LARGEST + 1, 2**70, True, 1.0, "1", None, {"$gt": ""}, [1], float("nan"))

#: What no field holds: of each type of JSON, and beyond every limit.
WRONG_VALUES: tuple[Any, ...] = (
    True, 1.5, 10**400, -(10**400), "", " ", "\0", "a\0", "\ud800", "x" * 5_000, {"$gt": ""}, {}, [1], [], float("nan"),
)  # fmt: skip

LETTERS = string.ascii_letters + string.digits + "-_"


class Cursors(Fixtures):
    """What ``find`` takes for a cursor, and what it does not."""

    @pytest.fixture
    def cursor(self, repository: Repository[Any]) -> str:
        """The cursor behind the second of four entities, by id and without filters."""
        repository.add_many(self.samples.several(4))
        return next_cursor(repository)

    def test_a_cursor_is_text_for_a_url(self, repository: Repository[Any], order_by: str) -> None:
        """9.5 Letters, digits, ``-`` and ``_``, whatever the values are."""
        repository.add_many(self.samples.of_each(order_by.removeprefix("-"))[:12])
        for limit in range(1, 12):
            assert set(next_cursor(repository, order_by=order_by, limit=limit)) <= set(LETTERS)

    def test_a_cursor_damaged_in_any_place_is_invalid(self, repository: Repository[Any], cursor: str) -> None:
        """9.6 One letter replaced by its neighbour, left out, or doubled."""
        for place, letter in enumerate(cursor):
            neighbour = LETTERS[(LETTERS.index(letter) + 1) % len(LETTERS)]
            refuse(repository, cursor[:place] + neighbour + cursor[place + 1 :])
            refuse(repository, cursor[:place] + cursor[place + 1 :])
            refuse(repository, cursor[:place] + letter + cursor[place:])

    def test_a_cursor_in_another_spelling_is_invalid(self, repository: Repository[Any], cursor: str) -> None:
        """9.6 It must be written as storage writes it."""
        for spelling in (cursor + "=", cursor + " ", " " + cursor, cursor + "\n", cursor + "\0", cursor * 2):
            refuse(repository, spelling)

    @pytest.mark.parametrize(
        "cursor", ["", "x", "0", "None", "eyJpZCI6IDF9", "\ud800", "ü", "%00", "A" * 100_000, b"x", 1, True, {}, ["x"]]
    )
    def test_what_is_no_cursor_is_invalid(self, repository: Repository[Any], cursor: Any) -> None:
        """9.6 Whatever it is: never another error, and never the first page."""
        refuse(repository, cursor)

    def test_a_cursor_of_another_order_is_invalid(self, repository: Repository[Any], cursor: str) -> None:
        """9.5 Another field, or the other direction."""
        for order_by in self.samples.orders:
            if order_by != "id":
                refuse(repository, cursor, order_by=order_by)

    def test_a_cursor_of_other_filters_is_invalid(self, repository: Repository[Any], cursor: str) -> None:
        """9.5 More filters, fewer, or other values."""
        filtered = next_cursor(repository, Filter("id", "ge", 1))
        refuse(repository, cursor, Filter("id", "ge", 1))
        refuse(repository, filtered)
        refuse(repository, filtered, Filter("id", "ge", 2))
        refuse(repository, filtered, Filter("id", "gt", 1))

    def test_equal_filters_are_one_query(self, repository: Repository[Any]) -> None:
        """9.5 In whatever order they, and the values of ``in``, are given."""
        repository.put_many([self.samples.stored(id, number=id) for id in range(1, 10)])
        first, again = Filter("id", "in", [2, 3, 5, 7]), Filter("id", "in", {7, 5, 3, 2})
        cursor = next_cursor(repository, Filter("version", "eq", 1), first)
        page = repository.find(again, Filter("version", "eq", 1), cursor=cursor)
        assert [entity.id for entity in page.items] == [5, 7]

    def test_a_cursor_of_another_entity_is_invalid(self, repository: Repository[Any], cursor: str) -> None:
        """9.5 Its name is part of it."""
        _, order, fingerprint, value, id = decoded(cursor)
        refuse(repository, write_cursor(Position(value, id), "somethingelse", order, fingerprint))

    def test_an_id_in_a_cursor_is_checked(self, repository: Repository[Any], order_by: str) -> None:
        """9.7 The checksum may be right: anybody can reckon it."""
        repository.add_many(self.samples.several(4))
        entity, order, fingerprint, held, _ = decoded(next_cursor(repository, order_by=order_by))
        for id in WRONG_IDS:
            value = id if order_by in ("id", "-id") else held
            refuse(repository, forged([entity, order, fingerprint, value, id]), order_by=order_by)

    def test_a_value_in_a_cursor_is_checked(self, repository: Repository[Any], order_by: str) -> None:
        """9.7 Against the type and the limits of its field, like any input."""
        repository.add_many(self.samples.several(4))
        entity, order, fingerprint, _, id = decoded(next_cursor(repository, order_by=order_by))
        for value in WRONG_VALUES:
            refuse(repository, forged([entity, order, fingerprint, value, id]), order_by=order_by)

    def test_a_cursor_of_another_shape_is_invalid(self, repository: Repository[Any], cursor: str) -> None:
        """9.7 More, less, or something else than what storage writes."""
        fields = decoded(cursor)
        shapes: list[Any] = [[*fields, 1], fields[:-1], [], {}, None, 1, "x", [fields], [[fields[0]], *fields[1:]]]
        for shape in shapes:
            refuse(repository, forged(shape))
        for text in (json.dumps(fields), json.dumps(fields, separators=(",", ":")) + " ", "[" * 5_000, "", "nul"):
            refuse(repository, with_checksum(text))


def refuse(repository: Repository[Any], cursor: Any, *filters: Filter, order_by: str = "id") -> None:
    """Assert that a cursor is ``Invalid`` for a query."""
    with pytest.raises(Invalid) as raised:
        repository.find(*filters, order_by=order_by, cursor=cursor)
    assert set(raised.value.problems) == {"cursor"}


def next_cursor(repository: Repository[Any], *filters: Filter, order_by: str = "id", limit: int = 2) -> str:
    """Return the cursor behind the first page."""
    cursor = repository.find(*filters, order_by=order_by, limit=limit).next_cursor
    assert cursor is not None
    return cursor


def forged(fields: object) -> str:
    """Return a cursor that holds anything, with the right checksum."""
    return with_checksum(json.dumps(fields, separators=(",", ":")))


def with_checksum(text: str) -> str:
    """Return a text as cursors are written."""
    return urlsafe_b64encode(f"{zlib.crc32(text.encode()):08x}{text}".encode()).rstrip(b"=").decode()
