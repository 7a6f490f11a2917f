"""What people fill in: an engine as texts, read and shown."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from werkzeug.exceptions import BadRequest

from storage import Engine, Invalid
from storage.flask import current_storage
from webapp.listing import whole_number

LABELS = {"title": "Title", "thrust": "Thrust", "last_fired": "Last fired"}
#: Before the name of a field: what it held when the form was shown.
WAS = "was_"
NEW_TEXTS = {"title": "", "thrust": "0", "last_fired": ""}

# What a browser sends for datetime-local; with a blank for the T, what people write where it has no such field.
LOCAL_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?", re.ASCII)


def engine_texts(engine: Engine) -> dict[str, str]:
    """Return an engine's fields as a form shows them."""
    return texts_of({name: getattr(engine, name) for name in LABELS})


def texts_of(values: Mapping[str, Any]) -> dict[str, str]:
    """Return fields as a form shows them; equal values have equal texts, however they were written."""
    moment: datetime | None = values["last_fired"]
    precision = "milliseconds" if moment and moment.microsecond else "seconds"
    written = "" if moment is None else moment.replace(tzinfo=None).isoformat(timespec=precision)
    return {"title": values["title"], "thrust": str(values["thrust"]), "last_fired": written}


def sent_texts(form: Mapping[str, str]) -> dict[str, str]:
    """Return the fields as somebody filled them in; blanks around them are nothing that people see."""
    return {name: form.get(name, "").strip() for name in LABELS}


def texts_before(form: Mapping[str, str]) -> dict[str, str] | None:
    """Return what the fields held when the form was shown; ``None`` if it does not say."""
    if not all(WAS + name in form for name in LABELS):
        return None
    return {name: form[WAS + name] for name in LABELS}


def sent_version(form: Mapping[str, str]) -> int:
    """Return the version that the form was shown with; 400 if it names none."""
    try:
        version: int = current_storage.description(Engine).by_name["version"].check(whole_number(form["version"]))
    except (KeyError, ValueError):
        raise BadRequest("The form does not say which version it is about: load its page again.") from None
    return version


def values_of(texts: Mapping[str, str]) -> dict[str, Any]:
    """Return the fields as storage takes them; ``Invalid`` says of each that is wrong what is."""
    values: dict[str, Any] = {"title": texts["title"]}
    problems: dict[str, str] = {}
    for name, read in (("thrust", whole_number), ("last_fired", read_local_moment)):
        try:
            values[name] = read(texts[name])
        except ValueError as error:
            problems[name] = str(error)
    try:
        values = current_storage.description(Engine).changed_values(values)
    except Invalid as error:
        problems = error.problems | problems
    if problems:
        raise Invalid(problems)
    return values


def read_local_moment(text: str) -> datetime | None:
    """Return the moment in UTC that a text names, ``None`` for no text; ``ValueError`` says what is wrong with it."""
    if not text:
        return None
    if not LOCAL_MOMENT.fullmatch(text):
        raise ValueError("must be a date and a time in UTC, such as 2026-01-31 09:30:00")
    try:
        return datetime.fromisoformat(text).replace(tzinfo=UTC)
    except ValueError:
        raise ValueError(f"names no moment that exists: {text}") from None


def shown(name: str, text: str) -> str:
    """Return the text of a field as people read it outside of a form."""
    if name == "last_fired":
        return f"{text.replace('T', ' ')} UTC" if text else "never"
    return text
