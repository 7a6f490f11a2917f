"""An engine as JSON, out and in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from msgspec import Struct

from storage import Engine, Invalid
from storage.flask import current_storage

# RFC 3339, section 5.6. Seconds up to 59: a leap second has no place in the time that storage keeps.
MOMENT = re.compile(
    r"[1-9]\d{3}-\d\d-\d\d[Tt](?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d+)?(?:[Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d)",
    re.ASCII,
)


class EngineDocument(Struct, frozen=True, gc=False):
    """An engine's JSON; the order of the keys is part of it."""

    id: int
    title: str
    thrust: int
    last_fired: str | None
    version: int


class PageDocument(Struct, frozen=True):
    """A page's JSON."""

    items: list[EngineDocument]
    next: str | None


def engine_document(engine: Engine) -> EngineDocument:
    """Return the JSON of an engine that is stored."""
    moment = engine.last_fired
    return EngineDocument(
        engine.id or 0, engine.title, engine.thrust, None if moment is None else moment_text(moment), engine.version
    )


def new_engine(body: Mapping[str, object]) -> Engine:
    """Return the engine that a body describes; ``Invalid`` names every bad field."""
    missing = {} if "title" in body else {"title": "is required"}
    return Engine(**checked_fields(body, missing))


def changed_fields(body: Mapping[str, object]) -> dict[str, object]:
    """Return the changes that a body describes; ``Invalid`` names every bad field."""
    return checked_fields(body, {})


def checked_fields(body: Mapping[str, object], problems: Mapping[str, str]) -> dict[str, Any]:
    """Return the fields of a body as storage takes them; ``Invalid`` names those bad and the problems known before."""
    fields, found = dict(body), dict(problems)
    moment = body.get("last_fired")
    if moment is not None:
        try:
            fields["last_fired"] = read_moment(moment)
        except ValueError as error:
            found["last_fired"] = str(error)
    description = current_storage.description(Engine)
    try:
        values = description.changed_values(fields)
    except Invalid as error:
        found = {**error.problems, **found}
    if found:
        raise Invalid(found)
    return values


def read_moment(text: object) -> datetime:
    """Return the moment that a text of RFC 3339 names; ``ValueError`` says what is wrong with it."""
    if not isinstance(text, str) or not MOMENT.fullmatch(text):
        raise ValueError("must be a moment from the year 1000 on with its offset, such as 2026-01-31T09:30:00.000Z")
    try:
        return datetime.fromisoformat(text.upper())
    except ValueError:
        raise ValueError(f"names no moment that exists: {text}") from None


def moment_text(moment: datetime) -> str:
    """Return a moment, which storage keeps in UTC, as RFC 3339 with milliseconds and ``Z``."""
    return moment.isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"
