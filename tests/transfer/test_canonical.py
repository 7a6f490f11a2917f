"""A row is one line, and only that line is the row."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from storage import Engine, Invalid
from storage.entity import describe
from storage.transfer.canonical import Canonical
from tests.transfer.samples import LIMITS, NOON

CANONICAL = Canonical(describe(Engine))
ROW = Engine("Rapt\u00f6r", 7, NOON, 1, 2)
LINE = CANONICAL.line(ROW)


@pytest.mark.parametrize("row", [ROW, *LIMITS], ids=lambda row: ascii(row.title[:9]))
def test_a_line_gives_back_its_row(row: Engine) -> None:
    assert CANONICAL.entity(CANONICAL.line(row)) == row


def rewritten(**options: Any) -> bytes:
    """Return the line as JSON that is written in another way."""
    return json.dumps(json.loads(LINE), **{"ensure_ascii": False, "separators": (",", ":"), **options}).encode()


def changed(**values: object) -> bytes:
    """Return the line with other values, or more of them."""
    return json.dumps(json.loads(LINE) | values, ensure_ascii=False, separators=(",", ":")).encode()


def test_written_in_the_same_way_it_is_the_line() -> None:
    assert rewritten() == changed() == LINE


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(rewritten(separators=None), id="blanks"),
        pytest.param(rewritten(ensure_ascii=True), id="escapes"),
        pytest.param(rewritten(sort_keys=True), id="another order"),
        pytest.param(LINE.replace(b"Z", b"+00:00"), id="another way to write the zone"),
        pytest.param(LINE.replace(b".123Z", b".123000Z"), id="more digits"),
        pytest.param(LINE[:-1] + b',"version":2}', id="a value twice"),
        pytest.param(LINE + b" ", id="a blank behind it"),
    ],
)
def test_what_means_the_same_and_is_written_otherwise_is_refused(line: bytes) -> None:
    assert line != LINE
    with pytest.raises(Invalid, match="is not as it would be written"):
        CANONICAL.entity(line)


@pytest.mark.parametrize(
    "row",
    [
        replace(ROW, title=" Raptor"),
        replace(ROW, thrust=2**31),
        replace(ROW, thrust=7.0),
        replace(ROW, id=0),
        replace(ROW, version=0),
        replace(ROW, last_fired=datetime(999, 12, 31, tzinfo=UTC)),
    ],
    ids=ascii,
)
def test_a_row_that_could_not_be_stored_is_refused(row: Engine) -> None:
    with pytest.raises(Invalid):
        CANONICAL.entity(CANONICAL.line(row))


@pytest.mark.parametrize(
    "line", [b"", b"7", b"[]", b"{}", b"\xff", b"[" * 100_000, changed(extra=1), changed(last_fired=7)]
)
def test_what_is_no_row_is_refused(line: bytes) -> None:
    with pytest.raises(Invalid, match="cannot be read"):
        CANONICAL.entity(line)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("thrust", 7.0),
        ("version", 2.0),
        ("last_fired", None),
        ("last_fired", NOON.replace(tzinfo=None)),
        ("title", "raptor"),
        ("id", 2),
    ],
)
def test_rows_are_the_same_only_if_every_value_and_its_type_is(field: str, value: Any) -> None:
    changed: Engine = replace(ROW, **{field: value})
    assert not CANONICAL.is_same(ROW, changed)
    assert not CANONICAL.is_same(changed, ROW)
    assert CANONICAL.line(changed) != CANONICAL.line(ROW)


@pytest.mark.parametrize(
    "moment",
    [NOON.replace(tzinfo=None), NOON.replace(microsecond=1), datetime(2026, 1, 1, 0, 0, 0, 999_999, UTC)],
    ids=str,
)
def test_a_moment_of_another_kind_is_told_with_all_of_its_digits(moment: datetime) -> None:
    told = CANONICAL.values(replace(ROW, last_fired=moment))["last_fired"]
    assert told == {"type": "datetime", "value": repr(moment)}
