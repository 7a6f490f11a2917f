"""The class of the application."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Flask


class Application(Flask):
    """A Flask application all of whose functions are synchronous."""

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Return the function as it is.

        Flask would look at each view and each hook, at each request, whether it is a coroutine: a fifteenth of what
        an answer costs.
        """
        return func
