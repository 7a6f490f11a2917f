"""URLs of databases: never shown with their password."""

from __future__ import annotations

import re

SECRET_NAMES = "password|passwd|secret|token|key|authmechanismproperties"  # noqa: S105 - names, not secrets
SECRET_PARAMETERS = re.compile(rf"(?i)([?&;](?:[^=&;]*(?:{SECRET_NAMES})[^=&;]*)=)[^&;]*")


def masked(url: str) -> str:
    """Return the URL with ``***`` in place of its password and of parameters that hold secrets.

    Whatever stands before the last @ may hold the password, also where it was written without the escapes
    that a URL asks for, or where the scheme or its colon was forgotten.
    """
    scheme, separator, rest = url.partition("://") if "://" in url else ("", "", url)
    credentials, at, place = rest.rpartition("@")
    user, colon, _ = credentials.partition(":")
    shown = f"{scheme}{separator}{user}{':***' if colon else ''}{at}{place}"
    return SECRET_PARAMETERS.sub(r"\1***", shown)
