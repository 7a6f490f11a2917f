"""JSON as the application writes it: the keys in the order given, the same bytes on every backend."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Response
from msgspec.json import Encoder

encode = Encoder().encode


def json_response(document: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Return a document as a response, with a newline at its end for those who read it on a terminal."""
    return Response(encode(document) + b"\n", status, headers, content_type="application/json")


def is_api(path: str) -> bool:
    """Return whether a path is one of the API, for programs, rather than one of the pages, for people."""
    return path.startswith("/api/") or path == "/api"
