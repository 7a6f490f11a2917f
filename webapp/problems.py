"""What can go wrong with a request: each kind has a name that stays, a status and a sentence.

The names are the API's ``type`` of a problem, by which a program tells them apart; ``/problems/<name>`` explains
each to people, and the OpenAPI document lists them. All three are made from this one table.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """A kind of problem: its name, status and title, what the client is told, and whether waiting can help."""

    name: str
    status: int
    title: str
    detail: str
    retry: bool = False

    def type(self, root: str) -> str:
        """Return the reference by which an answer names it; ``root``: the path that the application is served under."""
        return f"{root}/problems/{self.name}"


MALFORMED = Problem(
    "malformed-request", 400, "The request cannot be read", "Something in the request is not written as it must be."
)
BAD_PARAMETERS = Problem(
    "bad-parameters", 400, "A query parameter is wrong", "A query parameter is wrong: errors says which."
)
UNAUTHORIZED = Problem(
    "unauthorized", 401, "Authentication required", "This needs a token: send Authorization: Bearer."
)
FORBIDDEN = Problem("forbidden", 403, "The role does not suffice", "Whoever called may not do this.")
NOT_FOUND = Problem("not-found", 404, "There is nothing there", "There is nothing with that id, or at that address.")
METHOD_NOT_ALLOWED = Problem(
    "method-not-allowed", 405, "The address has no such method", "The header Allow lists the methods of this address."
)
NOT_ACCEPTABLE = Problem(
    "not-acceptable", 406, "Only JSON is served", "The answer would be JSON: let Accept admit application/json."
)
ALREADY_EXISTS = Problem("already-exists", 409, "The value is taken", "There is one with the same value already.")
VERSION_CONFLICT = Problem("version-conflict", 409, "Edit conflict", "It has changed since it was read: read it again.")
TOO_SLOW = Problem(
    "too-slow", 408, "The request came too slowly", "The body did not arrive in time: send it again.", retry=True
)
UNFINISHED = Problem(
    "unfinished-request",
    409,
    "The first request with the key has no answer",
    "A request with this Idempotency-Key is at work, or was cut short and may have been made: read before you try "
    "again with another key.",
)
PRECONDITION_FAILED = Problem(
    "precondition-failed", 412, "A precondition does not hold", "It has another version than asked for: read it again."
)
TOO_LARGE = Problem("content-too-large", 413, "The body is too large", "The body is larger than is taken here.")
UNSUPPORTED_MEDIA_TYPE = Problem(
    "unsupported-media-type", 415, "Only JSON is taken", "The body must be JSON: send Content-Type: application/json."
)
INVALID_FIELDS = Problem(
    "invalid-fields", 422, "What was sent breaks a rule", "What was sent breaks a rule: errors says which."
)
KEY_REUSED = Problem(
    "key-reused",
    422,
    "The key belongs to another request",
    "This Idempotency-Key was sent with another request: use a new key for a new request.",
)
TOO_MANY_REQUESTS = Problem(
    "too-many-requests", 429, "Too many requests", "Too many requests: wait as long as Retry-After says.", retry=True
)
INTERNAL_ERROR = Problem(
    "internal-error", 500, "Something went wrong here", "Something went wrong: the log of the server says what."
)
UNSUPPORTED = Problem(
    "unsupported", 501, "The database cannot do this", "The database that is configured cannot do this."
)
UNAVAILABLE = Problem(
    "unavailable",
    503,
    "The database does not answer",
    "The database does not answer as it should: try again later.",
    retry=True,
)
BUSY = Problem(
    "busy",
    503,
    "Transaction conflict",
    "Others were changing the same: nothing was done, try again.",
    retry=True,
)
UNKNOWN_OUTCOME = Problem(
    "unknown-outcome",
    503,
    "Nobody knows whether it was done",
    "The database's answer was lost: the change may have been made. Send the same form again, or the same request "
    "with its Idempotency-Key: it is done once. Without a key, read before you try again.",
)
OUT_OF_ORDER = Problem(
    "out-of-order",
    503,
    "The database cannot do it",
    "The database cannot do it, and trying again is useless: the log of the server says why.",
)
READ_ONLY = Problem("read-only", 503, "The database takes no changes", "The database takes no changes at present.")
SCHEMA_OUT_OF_DATE = Problem(
    "schema-out-of-date",
    503,
    "The database waits for its migration",
    "The database is not at the revision of this release: /readyz says what to run.",
)

PROBLEMS: Mapping[str, Problem] = {
    problem.name: problem
    for problem in (
        MALFORMED, BAD_PARAMETERS, UNAUTHORIZED, FORBIDDEN, NOT_FOUND, METHOD_NOT_ALLOWED, NOT_ACCEPTABLE,
        TOO_SLOW, ALREADY_EXISTS, VERSION_CONFLICT, UNFINISHED, PRECONDITION_FAILED, TOO_LARGE, UNSUPPORTED_MEDIA_TYPE,
        INVALID_FIELDS, KEY_REUSED, TOO_MANY_REQUESTS, INTERNAL_ERROR, UNSUPPORTED, UNAVAILABLE, BUSY,
        UNKNOWN_OUTCOME, OUT_OF_ORDER, READ_ONLY, SCHEMA_OUT_OF_DATE,
    )
}  # fmt: skip

#: What an error of HTTP means that says no more than its status.
BY_STATUS: Mapping[int, Problem] = {
    problem.status: problem
    for problem in (
        MALFORMED, UNAUTHORIZED, FORBIDDEN, NOT_FOUND, METHOD_NOT_ALLOWED, NOT_ACCEPTABLE, TOO_SLOW,
        PRECONDITION_FAILED, TOO_LARGE, UNSUPPORTED_MEDIA_TYPE, TOO_MANY_REQUESTS, INTERNAL_ERROR,
    )
}  # fmt: skip
