"""What a backup says of itself: at its beginning what it is, at its end what is in it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from importlib.metadata import PackageNotFoundError, version
from typing import Any, TypeVar

from storage.errors import Invalid
from storage.transfer.canonical import encode

#: Raised with every change after which an older release could not read what this one writes.
FORMAT = 1

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
        return kind(**{field.name: document[field.name] for field in fields(kind)})  # type: ignore[arg-type]
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise Invalid({"file": f"has no {kind.__name__.lower()} where it should be: it is no backup"}) from error


def check_format(line: bytes) -> None:
    """Raise ``Invalid`` for a backup that this release is too old to read, whatever else stands in it."""
    try:
        header: Mapping[str, Any] = json.loads(line)["header"]
        found, writer = header["format"], header["release"]
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise Invalid({"file": "does not begin with a header: it is no backup"}) from error
    if found != FORMAT:
        raise Invalid(
            {"file": f"has format {found!r}, and this release reads {FORMAT}: take release {writer}, or a newer one"}
        )
