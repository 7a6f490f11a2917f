"""What is looked at before the application starts: a configuration that would let in whom it should not is refused."""

from __future__ import annotations

import secrets
from pathlib import Path

from flask import Flask

from storage.flask import ConfigurationError
from webapp.config import CONFIG_FILE

BOOLEANS = ("DEBUG", "TESTING", "ALLOW_ANONYMOUS_READS", "ALLOW_ANONYMOUS_WRITES", "SESSION_COOKIE_SECURE")
SHORTEST_KEY = 16


def check_configuration(app: Flask) -> None:
    """Raise ``ConfigurationError`` for what is missing or wrong, and set what follows from the rest."""
    if app.config["SESSION_COOKIE_SECURE"] is None:
        # Debugging is without TLS.
        app.config["SESSION_COOKIE_SECURE"] = not app.debug
    check_types(app)
    check_secret_key(app)
    check_ways_in(app)
    name_cookie(app)


def check_types(app: Flask) -> None:
    """Raise ``ConfigurationError`` for a value of another type: the text "no" would count as true."""
    for key in BOOLEANS:
        if not isinstance(app.config[key], bool):
            raise ConfigurationError(
                f"{key} is {app.config[key]!r}: it must be True or False, in the environment true or false"
            )
    hours = app.config["SESSION_HOURS"]
    if not isinstance(hours, (int, float)) or isinstance(hours, bool) or not 0 < hours <= 24 * 366:
        raise ConfigurationError(f"SESSION_HOURS is {hours!r}: it must be a number of hours above 0, a year at most")


def check_secret_key(app: Flask) -> None:
    """Raise ``ConfigurationError`` unless there is a key to sign with; while debugging, one is made up."""
    key = app.config["SECRET_KEY"]
    if not key and app.debug:
        app.config["SECRET_KEY"] = secrets.token_hex()
        return
    found = None
    if not key:
        found = "is not set"
    elif not isinstance(key, (str, bytes)):
        found = f"must be text, not {type(key).__name__}"
    elif len(key) < SHORTEST_KEY:
        found = f"must have at least {SHORTEST_KEY} characters, not {len(key)}"
    if found:
        raise ConfigurationError(
            f'SECRET_KEY {found}: write SECRET_KEY = "…" into {config_file(app)}, '
            "with the text that python -c 'import secrets; print(secrets.token_hex())' prints"
        )


def check_ways_in(app: Flask) -> None:
    """Raise ``ConfigurationError`` if nobody could sign in, unless everybody may write; debugging needs nobody."""
    if not (app.debug or app.config["USERS"] or app.config["ALLOW_ANONYMOUS_WRITES"]):
        raise ConfigurationError(
            f"nobody can sign in: write into {config_file(app)} the USERS that python -m webapp.new_user NAME prints, "
            "or ALLOW_ANONYMOUS_WRITES = True if everybody who reaches the application may change everything"
        )


def name_cookie(app: Flask) -> None:
    """Have browsers hold the cookie of the sessions to this host alone, where they do: over TLS."""
    if app.config["SESSION_COOKIE_SECURE"] and app.config["SESSION_COOKIE_NAME"] == "session":
        whole_host = app.config["APPLICATION_ROOT"] == "/" and not app.config["SESSION_COOKIE_DOMAIN"]
        whole_host = whole_host and app.config["SESSION_COOKIE_PATH"] in (None, "/")
        app.config["SESSION_COOKIE_NAME"] = "__Host-session" if whole_host else "__Secure-session"


def config_file(app: Flask) -> Path:
    """Return the file that the settings belong in."""
    return Path(app.instance_path) / CONFIG_FILE
