"""What is looked at before the application starts: a configuration that would let in whom it should not is refused."""

from __future__ import annotations

import re
import secrets
from pathlib import Path

from flask import Flask

from storage.flask import ConfigurationError
from webapp.config import CONFIG_FILE
from webapp.settings import check_settings

SHORTEST_KEY = 16
#: As ``secrets.token_urlsafe`` makes them: safe in a header.
SHORTEST_TOKEN = 32
OPERATIONS_TOKEN = re.compile(rf"[A-Za-z0-9_-]{{{SHORTEST_TOKEN},}}")

#: The names of the loopback address: what a page elsewhere calls it is another name.
LOOPBACK = ["127.0.0.1", "localhost", "[::1]"]


def check_configuration(app: Flask) -> None:
    """Raise ``ConfigurationError`` for what is missing or wrong, and set what follows from the rest."""
    check_settings(app.config)
    if app.config["SESSION_COOKIE_SECURE"] is None:
        # Debugging is without TLS.
        app.config["SESSION_COOKIE_SECURE"] = not app.debug
    check_secret_key(app)
    check_other_secrets(app)
    check_ways_in(app)
    trust_loopback(app)
    name_cookie(app)


def check_secret_key(app: Flask) -> None:
    """Raise ``ConfigurationError`` unless there is a key to sign with; while debugging, one is made up."""
    key = app.config["SECRET_KEY"]
    if not key and app.debug:
        app.config["SECRET_KEY"] = secrets.token_hex()
        return
    found = None
    if not key:
        found = "is not set"
    elif len(key) < SHORTEST_KEY:
        found = f"must have at least {SHORTEST_KEY} characters, not {len(key)}"
    if found:
        raise ConfigurationError(
            f'SECRET_KEY {found}: write SECRET_KEY = "…" into {config_file(app)}, '
            "with the text that python -c 'import secrets; print(secrets.token_hex())' prints"
        )


def check_other_secrets(app: Flask) -> None:
    """Raise ``ConfigurationError`` for an earlier key, or a token of operations, that can be guessed."""
    for key in app.config["SECRET_KEY_FALLBACKS"] or ():
        if len(key) < SHORTEST_KEY:
            raise ConfigurationError(
                f"SECRET_KEY_FALLBACKS has a key of {len(key)} characters: each must have at least {SHORTEST_KEY}"
            )
    token = app.config["OPERATIONS_TOKEN"]
    if token is not None and not OPERATIONS_TOKEN.fullmatch(token):
        raise ConfigurationError(
            f"OPERATIONS_TOKEN must have at least {SHORTEST_TOKEN} letters, digits, - or _, and nothing else: "
            "take what python -c 'import secrets; print(secrets.token_urlsafe())' prints"
        )


def trust_loopback(app: Flask) -> None:
    """Limit the host names to the loopback address where a caller needs no credentials and no name is configured.

    A page elsewhere whose name leads to this machine (DNS rebinding) could read and write otherwise.
    """
    anonymous = app.config["ALLOW_ANONYMOUS_READS"] or app.config["ALLOW_ANONYMOUS_WRITES"]
    if anonymous and app.config["TRUSTED_HOSTS"] is None:
        app.config["TRUSTED_HOSTS"] = list(LOOPBACK)


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
