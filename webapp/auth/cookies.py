"""Sessions are for people in front of a browser: the API neither reads nor sets a cookie."""

from __future__ import annotations

from flask import Flask, Request
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface

from webapp.responses import is_api


class CookiesOfPages(SecureCookieSessionInterface):
    """Signed cookies for the pages alone, so that no browser can be made to call the API in its owner's name.

    It is also a tenth of what a request of the API costs: the signer is made anew for each.
    """

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        """Return the session of a page; ``None``, which Flask makes an empty one, for the API and for files."""
        if is_api(request.path) or request.path.startswith(f"{app.static_url_path}/"):
            return None
        return super().open_session(app, request)


def init_app(app: Flask) -> None:
    """Have the application keep its sessions so."""
    app.session_interface = CookiesOfPages()
