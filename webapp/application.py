"""The classes of the application and of its requests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import unquote_to_bytes

from flask import Flask, Request
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import BadRequest
from werkzeug.routing import MapAdapter
from werkzeug.utils import cached_property

#: They tell nothing that a host name protects, and change nothing.
HEALTH_CHECKS = ("/healthz", "/readyz")


class StrictRequest(Request):
    """A request whose query is taken as it was sent, or not at all."""

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


class Application(Flask):
    """A Flask application all of whose functions are synchronous."""

    request_class = StrictRequest

    def create_url_adapter(self, request: Request | None) -> MapAdapter | None:
        """Return what finds the view of a request; a health check is found under every host name.

        Load balancers and orchestrators ask by the address of the machine, which is in no ``TRUSTED_HOSTS``.
        """
        if request is not None and request.path in HEALTH_CHECKS and request.method in ("GET", "HEAD"):
            return self.url_map.bind_to_environ(request.environ)
        return super().create_url_adapter(request)

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Return the function as it is.

        Flask would look at each view and each hook, at each request, whether it is a coroutine: a fifteenth of what
        an answer costs.
        """
        return func
