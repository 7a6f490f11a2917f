"""What keeps a browser from being used against its owner: tokens in the forms, and headers that say what a page may do.

An address that does not exist, or not with this method, is answered as such, whatever the request lacks.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Flask, Response, request
from werkzeug.exceptions import Forbidden, SecurityError

from webapp.auth import form_tokens
from webapp.ops.trace import this_request
from webapp.responses import is_api

SAFE = ("GET", "HEAD", "OPTIONS")

HEADERS = {
    # Nothing from elsewhere, nothing inline; Pico's pictures are in its style sheet.
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "form-action 'self'; frame-ancestors 'none'; base-uri 'none'; object-src 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    # Not no-referrer, with which browsers send the forms of our own pages with "Origin: null".
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    # Pages are somebody's own, and so is what the API answers. Files say themselves how long they last.
    "Cache-Control": "no-store",
}
#: A year, and this host alone: what the others have is not known here.
HTTPS_FROM_NOW_ON = "max-age=31536000"


def init_app(app: Flask) -> None:
    """Protect every form, and send the headers with every answer. The API takes no cookie, and so needs no token."""
    form_tokens.init_app(app)

    @app.before_request
    def check_form() -> Response | None:
        asked = this_request()
        if isinstance(asked.routing_exception, SecurityError):
            return refuse_host()
        if asked.routing_exception is None and asked.method not in SAFE:
            if not comes_from_here():
                raise Forbidden("A page of another site may not do this.")
            if not is_api(asked.path):
                form_tokens.check_form_token()
        return None

    app.after_request(add_headers)


def refuse_host() -> Response:
    """Answer a request for a host that is not ours, in plain text: without a host there are no links for a page."""
    sentence = "This host is not known here: TRUSTED_HOSTS in the configuration lists those that are.\n"
    return Response(sentence, 400, mimetype="text/plain")


def comes_from_here() -> bool:
    """Return whether no page of another site asks for it; what is no browser says nothing of sites."""
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    if site is not None:
        return site in ("same-origin", "none")
    return origin is None or request.host == host_of(origin) != ""


def host_of(origin: str) -> str:
    """Return the host and the port of an origin, in small letters; nothing for what is none."""
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return ""


def add_headers(response: Response) -> Response:
    """Add what each answer says to a browser, but for what it says already."""
    own = {name.lower() for name in response.headers.keys()}  # noqa: SIM118 - not a mapping: it iterates over pairs
    response.headers.extend({name: value for name, value in HEADERS.items() if name.lower() not in own})
    if request.is_secure:
        response.headers.setdefault("Strict-Transport-Security", HTTPS_FROM_NOW_ON)
    return response
