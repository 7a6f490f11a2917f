"""What went wrong, as a response: the one place that turns errors of storage and of HTTP into answers.

The API answers with problem+json (RFC 9457), everything else with a page. The client is told what it can do;
what the database said stands in the log.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import islice

from flask import Flask, Response, current_app, make_response, render_template, request
from werkzeug.exceptions import HTTPException
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
from webapp import problems
from webapp.api.preconditions import CONDITIONS
from webapp.problems import Problem
from webapp.responses import is_api

#: Seconds after which an outage may be over.
RETRY_AFTER = "5"

#: How many fields one answer names: a body has room for thousands of unknown ones.
MOST_ERRORS = 100

ANSWERS: Mapping[type[Exception], Problem] = {
    Invalid: problems.INVALID_FIELDS,
    NotFound: problems.NOT_FOUND,
    AlreadyExists: problems.ALREADY_EXISTS,
    VersionConflict: problems.VERSION_CONFLICT,
    TransactionConflict: problems.BUSY,
    Unavailable: problems.UNAVAILABLE,
    ReadOnly: problems.READ_ONLY,
    SchemaOutOfDate: problems.SCHEMA_OUT_OF_DATE,
    Unsupported: problems.UNSUPPORTED,
    StorageError: problems.INTERNAL_ERROR,
}


class Refused(HTTPException):
    """A request that a view refuses with a problem of the table; ``problems`` are the bad fields or parameters."""

    def __init__(self, problem: Problem, problems: Mapping[str, str] | None = None) -> None:
        super().__init__(problem.detail)
        self.code = problem.status
        self.problem = problem
        self.problems = dict(problems or {})


class BadParameters(Refused):
    """Query parameters that are wrong, each with a sentence."""

    def __init__(self, problems_found: Mapping[str, str]) -> None:
        super().__init__(problems.BAD_PARAMETERS, problems_found)


def init_app(app: Flask) -> None:
    """Have the application answer errors as this module says."""
    app.register_error_handler(StorageError, answer_storage_error)
    app.register_error_handler(HTTPException, answer_http_error)


def answer_storage_error(error: StorageError) -> Response:
    """Answer an error that a view let pass."""
    problem = problem_of(error)
    log(error, problem.status)
    response = answered(problem, problem.detail, fields_of(error))
    if problem.retry:
        response.headers["Retry-After"] = RETRY_AFTER
    return response


def fields_of(error: StorageError) -> Mapping[str, str]:
    """Return what is wrong with which field."""
    if isinstance(error, AlreadyExists):
        return dict.fromkeys(error.fields, "is taken")
    return error.problems if isinstance(error, Invalid) else {}


def problem_of(error: StorageError) -> Problem:
    """Return the problem that an error of storage is to a client."""
    if isinstance(error, Unavailable) and error.may_have_been_applied:
        return problems.UNKNOWN_OUTCOME
    if isinstance(error, Unavailable) and not error.retryable:
        return problems.OUT_OF_ORDER
    if isinstance(error, VersionConflict) and any(name in request.headers for name in CONDITIONS):
        return problems.PRECONDITION_FAILED
    return next(ANSWERS[kind] for kind in type(error).__mro__ if kind in ANSWERS)


def answer_http_error(error: HTTPException) -> Response:
    """Answer an error of HTTP, ours or Flask's; an unexpected exception arrives here as a 500, and is in the log."""
    status = error.code or 500
    unnamed = Problem("", status, HTTP_STATUS_CODES.get(status, "Error"), "")
    problem = error.problem if isinstance(error, Refused) else problems.BY_STATUS.get(status, unnamed)
    # What Werkzeug says of itself is for people in front of a browser.
    said = error.description if error.description != type(error).description else None
    response = answered(problem, said or problem.detail, error.problems if isinstance(error, Refused) else {})
    response.headers.extend((name, value) for name, value in error.get_headers() if name != "Content-Type")
    return response


def answered(problem: Problem, detail: str, fields: Mapping[str, str]) -> Response:
    """Return a problem's document for the API, its page for everything else."""
    if not is_api(request.path):
        title = HTTP_STATUS_CODES.get(problem.status, problem.title)
        return make_response(render_template("error.html", title=title, detail=detail, problems=fields), problem.status)
    document: dict[str, object] = {
        "type": problem.type(request.script_root) if problem.name else "about:blank",
        "title": problem.title,
        "status": problem.status,
        "detail": detail,
    }
    if fields:
        document["errors"] = [
            {"field": name, "detail": sentence} for name, sentence in islice(fields.items(), MOST_ERRORS)
        ]
    # In ASCII: a name that a client has sent may hold half of a surrogate pair, which has no UTF-8.
    text = json.dumps(document, ensure_ascii=True, separators=(",", ":")) + "\n"
    return Response(text, problem.status, content_type="application/problem+json")


def log(error: StorageError, status: int) -> None:
    """Write what the client is not told into the log; messages of storage hold no password."""
    if status == 500:
        current_app.logger.error("%s %r failed", request.method, request.path, exc_info=error)
    elif status > 500:
        current_app.logger.warning("%s %r: %s: %s", request.method, request.path, type(error).__name__, error)
