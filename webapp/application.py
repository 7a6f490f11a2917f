"""The classes of the application and of its requests."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from typing import IO, Any
from urllib.parse import unquote_to_bytes

from flask import Flask, Request
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import BadRequest, SecurityError
from werkzeug.routing import MapAdapter
from werkzeug.utils import cached_property

from webapp.body import whole_body
from webapp.hosts import is_trusted

#: They tell nothing that a host name protects, and change nothing.
HEALTH_CHECKS = ("/healthz", "/readyz")


class StrictRequest(Request):
    """A request whose query and body are taken as they were sent, or not at all."""

    @cached_property
    def args(self) -> MultiDict[str, str]:
        """The query parameters; 400 if they are not in UTF-8.

        Werkzeug would raise an error of its own for a byte that is none, and write one that was quoted with a
        percent sign again: a text that nobody has sent.
        """
        try:
            unquote_to_bytes(self.query_string).decode()
        except UnicodeDecodeError:
            raise BadRequest("The query parameters cannot be read: they are not in UTF-8.") from None
        return super().args

    @cached_property
    def stream(self) -> IO[bytes]:
        """The body, read whole; an error of HTTP for one that is too long, too slow or not whole."""
        length = self.content_length
        if length is None and not self.environ.get("wsgi.input_terminated"):
            # Of such a body nobody knows where it ends: reading would wait for the next request.
            return BytesIO()
        return BytesIO(whole_body(self.environ["wsgi.input"], length, self.max_content_length))


class Application(Flask):
    """A Flask application all of whose functions are synchronous."""

    request_class = StrictRequest

    def create_url_adapter(self, request: Request | None) -> MapAdapter | None:
        """Return what finds the view of a request; ``SecurityError`` for a host that is not one of ``TRUSTED_HOSTS``.

        A health check is found under every host name: load balancers and orchestrators ask by the address of the
        machine, which is in no ``TRUSTED_HOSTS``.
        """
        if request is None:
            return super().create_url_adapter(request)
        if "HTTP_HOST" in request.environ:
            # One spelling, for whoever compares it with an origin or a referrer.
            request.environ["HTTP_HOST"] = request.environ["HTTP_HOST"].lower()
        is_health_check = request.path in HEALTH_CHECKS and request.method in ("GET", "HEAD")
        if not is_health_check and not is_trusted(request.host, self.config["TRUSTED_HOSTS"]):
            raise SecurityError
        return self.url_map.bind_to_environ(request.environ)

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Return the function as it is.

        Flask would look at each view and each hook, at each request, whether it is a coroutine: a fifteenth of what
        an answer costs.
        """
        return func
