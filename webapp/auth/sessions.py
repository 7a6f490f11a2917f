"""The sessions of people who have signed in: kept by the storage, so that they end when they are ended.

The cookie holds an id and a random secret, the storage a digest over the secret and the hash of the password: whoever
reads the one cannot make the other, and a new password ends every session.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import current_app, g, session

from storage import Filter, NotFound, Repository, SignIn, StorageError
from storage.flask import current_storage
from webapp.auth.roles import Role
from webapp.auth.users import User, known_users

COOKIE = re.compile(r"([1-9][0-9]{0,18})\.([A-Za-z0-9_-]{43})")
#: How many expired sessions one sign-in removes: more than it adds, so that they never grow.
REMOVED_AT_ONCE = 10


#: Where the cookie holds the id and the secret.
KEY = "sign_in"


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A person with a session: its id, and what the person is called and may do."""

    sign_in: int
    name: str
    role: Role


def sign_ins() -> Repository[SignIn]:
    """Return where the sessions are kept."""
    return current_storage.repository(SignIn)


def begin(user: User) -> None:
    """Begin a session, with a secret of its own; one that this browser has is ended first."""
    end()
    now = current_app.config["CLOCK"]()
    secret = secrets.token_urlsafe(32)
    expires = now + timedelta(hours=current_app.config["SESSION_HOURS"])
    stored = sign_ins().add(SignIn(user.name, digest_of(secret, user), created=now, expires=expires))
    session[KEY] = f"{stored.id}.{secret}"
    remove_expired(now)


def signed_in() -> SignedIn | None:
    """Return the person of the current request, looked up once."""
    if "signed_in" not in g:
        g.signed_in = find(session.get(KEY))
    found: SignedIn | None = g.signed_in
    return found


def find(cookie: object) -> SignedIn | None:
    """Return the person whose session a cookie holds, if it goes on."""
    parts = COOKIE.fullmatch(cookie) if isinstance(cookie, str) else None
    if parts is None:
        return None
    try:
        stored = sign_ins().get(int(parts[1]))
    except NotFound:
        return None
    user = known_users().get(stored.username)
    if user is None or stored.expires <= current_app.config["CLOCK"]():
        return None
    good = hmac.compare_digest(stored.digest, digest_of(parts[2], user))
    return SignedIn(int(parts[1]), user.name, user.role) if good else None


def end() -> None:
    """End the session of the current request, in the storage first: what cannot be ended there is not said to be."""
    person = signed_in()
    if person is not None:
        try:
            sign_ins().delete(person.sign_in)
        except NotFound:
            current_app.logger.info("session %s was ended already", person.sign_in)
    g.pop("signed_in", None)
    # With everything else that it holds, such as the secret of the forms.
    session.clear()


def remove_expired(now: datetime) -> None:
    """Remove some sessions that have expired; signing in does not fail for it."""
    try:
        for old in sign_ins().find(Filter("expires", "le", now), order_by="expires", limit=REMOVED_AT_ONCE).items:
            if old.id is not None:
                sign_ins().delete(old.id)
    except StorageError as error:
        current_app.logger.info("expired sessions were not removed: %s", error)


def digest_of(secret: str, user: User) -> str:
    """Return what is kept of a session's secret."""
    return hashlib.sha256(f"{secret}\n{user.password_hash}".encode()).hexdigest()
