"""Reading the body of a request: one JSON object, and nothing that two readers could take differently."""

from __future__ import annotations

import json
import re
from math import isfinite
from typing import Any, NoReturn

from flask import request
from werkzeug.exceptions import BadRequest, UnsupportedMediaType

LONGEST_NUMBER = 100

#: Up to here every whole number is one of Python's floats.
LARGEST_EXACT = 2**53

#: How deep a body may nest; nothing that is taken here nests at all.
DEEPEST = 32

#: A string, which may hold brackets and need not end, or a bracket outside of one.
BRACKETS = re.compile(r'"(?:[^"\\]|\\.)*+"?|[\[\]{}]', re.DOTALL)


def json_object() -> dict[str, Any]:
    """Return the JSON object in the body of the request.

    Another type of content is 415. What is no JSON in UTF-8, no object, names a key twice, nests too deep or
    holds a number beyond all bounds is 400.
    """
    if request.mimetype != "application/json" or request.mimetype_params.get("charset", "utf-8").lower() != "utf-8":
        raise UnsupportedMediaType
    try:
        text = request.get_data().decode("utf-8")
        check_depth(text)
        document = json.loads(
            text,
            object_pairs_hook=distinct,
            parse_constant=refuse_constant,
            parse_int=short_number,
            parse_float=any_number,
        )
    except ValueError as error:
        raise BadRequest(f"The body cannot be read as JSON: {error}.") from None
    if not isinstance(document, dict):
        raise BadRequest("The body must be a JSON object.")
    return document


def refuse_body() -> None:
    """Raise 400 if the request has a body: it would have no effect."""
    if request.get_data():
        raise BadRequest("This request takes no body.")


def check_depth(text: str) -> None:
    """Raise ``ValueError`` for what nests deeper than the bound, which lies far below that of Python's reader."""
    if text.count("[") + text.count("{") <= DEEPEST:
        return
    depth = 0
    for found in BRACKETS.finditer(text):
        if found[0] in "[{":
            depth += 1
        elif found[0] in "]}":
            depth -= 1
        if depth > DEEPEST:
            raise ValueError(f"it nests deeper than {DEEPEST} levels")


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


def any_number(text: str) -> int | float:
    """Return a number with a fraction or an exponent, a whole one as such: to JSON, ``7.0`` and ``7`` are the same.

    ``ValueError`` for one that Python would take for infinite.
    """
    number = float(text)
    if len(text) > LONGEST_NUMBER or not isfinite(number):
        raise ValueError("a number is too large, or has too many digits")
    return int(number) if number.is_integer() and abs(number) <= LARGEST_EXACT else number


def refuse_constant(name: str) -> NoReturn:
    """Refuse ``NaN`` and ``Infinity``, which Python reads but JSON does not have."""
    raise ValueError(f"{name} is no number of JSON")
