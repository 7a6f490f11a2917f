"""What keeps a browser from being used against its owner: CSRF tokens, and headers that say what a page may do."""

from __future__ import annotations

from flask import Flask, Response, request
from flask_wtf.csrf import CSRFProtect

from webapp.responses import is_api

#: Nothing from elsewhere, nothing inline; Pico's pictures are in its style sheet.
CONTENT_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)


def init_app(app: Flask) -> None:
    """Protect every form, and send the headers with every answer. The API takes no cookie, and so needs no token."""
    app.config["WTF_CSRF_CHECK_DEFAULT"] = False
    protection = CSRFProtect(app)

    @app.before_request
    def check_form() -> None:
        if not is_api(request.path):
            protection.protect()

    app.after_request(add_headers)


def add_headers(response: Response) -> Response:
    """Add what each answer says to a browser."""
    response.headers.setdefault("Content-Security-Policy", CONTENT_POLICY)
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    return response
