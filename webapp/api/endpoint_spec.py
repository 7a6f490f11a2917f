"""What a view of the API promises beside its address, its role and its docstring.

The application holds every request to it before the view runs, and the OpenAPI document is written from it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any, TypeVar

from flask import current_app, request
from werkzeug.exceptions import NotAcceptable

from webapp.api.json_body import refuse_body
from webapp.api.preconditions import CONDITIONS, read_tags
from webapp.listing import check_parameters

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
