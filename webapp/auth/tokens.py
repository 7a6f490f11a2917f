"""API tokens: made by a command, shown once, kept as a digest, the same on every backend.

A token reads ``er_<id>_<secret>``. It is found by its id, and its secret is compared in constant time.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from datetime import timedelta

from flask import current_app, request
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import Unauthorized

from storage import ApiToken, NotFound, Repository, StorageError
from storage.flask import current_storage
from webapp.auth.roles import Role

REALM = "Engine Room"
#: 32 random bytes in URL-safe base 64.
TOKEN = re.compile(r"er_([1-9][0-9]{0,18})_([A-Za-z0-9_-]{43})")
#: How old ``last_used`` may be: a token that is always in use is written once in this time.
NOTED_EVERY = timedelta(minutes=1)


def token_repository() -> Repository[ApiToken]:
    """Return where the tokens are kept."""
    return current_storage.repository(ApiToken)


def make_token(name: str, role: Role) -> str:
    """Store a new token and return its text, which nobody can tell again."""
    secret = secrets.token_urlsafe(32)
    token = ApiToken(name=name, digest=digest_of(secret), role=role, created=current_app.config["CLOCK"]())
    return f"er_{token_repository().add(token).id}_{secret}"


def sent_token() -> ApiToken | None:
    """Return the token of the current request, ``None`` if it sends none; 401 for one that is not good."""
    sent = request.authorization
    # Another scheme is for somebody else, such as a proxy before us.
    if sent is None or sent.type != "bearer":
        return None
    token = find_token(sent.token)
    if token is None:
        raise Unauthorized(
            "The token is not good: it may have been revoked, or cut off.", www_authenticate=challenge("invalid_token")
        )
    note_use(token)
    return token


def find_token(text: str | None) -> ApiToken | None:
    """Return the token that a text is, if there is one."""
    parts = TOKEN.fullmatch(text or "")
    if parts is None:
        return None
    try:
        token = token_repository().get(int(parts[1]))
    except NotFound:
        return None
    return token if hmac.compare_digest(token.digest, digest_of(parts[2])) else None


def note_use(token: ApiToken) -> None:
    """Note that a token is in use, at most once a minute; nobody's request fails because it cannot be noted."""
    now = current_app.config["CLOCK"]()
    if token.id is None or (token.last_used is not None and now - token.last_used < NOTED_EVERY):
        return
    try:
        # With the version, so that of many requests at once one writes.
        token_repository().update(token.id, {"last_used": now}, version=token.version)
    except StorageError as error:
        current_app.logger.info("the use of token %s was not noted: %s", token.id, error)


class Challenge(WWWAuthenticate):
    """What a 401 asks for, its values quoted as RFC 6750 has it: not every client reads them without."""

    def to_header(self) -> str:
        """Return the value of the header."""
        return "Bearer " + ", ".join(f'{name}="{value}"' for name, value in self.parameters.items())


def challenge(error: str | None = None) -> Challenge:
    """Return what a 401 asks for, and what was wrong with the token that was sent."""
    return Challenge("bearer", {"realm": REALM, "error": error} if error else {"realm": REALM})


def digest_of(secret: str) -> str:
    """Return what is kept of a secret. It is random and long, so that a quick digest is as good as a slow one."""
    return hashlib.sha256(secret.encode()).hexdigest()
