"""What a backup says of itself: at its beginning what it is, at its end what is in it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from importlib.metadata import PackageNotFoundError, version
from typing import Any, TypeVar

from storage.entity import LARGEST_ID
from storage.errors import Invalid
from storage.transfer.canonical import encode

#: Raised with every change after which an older release could not read what this one writes.
FORMAT = 1

#: Characters of a word in one of the two lines.
LONGEST_WORD = 200

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Header:
    """The first line. ``snapshot``: whether the rows are one committed state. ``made`` is a moment in UTC."""

    format: int
    revision: str
    release: str
    backend: str
    server: str
    made: str
    snapshot: bool
    entities: list[str]


@dataclass(frozen=True, slots=True)
class Contents:
    """The last line: of each entity how many rows there are and the SHA-256 of their lines, and all marks."""

    rows: dict[str, int]
    sha256: dict[str, str]
    marks: dict[str, int]


@dataclass(frozen=True, slots=True)
class Manifest:
    """Both."""

    header: Header
    contents: Contents

    def plain(self) -> dict[str, Any]:
        """Return it for programs."""
        return asdict(self.header) | asdict(self.contents)


def release() -> str:
    """Return the version of this release."""
    try:
        return version("engine-room")
    except PackageNotFoundError:
        return "unknown"


def line_of(value: Header | Contents) -> bytes:
    """Return the line, without its end."""
    return encode({type(value).__name__.lower(): asdict(value)}).encode()


def read_line(kind: type[T], line: bytes) -> T:
    """Return what a line says; ``Invalid`` for one that is not of the kind."""
    try:
        document = json.loads(line)[kind.__name__.lower()]
        values = {field.name: document[field.name] for field in fields(kind)}  # type: ignore[arg-type]
        if not all(CHECKS[name](value) for name, value in values.items()):
            raise ValueError("a value of another type")
        return kind(**values)
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise Invalid({"file": f"has no {kind.__name__.lower()} where it should be: it is no backup"}) from error


def is_number(value: object) -> bool:
    """Return whether a value is a whole number from 0 to the largest id."""
    return type(value) is int and 0 <= value <= LARGEST_ID


def is_word(value: object) -> bool:
    """Return whether a value is text of one line that can be printed."""
    return type(value) is str and len(value) <= LONGEST_WORD and value.isprintable()


def is_of(check: Callable[[object], bool]) -> Callable[[object], bool]:
    """Return what checks that a value maps words to what passes a check."""
    return lambda value: type(value) is dict and all(is_word(key) and check(value[key]) for key in value)


#: What each value of the two lines must be. They are printed, and may have been written by anybody.
CHECKS: Mapping[str, Callable[[Any], bool]] = {
    "format": is_number,
    "snapshot": lambda value: type(value) is bool,
    "entities": lambda value: type(value) is list and all(map(is_word, value)) and len(set(value)) == len(value),
    "rows": is_of(is_number),
    "sha256": is_of(is_word),
    "marks": is_of(is_number),
    **dict.fromkeys(("revision", "release", "backend", "server", "made"), is_word),
}


def check_format(line: bytes) -> None:
    """Raise ``Invalid`` for a backup that this release is too old to read, whatever else stands in it."""
    try:
        header: Mapping[str, Any] = json.loads(line)["header"]
        found, writer = header["format"], header["release"]
        if not (is_number(found) and is_word(writer)):
            raise ValueError("a value of another type")
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise Invalid({"file": "does not begin with a header: it is no backup"}) from error
    if found != FORMAT:
        raise Invalid(
            {"file": f"has format {found}, and this release reads {FORMAT}: take release {writer}, or a newer one"}
        )
