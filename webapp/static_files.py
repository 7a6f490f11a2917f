"""The style sheets and scripts: kept by browsers for a year under an address that changes with them, and compressed."""

from __future__ import annotations

import gzip
import hashlib
from functools import lru_cache
from pathlib import Path
from typing import Any

from flask import Flask, Response, current_app, request

FOREVER = "public, max-age=31536000, immutable"
COMPRESSED = ("text/css", "text/javascript", "image/svg+xml")


def init_app(app: Flask) -> None:
    """Have the application name each file by its content, and send it small."""
    app.url_defaults(add_fingerprint)
    app.after_request(finish)


def add_fingerprint(endpoint: str, values: dict[str, Any]) -> None:
    """Add to the address of a file the fingerprint of its content."""
    if endpoint == "static":
        file = Path(str(current_app.static_folder), values["filename"])
        values["v"] = fingerprint(file, file.stat().st_mtime_ns)


@lru_cache
def fingerprint(file: Path, changed: int) -> str:
    """Return some digits of a file's digest; ``changed`` has it read again when somebody has edited it."""
    return hashlib.sha256(file.read_bytes()).hexdigest()[:12]


def finish(response: Response) -> Response:
    """Compress a file, and say how long it may be kept.

    Pages are not compressed: their length would tell of their CSRF token what is searched for beside it.
    """
    if request.endpoint != "static" or response.status_code not in (200, 304):
        return response
    if "v" in request.args:
        response.headers["Cache-Control"] = FOREVER
    if response.mimetype not in COMPRESSED or response.status_code == 304:
        return response
    response.vary.add("Accept-Encoding")
    if request.accept_encodings["gzip"] and request.method == "GET":
        response.direct_passthrough = False
        response.set_data(gzip.compress(response.get_data(), mtime=0))
        response.headers["Content-Encoding"] = "gzip"
        # The same text in other bytes: the tag stays good for asking whether it has changed.
        response.set_etag(response.get_etag()[0] or "", weak=True)
    return response
