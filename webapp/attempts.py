"""A bound on the attempts to sign in: for each address, and for each name.

The address alone would let many machines guess at one name. The name alone, which stands in the body, could be another
one at each attempt. Only attempts that failed count.
"""

from __future__ import annotations

import hashlib
import time
from ipaddress import IPv6Address, ip_address, ip_network

from flask import Flask, Response, current_app, request
from flask.typing import ResponseReturnValue
from flask_limiter import Limiter, RateLimitExceeded
from limits import parse_many
from limits.errors import ConfigurationError as UnknownStorage
from werkzeug.exceptions import TooManyRequests

from storage.flask import ConfigurationError
from webapp.hooks import taken_out

VIEW = "sign_in.attempt"
#: What Flask-Limiter takes as a bound on every call; what watches us, such as /healthz, is not meant.
FOR_ALL = ("RATELIMIT_DEFAULT", "RATELIMIT_APPLICATION")
#: The status of an attempt with a wrong name or password.
WRONG = 403


def init_app(app: Flask) -> None:
    """Bound the attempts, as ``SIGN_IN_LIMIT_ADDRESS`` and ``SIGN_IN_LIMIT_NAME`` say."""
    limiter = Limiter(network, in_memory_fallback_enabled=True)
    try:
        limiter.init_app(app)
    except UnknownStorage:
        # Without its words: they hold the address, and that perhaps a password.
        raise ConfigurationError("RATELIMIT_STORAGE_URI is no storage that Flask-Limiter knows: see its list") from None
    for key, of in (("SIGN_IN_LIMIT_ADDRESS", network), ("SIGN_IN_LIMIT_NAME", name_tried)):
        limit = limiter.limit(checked(app, key), key_func=of, scope=key, deduct_when=has_failed)
        app.view_functions[VIEW] = limit(app.view_functions[VIEW])  # type: ignore[assignment]

    if not any(app.config.get(key) for key in FOR_ALL):
        look_at_sign_in_alone(app)

    @limiter.request_filter
    def watches_us() -> bool:
        return request.blueprint == "operations"

    @app.errorhandler(RateLimitExceeded)
    def say_when_again(_: RateLimitExceeded) -> ResponseReturnValue:
        broken = limiter.current_limit
        seconds = 1 if broken is None else max(1, int(broken.reset_at - time.time()) + 1)
        error = TooManyRequests("That was too often: wait before you try again.", retry_after=seconds)
        return current_app.handle_http_exception(error)


def look_at_sign_in_alone(app: Flask) -> None:
    """Have Flask-Limiter's functions run for one blueprint instead.

    For every other request they would take a fifth of its time to find no bound.
    """
    blueprint = VIEW.partition(".")[0]
    for functions in (app.before_request_funcs, app.after_request_funcs, app.teardown_request_funcs):
        functions[blueprint].append(taken_out(functions, "flask_limiter"))


def checked(app: Flask, key: str) -> str:
    """Return the limit that a key sets; ``ConfigurationError`` for what is none."""
    limit = app.config[key]
    try:
        parse_many(limit)
    except (ValueError, TypeError):
        raise ConfigurationError(f'{key} is {limit!r}: it must read like "10 per minute"') from None
    return str(limit)


def network() -> str:
    """Return the address of the caller; of IPv6 the network, since a single machine has billions of addresses."""
    try:
        address = ip_address(request.remote_addr or "")
    except ValueError:
        # A socket of this machine has a name, or none.
        return request.remote_addr or "here"
    return str(ip_network((address, 64), strict=False) if isinstance(address, IPv6Address) else address)


def name_tried() -> str:
    """Return the name that is tried, in as many characters as any other."""
    return hashlib.sha256(request.form.get("name", "").encode()).hexdigest()


def has_failed(response: Response) -> bool:
    """Return whether an attempt counts."""
    return response.status_code == WRONG
