"""URLs of databases: never shown with their password."""

from __future__ import annotations

import re

# Anything between the user and the last @ may hold the password, even where it was written without the
# escapes that a URL asks for, or where the scheme was forgotten.
CREDENTIALS = re.compile(r"^([^:/?#]+://|(?![^:/?#]+://))([^:@/]*)(?::(.*))?@", re.DOTALL)
SECRET_NAMES = "password|passwd|secret|token|key|authmechanismproperties"  # noqa: S105 - names, not secrets
SECRET_PARAMETERS = re.compile(rf"(?i)([?&](?:[^=&]*(?:{SECRET_NAMES})[^=&]*)=)[^&]*")


def masked(url: str) -> str:
    """Return the URL with ``***`` in place of its password and of parameters that hold secrets."""
    shown = CREDENTIALS.sub(lambda found: f"{found[1]}{found[2]}{'' if found[3] is None else ':***'}@", url)
    return SECRET_PARAMETERS.sub(r"\1***", shown)
