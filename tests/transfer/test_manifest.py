"""The first and the last line of a backup are read or refused in one sentence, whatever stands there."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from storage import Invalid
from storage.entity import LARGEST_ID
from storage.transfer.manifest import FORMAT, LONGEST_WORD, Contents, Header, check_format, line_of, read_line

#: What is no line of a backup: no JSON, JSON that is no object, an object without what is asked for.
JUNK = [b"", b"{", b"[]", b"7", b"{}", b'{"header": 7}', b'{"header": {}}', b"[" * 100_000, b"\xff"]
HEADER = Header(FORMAT, "0004", "0.1.0", "sqlite", "SQLite 3", "2026-01-01T00:00:00.000Z", True, ["engine"])
CONTENTS = Contents({"engine": 2}, {"engine": "ab"}, {"engine": 7})

#: Of each kind of value some that may stand in its place, and some that may not.
NUMBERS = ([0, 1, LARGEST_ID], [-1, LARGEST_ID + 1, 1.0, True, "1", None, [1]])
WORDS = (["", "a" * LONGEST_WORD, "0004"], ["a" * (LONGEST_WORD + 1), "two\nlines", "\x1b[2J", 7, None, ["a"]])
VALUES: Mapping[str, tuple[list[Any], list[Any]]] = {
    "format": NUMBERS,
    **dict.fromkeys(("revision", "release", "backend", "server", "made"), WORDS),
    "snapshot": ([True, False], [0, 1, "true", None]),
    "entities": ([[], ["a"], ["a", "b"]], [["a", "a"], ["a", 7], ["a", "b\n"], "a", {"a": 1}, None]),
    "rows": ([{}, {"a": 0}, {"a": 1, "b": 2}], [{"a": -1}, {"a": 1, "b": "2"}, {"a\n": 1}, [], 7, None]),
    "sha256": ([{}, {"a": ""}, {"a": "0f"}], [{"a": 7}, {"a": "0f", "b": None}, {"a\n": "0f"}, [], None]),
    "marks": ([{}, {"a": LARGEST_ID}], [{"a": LARGEST_ID + 1}, {"a": True}, {"a": 1, "b\n": 1}, [], None]),
}
ALLOWED = [(name, value) for name, (allowed, _) in VALUES.items() for value in allowed]
REFUSED = [(name, value) for name, (_, refused) in VALUES.items() for value in refused]


def kind_with(name: str) -> type[Header | Contents]:
    """Return the kind of line that has a value of that name."""
    return Header if name in Header.__dataclass_fields__ else Contents


def line_with(name: str, value: object) -> bytes:
    """Return a line that is right but for one value."""
    whole = json.loads(line_of(HEADER if kind_with(name) is Header else CONTENTS))
    (values,) = whole.values()
    values[name] = value
    return json.dumps(whole).encode()


@pytest.mark.parametrize("value", [HEADER, CONTENTS], ids=["header", "contents"])
def test_what_was_written_is_read(value: Header | Contents) -> None:
    assert read_line(type(value), line_of(value)) == value


@pytest.mark.parametrize("kind", [Header, Contents])
@pytest.mark.parametrize("line", JUNK, ids=lambda line: repr(line[:20]))
def test_what_is_no_line_of_a_backup_is_refused(kind: type[Header | Contents], line: bytes) -> None:
    with pytest.raises(Invalid, match=f"has no {kind.__name__.lower()} where it should be: it is no backup"):
        read_line(kind, line)


@pytest.mark.parametrize("line", JUNK, ids=lambda line: repr(line[:20]))
def test_what_does_not_begin_with_a_header_has_no_format(line: bytes) -> None:
    with pytest.raises(Invalid, match="does not begin with a header: it is no backup"):
        check_format(line)


@pytest.mark.parametrize(("name", "value"), ALLOWED)
def test_a_value_of_its_kind_is_read(name: str, value: object) -> None:
    assert getattr(read_line(kind_with(name), line_with(name, value)), name) == value


@pytest.mark.parametrize(("name", "value"), REFUSED)
def test_a_value_of_another_kind_is_refused(name: str, value: object) -> None:
    with pytest.raises(Invalid, match="it is no backup"):
        read_line(kind_with(name), line_with(name, value))


@pytest.mark.parametrize("name", VALUES)
def test_a_line_that_lacks_a_value_is_refused(name: str) -> None:
    whole = json.loads(line_with(name, None))
    (values,) = whole.values()
    del values[name]
    with pytest.raises(Invalid, match="it is no backup"):
        read_line(kind_with(name), json.dumps(whole).encode())


@pytest.mark.parametrize("found", [FORMAT - 1, FORMAT + 1])
def test_another_format_names_the_release_that_wrote_it(found: int) -> None:
    line = json.dumps({"header": {"format": found, "release": "9.1"}}).encode()
    with pytest.raises(Invalid, match=f"has format {found}, and this release reads {FORMAT}: take release 9.1"):
        check_format(line)


def test_of_its_own_format_a_header_needs_no_more() -> None:
    check_format(json.dumps({"header": {"format": FORMAT, "release": "9.1"}}).encode())


@pytest.mark.parametrize(
    ("name", "value"),
    [("format", value) for value in NUMBERS[1]] + [("release", value) for value in WORDS[1]],
)
def test_a_format_or_a_release_of_another_kind_is_refused(name: str, value: object) -> None:
    with pytest.raises(Invalid, match="does not begin with a header"):
        check_format(line_with(name, value))
