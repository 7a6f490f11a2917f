"""JSON as the application writes it: the keys in the order given, the same bytes on every backend."""

from __future__ import annotations

import json
from collections.abc import Mapping

from flask import Response


def json_response(
    document: Mapping[str, object],
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    mimetype: str = "application/json",
) -> Response:
    """Return a document as a response, with a newline at its end for those who read it on a terminal."""
    # In ASCII: a name that a client has sent may hold half of a surrogate pair, which has no UTF-8.
    text = json.dumps(document, ensure_ascii=True, separators=(",", ":")) + "\n"
    return Response(text, status, headers, mimetype=mimetype)


def is_api(path: str) -> bool:
    """Return whether a path is one of the API, for programs, rather than one of the pages, for people."""
    return path.startswith("/api/")
