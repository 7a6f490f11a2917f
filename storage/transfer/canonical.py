"""An entity as one line of JSON: the same bytes from every backend, and other bytes for every other value.

A value has the type that its field's rule asks for, or the line says which type it has instead: ``7.0`` in the
place of ``7`` is told from it, although Python calls them equal.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from operator import attrgetter
from typing import Generic, TypeVar

from storage.entity import VALUE_TYPES, Description
from storage.errors import Invalid
from storage.transfer.rows import Row, Unreadable

E = TypeVar("E")

encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode


class Canonical(Generic[E]):
    """Writes and reads the lines of one entity."""

    def __init__(self, description: Description[E]) -> None:
        self.description = description
        self.names = ("id", *(field.name for field in description.fields), "version")
        self.values_of = attrgetter(*self.names)
        self.types = [VALUE_TYPES[type(description.by_name[name].rule)] for name in self.names]
        self.moments = [name for name, kind in zip(self.names, self.types, strict=True) if kind is datetime]

    def values(self, row: Row) -> dict[str, object]:
        """Return what a line says, by field."""
        if type(row) is Unreadable:
            return {"id": row.id, "unreadable": row.reason}
        found: dict[str, object] = {}
        for name, kind, value in zip(self.names, self.types, self.values_of(row), strict=True):
            if value is None:
                found[name] = None
            elif type(value) is not kind:
                found[name] = odd(value)
            else:
                found[name] = moment_text(value) if type(value) is datetime else value
        return found

    def line(self, row: Row) -> bytes:
        """Return the line, without its end."""
        return encode(self.values(row)).encode("utf-8", "surrogatepass")

    def is_same(self, one: Row, other: Row) -> bool:
        """Return whether two rows have the same line; an unreadable one is like no other."""
        if type(one) is Unreadable or type(other) is Unreadable:
            return False
        values, others = self.values_of(one), self.values_of(other)
        return values == others and list(map(type, values)) == list(map(type, others))

    def entity(self, line: bytes) -> E:
        """Return the entity of a line that ``line`` wrote of a stored one; ``Invalid`` for any other line."""
        try:
            values = json.loads(line)
            for name in self.moments:
                if values[name] is not None:
                    values[name] = datetime.fromisoformat(values[name])
            entity = self.description.type(**values)
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise Invalid({"line": f"cannot be read: {type(error).__name__}"}) from error
        self.description.stored_values(entity)
        if self.line(entity) != line:
            raise Invalid({"line": "is not as it would be written"})
        return entity


def odd(value: object) -> dict[str, str]:
    """Return what is told of a value of a type that its field cannot have."""
    return {"type": type(value).__name__, "value": repr(value)}


def moment_text(value: datetime) -> object:
    """Return a moment as RFC 3339 in UTC with milliseconds; one that is not of that kind is told as it is."""
    if value.tzinfo is not UTC or value.microsecond % 1000:
        return odd(value)
    return f"{value.isoformat(timespec='milliseconds')[:-6]}Z"
