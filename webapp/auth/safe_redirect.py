"""Safe redirect after sign-in: to a page of the application, whatever the address from outside says."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from flask import request, url_for
from werkzeug.urls import iri_to_uri

#: One slash at the beginning: browsers take ``//host`` and ``/\host`` for other places. ASCII without blanks.
LOCAL = re.compile(r"/(?![/\\])[!-\[\]-~]*")


def own_page(address: str | None) -> str:
    """Return the path and the query of an address that is one of ours, and else those of the first page."""
    try:
        parts = urlsplit(address or "")
    except ValueError:
        return first_page()
    target = f"{parts.path}?{parts.query}" if parts.query else parts.path
    if parts.netloc.lower() not in ("", request.host) or not LOCAL.fullmatch(target):
        return first_page()
    return target


def wanted_page() -> str:
    """Return the page that the person of the current request asked for, or looks at."""
    if request.method == "GET" and "HX-Request" not in request.headers:
        return own_page(iri_to_uri(request.url))
    return own_page(request.headers.get("HX-Current-URL") or request.referrer)


def first_page() -> str:
    """Return the path of the page that there always is."""
    return url_for("pages.fleet")
