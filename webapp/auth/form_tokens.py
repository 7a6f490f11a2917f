"""The tokens of forms: signed with the secret key or with an earlier one, and an error that names its cause."""

from __future__ import annotations

from flask import Flask, current_app, request
from flask_wtf.csrf import generate_csrf, validate_csrf
from werkzeug.exceptions import BadRequest

FIELD = "csrf_token"
HEADER = "X-CSRFToken"

COOKIE_OVER_TLS = (
    "The browser sent no session cookie: SESSION_COOKIE_SECURE has it sent over https alone, and this request came "
    "over http. Open the page by https. Behind a proxy that speaks https, set TRUSTED_PROXIES; without TLS on this "
    "machine, set SESSION_COOKIE_SECURE = False."
)


def init_app(app: Flask) -> None:
    """Have templates write tokens, which are good for as long as the session: a page may stay open for a day."""
    app.config["WTF_CSRF_TIME_LIMIT"] = None
    app.jinja_env.globals["csrf_token"] = generate_csrf


def check_form_token() -> None:
    """Raise 400 unless the request carries a token of its session, signed with the key or with an earlier one.

    Flask reads sessions signed with ``SECRET_KEY_FALLBACKS``; a form that was open when the key changed is as good.
    """
    sent = request.form.get(FIELD) or request.headers.get(HEADER)
    config = current_app.config
    reasons = [reason_against(sent, key) for key in (config["SECRET_KEY"], *(config["SECRET_KEY_FALLBACKS"] or ()))]
    if None not in reasons:
        raise BadRequest(COOKIE_OVER_TLS if lacks_secure_cookie() else reasons[0])


def reason_against(token: str | None, key: str | bytes) -> str | None:
    """Return why a token is not one of the session, signed with a key; ``None`` if it is."""
    try:
        validate_csrf(token, secret_key=key)
    except ValueError as error:  # wtforms' ValidationError is one
        return str(error)
    return None


def lacks_secure_cookie() -> bool:
    """Return whether the session cookie is missing, and the scheme of the request is a reason for it."""
    config = current_app.config
    is_missing = config["SESSION_COOKIE_NAME"] not in request.cookies
    return bool(is_missing and config["SESSION_COOKIE_SECURE"] and not request.is_secure)
