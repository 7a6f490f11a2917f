"""Behind a proxy: what it says of the client is believed as far as configured, and by default not at all."""

from __future__ import annotations

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix


def init_app(app: Flask) -> None:
    """Take address, scheme and host from ``X-Forwarded-*`` as the outermost of ``TRUSTED_PROXIES`` proxies wrote them.

    What a proxy does not overwrite, a client could have written: prefix and port are not taken.
    """
    proxies = app.config["TRUSTED_PROXIES"]
    if proxies:
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=proxies, x_proto=proxies, x_host=proxies
        )
