"""Reading the body of a request: one JSON object, and nothing that two readers could take differently."""

from __future__ import annotations

import json
from typing import Any, NoReturn

from flask import request
from werkzeug.exceptions import BadRequest, UnsupportedMediaType

LONGEST_NUMBER = 100


def json_object() -> dict[str, Any]:
    """Return the JSON object in the body of the request.

    Another type of content is 415. What is no JSON in UTF-8, no object, names a key twice, or nests deeper
    than Python reads is 400.
    """
    if request.mimetype != "application/json" or request.mimetype_params.get("charset", "utf-8").lower() != "utf-8":
        raise UnsupportedMediaType("The body must be JSON: send Content-Type: application/json.")
    try:
        document = json.loads(
            request.get_data().decode("utf-8"),
            object_pairs_hook=distinct,
            parse_constant=refuse_constant,
            parse_int=short_number,
        )
    except RecursionError:
        raise BadRequest("The body cannot be read: it nests too deep.") from None
    except ValueError as error:
        raise BadRequest(f"The body cannot be read as JSON: {error}.") from None
    if not isinstance(document, dict):
        raise BadRequest("The body must be a JSON object.")
    return document


def refuse_body() -> None:
    """Raise 400 if the request has a body: it would have no effect."""
    if request.get_data():
        raise BadRequest("This request takes no body.")


def distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object's members; ``ValueError`` for a key given twice, of which readers keep another one each."""
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a key is given twice")
    return members


def short_number(digits: str) -> int:
    """Return a number; ``ValueError`` for one so long that Python would take its time, or refuse in its own words."""
    if len(digits) > LONGEST_NUMBER:
        raise ValueError(f"a number has more than {LONGEST_NUMBER} digits")
    return int(digits)


def refuse_constant(name: str) -> NoReturn:
    """Refuse ``NaN`` and ``Infinity``, which Python reads but JSON does not have."""
    raise ValueError(f"{name} is no number of JSON")
