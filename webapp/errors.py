"""What went wrong, as a response: the one place that turns errors of storage and of HTTP into answers.

The API answers with problem+json (RFC 9457), everything else with a page. The client is told what it can do;
what the database said stands in the log.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from flask import Flask, Response, current_app, make_response, render_template, request
from werkzeug.exceptions import BadRequest, HTTPException
from werkzeug.http import HTTP_STATUS_CODES

from storage import (
    AlreadyExists,
    Invalid,
    NotFound,
    ReadOnly,
    SchemaOutOfDate,
    StorageError,
    TransactionConflict,
    Unavailable,
    Unsupported,
    VersionConflict,
)
from webapp.responses import is_api, json_response

#: Seconds after which an outage may be over.
RETRY_AFTER = "5"


@dataclass(frozen=True, slots=True)
class Answer:
    """How an error is told: the status, a sentence, and whether trying again later can help."""

    status: int
    detail: str
    retry: bool = False


ANSWERS: Mapping[type[Exception], Answer] = {
    Invalid: Answer(422, "What was sent breaks a rule: errors says which."),
    NotFound: Answer(404, "There is nothing with that id."),
    AlreadyExists: Answer(409, "There is one with the same value already."),
    VersionConflict: Answer(409, "Somebody has changed it meanwhile: read it again."),
    TransactionConflict: Answer(503, "Others were changing the same: nothing was done, try again.", retry=True),
    Unavailable: Answer(503, "The database does not answer as it should: try again later.", retry=True),
    ReadOnly: Answer(503, "The database takes no changes at present."),
    SchemaOutOfDate: Answer(503, "The database is not at the revision of this release: /readyz says what to run."),
    Unsupported: Answer(501, "The database that is configured cannot do this."),
    StorageError: Answer(500, "Something went wrong: the log of the server says what."),
}
UNKNOWN_OUTCOME = "The database's answer was lost: the change may have been made. Read before you try again."


class BadParameters(BadRequest):
    """Query parameters that are wrong, each with a sentence."""

    description = "A query parameter is wrong: errors says which."

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__()
        self.problems = problems


def init_app(app: Flask) -> None:
    """Have the application answer errors as this module says."""
    app.register_error_handler(StorageError, answer_storage_error)
    app.register_error_handler(HTTPException, answer_http_error)


def answer_storage_error(error: StorageError) -> Response:
    """Answer an error that a view let pass."""
    answer = next(ANSWERS[kind] for kind in type(error).__mro__ if kind in ANSWERS)
    log(error, answer.status)
    unknown_outcome = isinstance(error, Unavailable) and error.may_have_been_applied
    problems = error.problems if isinstance(error, Invalid) else {}
    response = answered(answer.status, UNKNOWN_OUTCOME if unknown_outcome else answer.detail, problems)
    if answer.retry:
        response.headers["Retry-After"] = RETRY_AFTER
    return response


def answer_http_error(error: HTTPException) -> Response:
    """Answer an error of HTTP, ours or Flask's; an unexpected exception arrives here as a 500, and is in the log."""
    problems = error.problems if isinstance(error, BadParameters) else {}
    response = answered(error.code or 500, error.description or "", problems)
    response.headers.extend((name, value) for name, value in error.get_headers() if name != "Content-Type")
    return response


def answered(status: int, detail: str, problems: Mapping[str, str]) -> Response:
    """Return a problem's document for the API, its page for everything else."""
    title = HTTP_STATUS_CODES[status]
    if not is_api(request.path):
        return make_response(render_template("error.html", title=title, detail=detail, problems=problems), status)
    document: dict[str, object] = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    if problems:
        document["errors"] = dict(problems)
    return json_response(document, status, mimetype="application/problem+json")


def log(error: StorageError, status: int) -> None:
    """Write what the client is not told into the log; messages of storage hold no password."""
    if status == 500:
        current_app.logger.error("%s %r failed", request.method, request.path, exc_info=error)
    elif status > 500:
        current_app.logger.warning("%s %r: %s: %s", request.method, request.path, type(error).__name__, error)
