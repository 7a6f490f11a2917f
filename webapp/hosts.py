"""The host names that the application answers to.

Werkzeug's own comparison takes a capital letter for another name, and of an address of IPv6 the first group for all.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from ipaddress import ip_address

PORT = re.compile(r":\d*$", re.ASCII)


def is_trusted(host: str, trusted: Sequence[str] | None) -> bool:
    """Return whether a host, with or without a port, is one of those; a name that begins with a dot means all below.

    Names are compared without regard to case (RFC 9110, 4.2.3), addresses by what they mean. ``None`` is every host.
    """
    if trusted is None:
        return True
    name = host_name(host)
    return any(is_meant(name, host_name(one)) for one in trusted)


def is_meant(name: str, trusted: str) -> bool:
    """Return whether a name is the trusted one, or below it."""
    return name == trusted or (trusted.startswith(".") and (name == trusted[1:] or name.endswith(trusted)))


def host_name(text: str) -> str:
    """Return a host in one spelling and without its port; a name in another script as DNS has it."""
    name = PORT.sub("", text).lower()
    if name.startswith("["):
        try:
            return f"[{ip_address(name[1:-1]).compressed}]"
        except ValueError:
            return name
    try:
        return ".".join(label.encode("idna").decode() if label else "" for label in name.split("."))
    except UnicodeError:
        return name
