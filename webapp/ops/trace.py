"""What is noted of a request while it runs: its id, when it began, and its calls of the storage."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from time import perf_counter
from typing import cast

from flask import Flask, Request, Response, current_app, has_request_context, request
from werkzeug.local import LocalProxy

from storage import Call

HEADER = "X-Request-ID"
WELL_FORMED = re.compile(r"[A-Za-z0-9._-]{8,64}")

#: Where in the environment of the request.
KEY = "engine_room.trace"


@dataclass(slots=True)
class Trace:
    """The notes of one request."""

    request_id: str
    started: float
    storage_calls: int = 0
    storage_seconds: float = 0.0


def init_app(app: Flask) -> None:
    """Have each request traced, its calls of the storage counted, and its id answered."""
    app.before_request(begin)
    app.after_request(answer_id)
    app.extensions["storage"].observe(note)


def begin() -> None:
    """Begin the trace, before anything else is done for the request."""
    current_trace()


def current_trace() -> Trace:
    """Return the trace of the request, which begins at the first look."""
    environ = request.environ
    trace = environ.get(KEY)
    if not isinstance(trace, Trace):
        trace = environ[KEY] = Trace(new_id(), perf_counter())
    return trace


def this_request() -> Request:
    """Return the request itself: every look through Flask's proxy takes as long as raising a figure."""
    return cast("LocalProxy[Request]", request)._get_current_object()


def new_id() -> str:
    """Return the id that a trusted proxy has given to the request, or a random one.

    A client could choose an id to be confused with another's, or long enough to fill a disk.
    """
    if current_app.config["TRUSTED_PROXIES"]:
        given = request.headers.get(HEADER, "")
        if WELL_FORMED.fullmatch(given):
            return given
    return secrets.token_hex(8)


def answer_id(response: Response) -> Response:
    """Tell the client the id, for it to be quoted when something went wrong."""
    response.headers[HEADER] = current_trace().request_id
    return response


def note(call: Call) -> None:
    """Count a call of the storage that a request has made."""
    if has_request_context():
        trace = current_trace()
        trace.storage_calls += 1
        trace.storage_seconds += call.seconds
