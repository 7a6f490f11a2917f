"""What a view of the API promises beside its address, its role and its docstring.

The application holds every request to it before the view runs, and the OpenAPI document is written from it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import unquote_to_bytes

from flask import current_app, request
from werkzeug.exceptions import BadRequest, NotAcceptable

from webapp.bodies import refuse_body
from webapp.errors import BadParameters
from webapp.preconditions import CONDITIONS, read_tags

View = TypeVar("View", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Promise:
    """The status of success and what is answered with it; what the view takes.

    ``answer`` and ``body`` name schemas of the document, ``None`` for nothing. ``conditional``: the view heeds
    ``If-Match`` and ``If-None-Match``. ``repeatable``: it heeds ``Idempotency-Key``.
    """

    status: int
    answer: str | None = None
    body: str | None = None
    query: Collection[str] = ()
    conditional: bool = False
    repeatable: bool = False


def promises(promise: Promise) -> Callable[[View], View]:
    """Mark a view with what it promises."""

    def mark(view: View) -> View:
        view.promise = promise  # type: ignore[attr-defined]
        return view

    return mark


def hold_to_promise() -> None:
    """Refuse a request that asks for another type than JSON, or holds what the view would pass over in silence."""
    view: Any = current_app.view_functions[str(request.endpoint)]
    promise: Promise = view.promise
    check_accept()
    check_parameters(promise.query)
    if promise.conditional and promise.repeatable:
        # A repeat is answered before its preconditions are looked at.
        for name in CONDITIONS:
            read_tags(name)
    if promise.body is None and request.method not in ("GET", "HEAD"):
        refuse_body()


def check_accept() -> None:
    """Raise 406 for a client that takes no JSON."""
    accepted = request.headers.get("Accept") or "*/*"
    if accepted not in ("*/*", "application/json") and not request.accept_mimetypes["application/json"]:
        raise NotAcceptable


def check_parameters(known: Collection[str]) -> None:
    """Raise 400 for query parameters that are unknown, or given twice: they would have no effect."""
    if not request.query_string:
        return
    try:
        arguments = request.args
        # Werkzeug writes bytes that are no UTF-8 with a percent sign again: they are not what was sent.
        unquote_to_bytes(request.query_string).decode()
    except UnicodeDecodeError:
        raise BadRequest("The query parameters cannot be read: they are not in UTF-8.") from None
    problems = {}
    for name, values in arguments.lists():
        if name not in known:
            problems[name] = f"is no parameter of this address; there are: {', '.join(known) or 'none'}"
        elif len(values) > 1:
            problems[name] = "is given more than once"
    if problems:
        raise BadParameters(problems)
