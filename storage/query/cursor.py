"""Cursors: opaque text that holds where a page ended, valid on every backend.

A cursor holds values and no engine's token, so it survives a change of database. It comes back from
outside: whatever it holds is checked like any input before it comes near a query.
"""

from __future__ import annotations

import json
import zlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from storage.entity import Field, Timestamp, check_id
from storage.errors import Invalid

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LONGEST_CURSOR = 16_384
#: Kept, since making one takes as long as writing with it.
WRITER = json.JSONEncoder(separators=(",", ":"), ensure_ascii=True)


@dataclass(frozen=True, slots=True)
class Position:
    """Where a page ended: the last item's value in the order's column, and its id."""

    value: Any
    id: int


def write_cursor(position: Position, entity: str, order: str, fingerprint: str) -> str:
    """Return the cursor of a position within one query."""
    fields = [entity, order, fingerprint, plain(position.value), position.id]
    text = WRITER.encode(fields)
    return urlsafe_b64encode(f"{zlib.crc32(text.encode()):08x}{text}".encode()).rstrip(b"=").decode()


def read_cursor(cursor: str, column: Field, entity: str, order: str, fingerprint: str) -> Position:
    """Return the position that a cursor holds; ``Invalid`` if it is damaged or of another query."""
    found_entity, found_order, found_fingerprint, value, id = decoded(cursor)
    if (found_entity, found_order, found_fingerprint) != (entity, order, fingerprint):
        raise Invalid({"cursor": "belongs to another query: use it with the entity, order and filters it came from"})
    try:
        position = Position(column.check(revived(column, value)), id)
        if not check_id(id) or (column.name == "id" and position.value != id):
            raise damaged()
        encoded_again = write_cursor(position, entity, order, fingerprint)
    except (ValueError, TypeError, OverflowError, Invalid):
        raise damaged() from None
    if encoded_again != cursor:
        raise damaged()
    return position


def decoded(cursor: object) -> list[Any]:
    """Return the five fields of a cursor whose checksum is right."""
    if not isinstance(cursor, str) or not cursor.isascii() or len(cursor) > LONGEST_CURSOR:
        raise damaged()
    try:
        text = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        if text[:8] != f"{zlib.crc32(text[8:].encode()):08x}":
            raise damaged()
        fields = json.loads(text[8:])
    except (NotBase64, ValueError, RecursionError):
        raise damaged() from None
    if not isinstance(fields, list) or len(fields) != 5:
        raise damaged()
    return fields


def damaged() -> Invalid:
    """Return the error for a cursor that we did not write."""
    return Invalid({"cursor": "is damaged: take it unchanged from the page before, or begin without one"})


def plain(value: Any) -> Any:
    """Return a value as JSON can hold it; a moment as whole milliseconds since 1970."""
    if isinstance(value, datetime):
        return (value - EPOCH) // timedelta(milliseconds=1)
    if isinstance(value, tuple):
        return [plain(one) for one in value]
    return value


def revived(column: Field, value: Any) -> Any:
    """Return the value of ``plain`` as the column's own type; still unchecked."""
    if value is not None and isinstance(column.rule, Timestamp):
        if not isinstance(value, int) or isinstance(value, bool):
            raise TypeError
        return EPOCH + timedelta(milliseconds=value)
    return value
