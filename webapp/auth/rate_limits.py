"""A bound on the attempts to sign in, for each address and for each name, and on all calls of an address.

The address alone would let many machines guess at one name. The name alone, which stands in the body, could be another
one at each attempt. An attempt is counted before the password is looked at, in the same step as the bound is checked,
so that many at once do not pass it together; one that succeeded is given back.
"""

from __future__ import annotations

import hashlib
import re
import time
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address, ip_network

from flask import Flask, current_app, request
from limits import RateLimitItem, parse_many
from limits.errors import ConfigurationError as UnknownStorage
from limits.storage import MemoryStorage, storage_from_string
from limits.strategies import FixedWindowRateLimiter
from werkzeug.exceptions import TooManyRequests

from storage.flask import ConfigurationError

EXTENSION = "limits"
ADDRESS, NAME, EVERY_CALL = "SIGN_IN_LIMIT_ADDRESS", "SIGN_IN_LIMIT_NAME", "RATELIMIT_DEFAULT"
#: Seconds for which a storage that failed is not asked again.
PAUSE = 10.0
#: An address of IPv4, or one of IPv6 in brackets, and a port.
WITH_PORT = re.compile(r"(\[[^\]]*\]|[0-9.]+):[0-9]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class Counted:
    """What one call counts for: a limit, and whose."""

    limit: RateLimitItem
    key: str
    whose: str


class Limits:
    """The limits of one application and where it counts: in this process while the storage does not answer."""

    def __init__(self, uri: str, limits: dict[str, list[RateLimitItem]]) -> None:
        self.limits = limits
        self.shared = FixedWindowRateLimiter(storage_from_string(uri))
        self.own = FixedWindowRateLimiter(MemoryStorage())
        self.again_at = 0.0

    def count(self, key: str, whose: str) -> list[Counted]:
        """Count a call; 429 if it is one too many."""
        counted = [Counted(limit, key, whose) for limit in self.limits[key]]
        for one in counted:
            if not self.hit(one, 1):
                seconds = int(self.reset_at(one) - time.time()) + 1
                raise TooManyRequests("That was too often: wait before you try again.", retry_after=max(1, seconds))
        return counted

    def give_back(self, counted: list[Counted]) -> None:
        """Take calls back."""
        for one in counted:
            self.hit(one, -1)

    def hit(self, one: Counted, cost: int) -> bool:
        """Count in one step with the check whether it is within the limit."""
        if time.monotonic() >= self.again_at:
            try:
                return self.shared.hit(one.limit, one.key, one.whose, cost=cost)
            except Exception as error:  # noqa: BLE001 - each storage has its own
                current_app.logger.warning("calls are counted in this process alone: %s", type(error).__name__)
                self.again_at = time.monotonic() + PAUSE
        return self.own.hit(one.limit, one.key, one.whose, cost=cost)

    def reset_at(self, one: Counted) -> float:
        """Return when the window of a limit ends."""
        counting = self.own if time.monotonic() < self.again_at else self.shared
        try:
            return float(counting.get_window_stats(one.limit, one.key, one.whose).reset_time)
        except Exception:  # noqa: BLE001 - each storage has its own
            return time.time()


def init_app(app: Flask) -> None:
    """Bound the calls, as ``SIGN_IN_LIMIT_ADDRESS``, ``SIGN_IN_LIMIT_NAME`` and ``RATELIMIT_DEFAULT`` say."""
    limits = {key: checked(app, key) for key in (ADDRESS, NAME, EVERY_CALL)}
    try:
        app.extensions[EXTENSION] = Limits(app.config["RATELIMIT_STORAGE_URI"], limits)
    except UnknownStorage:
        # Without its words: they hold the address, and that perhaps a password.
        raise ConfigurationError("RATELIMIT_STORAGE_URI is no storage that limits knows: see its list") from None
    if limits[EVERY_CALL]:
        app.before_request(count_call)


def checked(app: Flask, key: str) -> list[RateLimitItem]:
    """Return the limits that a key sets; ``ConfigurationError`` for what is none."""
    text = app.config[key]
    if text is None:
        return []
    try:
        return list(parse_many(text))
    except (ValueError, TypeError):
        raise ConfigurationError(f'{key} is {text!r}: it must read like "10 per minute"') from None


def current_limits() -> Limits:
    """Return the limits of the current application."""
    limits: Limits = current_app.extensions[EXTENSION]
    return limits


def count_call() -> None:
    """Count a call of the address; what watches the application, such as ``/healthz``, is not meant."""
    if request.blueprint != "operations":
        current_limits().count(EVERY_CALL, network())


def count_attempt() -> list[Counted]:
    """Count an attempt to sign in, which ``give_back`` takes back; 429 if it is one too many."""
    limits = current_limits()
    return limits.count(ADDRESS, network()) + limits.count(NAME, name_tried())


def give_back(counted: list[Counted]) -> None:
    """Take an attempt back that has succeeded."""
    current_limits().give_back(counted)


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
