"""A bound on the attempts to sign in: for each address, and for each name.

The address alone would let many machines guess at one name. The name alone, which stands in the body, could be another
one at each attempt. An attempt is counted before the password is looked at, in the same step as the bound is checked,
so that many at once do not pass it together; one that succeeded is given back.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable
from functools import wraps
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Any

from flask import Flask, current_app, make_response, request
from flask.typing import ResponseReturnValue
from flask_limiter import Limiter, RateLimitExceeded
from limits import parse_many
from limits.errors import ConfigurationError as UnknownStorage
from limits.strategies import FixedWindowRateLimiter
from werkzeug.exceptions import TooManyRequests

from storage.flask import ConfigurationError
from webapp.hooks import taken_out

View = Callable[..., Any]

VIEW = "sign_in.attempt"
#: An address of IPv4, or one of IPv6 in brackets, and a port.
WITH_PORT = re.compile(r"(\[[^\]]*\]|[0-9.]+):[0-9]+", re.ASCII)
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
    bounds = {key: checked(app, key) for key in ("SIGN_IN_LIMIT_ADDRESS", "SIGN_IN_LIMIT_NAME")}
    attempt = giving_back(app.view_functions[VIEW], limiter)
    for key, of in (("SIGN_IN_LIMIT_ADDRESS", network), ("SIGN_IN_LIMIT_NAME", name_tried)):
        attempt = limiter.limit(bounds[key], key_func=of, scope=key)(attempt)
    app.view_functions[VIEW] = attempt

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
    """Return whom the address of the caller counts for."""
    return network_of(request.remote_addr or "")


def network_of(text: str) -> str:
    """Return an address; of IPv6 the network, since a single machine has billions of addresses.

    An address of IPv4 within one of IPv6 is the former, and a port that a proxy has written is cut off: neither makes
    one caller of many, or many of one.
    """
    with_port = WITH_PORT.fullmatch(text)
    try:
        address = ip_address((with_port[1] if with_port else text).strip("[]"))
    except ValueError:
        # A socket of this machine has a name, or none.
        return text or "here"
    if not isinstance(address, IPv6Address):
        return str(address)
    if address.ipv4_mapped:
        return str(address.ipv4_mapped)
    # By its number, in which no zone of this machine is left.
    return str(ip_network((int(address), 64), strict=False))


def name_tried() -> str:
    """Return the name that is tried, in as many characters as any other."""
    return hashlib.sha256(request.form.get("name", "").encode()).hexdigest()


def giving_back(view: View, limiter: Limiter) -> View:
    """Return a view after which an attempt that did not fail no longer counts."""

    @wraps(view)
    def attempt() -> ResponseReturnValue:
        response = make_response(view())
        if response.status_code != WRONG and isinstance(limiter.limiter, FixedWindowRateLimiter):
            give_back(limiter)
        return response

    return attempt


def give_back(limiter: Limiter) -> None:
    """Take the attempt of the request back; whoever has signed in is let in, also where this cannot be done."""
    for one in limiter.current_limits:
        try:
            limiter.limiter.hit(one.limit, *one.request_args, cost=-1)
        except Exception as error:  # noqa: BLE001 - each storage has its own
            current_app.logger.warning("an attempt to sign in still counts: %s", type(error).__name__)
