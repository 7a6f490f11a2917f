"""The tokens of forms: signed with the secret key or with an earlier one, and an error that names its cause."""

from __future__ import annotations

from flask import current_app, request
from flask_wtf.csrf import CSRFError, CSRFProtect, validate_csrf
from werkzeug.exceptions import BadRequest

FIELD = "csrf_token"
HEADER = "X-CSRFToken"

COOKIE_OVER_TLS = (
    "The browser sent no session cookie: SESSION_COOKIE_SECURE has it sent over https alone, and this request came "
    "over http. Open the page by https. Behind a proxy that speaks https, set TRUSTED_PROXIES; without TLS on this "
    "machine, set SESSION_COOKIE_SECURE = False."
)


def check_form_token(protection: CSRFProtect) -> None:
    """Raise 400 unless the request carries a token of its session."""
    try:
        protection.protect()
    except CSRFError as error:
        if is_signed_with_earlier_key():
            return
        raise BadRequest(COOKIE_OVER_TLS if lacks_secure_cookie() else error.description) from None


def is_signed_with_earlier_key() -> bool:
    """Return whether the token is one of the session, signed with one of ``SECRET_KEY_FALLBACKS``.

    Flask reads sessions signed with these; a form that was open when the key changed is as good.
    """
    sent = request.form.get(FIELD) or request.headers.get(HEADER)
    return any(is_valid(sent, key) for key in current_app.config["SECRET_KEY_FALLBACKS"] or ())


def is_valid(token: str | None, key: str | bytes) -> bool:
    """Return whether a token is one of the session, signed with a key."""
    try:
        validate_csrf(token, secret_key=key)
    except ValueError:  # wtforms' ValidationError is one
        return False
    return True


def lacks_secure_cookie() -> bool:
    """Return whether the session cookie is missing, and the scheme of the request is a reason for it."""
    config = current_app.config
    is_missing = config["SESSION_COOKIE_NAME"] not in request.cookies
    return bool(is_missing and config["SESSION_COOKIE_SECURE"] and not request.is_secure)
