"""The settings of the application: name, type, default and meaning of each key, in one table.

``docs/configuration.md`` shows this table, ``webapp.config`` takes the defaults from it, and ``check_settings`` refuses
a value of another type, so that the text "no" never counts as true.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from difflib import get_close_matches
from typing import Any

from flask import Flask

from storage.flask import ConfigurationError

DEFAULT_URL = "sqlite:///engine-room.db"

#: How alike an unknown key and a known one are, from 0 to 1, where the unknown one counts as a mistake.
ALIKE = 0.8


def utc_now() -> datetime:
    """Return the current time in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Kind:
    """A type of settings: its name in the documentation, what an error asks for, and the check of a value.

    ``verbatim``: a value in the environment is taken as it stands, and not read as JSON.
    """

    name: str
    wanted: str
    accepts: Callable[[Any], bool]
    verbatim: bool = False


@dataclass(frozen=True, slots=True)
class Setting:
    """A key of the configuration; the value of a ``secret`` one is never shown."""

    name: str
    kind: Kind
    default: object
    meaning: str
    used_by: str
    secret: bool = False


def is_number(value: object) -> bool:
    """Return whether a value is a finite number."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def is_whole(value: object) -> bool:
    """Return whether a value is a whole number."""
    return isinstance(value, int) and not isinstance(value, bool)


def is_text(value: object) -> bool:
    """Return whether a value is a text that is not empty."""
    return isinstance(value, str) and value != ""


def is_list_of(check: Callable[[Any], bool], value: object) -> bool:
    """Return whether a value is a list, not empty, each of whose items passes a check."""
    return isinstance(value, (list, tuple)) and len(value) > 0 and all(map(check, value))


BOOLEAN = Kind("boolean", "True or False, in the environment true or false", lambda value: isinstance(value, bool))
OPTIONAL_BOOLEAN = Kind("boolean or `None`", BOOLEAN.wanted, lambda value: value is None or isinstance(value, bool))
COUNT = Kind("whole number", "a whole number, 0 or above", lambda value: is_whole(value) and value >= 0)
POSITIVE = Kind("whole number", "a whole number above 0", lambda value: is_whole(value) and value > 0)
SECONDS = Kind("number", "a number of seconds, 0 or above", lambda value: is_number(value) and value >= 0)
HOURS = Kind(
    "number", "a number of hours above 0, a year at most", lambda value: is_number(value) and 0 < value <= 24 * 366
)
TEXT = Kind("text", "text that is not empty", is_text, verbatim=True)
OPTIONAL_TEXT = Kind("text or `None`", TEXT.wanted, lambda value: value is None or is_text(value), verbatim=True)
URL = Kind(
    "text or `None`", "the URL of a database", lambda value: value is None or isinstance(value, str), verbatim=True
)
KEY = Kind("text or bytes", "text", lambda value: value is None or isinstance(value, (str, bytes)), verbatim=True)
KEYS = Kind(
    "list of texts",
    'a list of keys such as ["…"]',
    lambda value: value is None or is_list_of(lambda key: isinstance(key, (str, bytes)), value),
)
HOSTS = Kind(
    "list of texts or `None`",
    'a list of host names such as ["engines.example"]',
    lambda value: value is None or is_list_of(is_text, value),
)
SAMESITE = Kind(
    "text or `None`", '"Lax", "Strict" or "None"', lambda value: value in (None, "Lax", "Strict", "None"), verbatim=True
)
MAPPING = Kind("mapping", "a mapping", lambda value: isinstance(value, Mapping))
OPTIONAL_MAPPING = Kind("mapping or `None`", "a mapping", lambda value: value is None or isinstance(value, Mapping))
FUNCTION = Kind("function", "a function", callable)

SETTINGS = (
    Setting(
        "SECRET_KEY", KEY, None,
        "What cookies and forms are signed with: long, random, and kept secret. Required, except when debugging",
        "sign-in, forms", secret=True,
    ),
    Setting(
        "SECRET_KEY_FALLBACKS", KEYS, None,
        "Earlier values of `SECRET_KEY`, the newest last: sessions and open forms signed with them stay valid",
        "sign-in, forms", secret=True,
    ),
    Setting(
        "STORAGE_URL", URL, DEFAULT_URL,
        "Where the data lives: see [backends.md](backends.md). A relative SQLite file lies in the instance folder",
        "storage", secret=True,
    ),
    Setting(
        "SQLALCHEMY_DATABASE_URI", URL, None, "Used in place of `STORAGE_URL` if that is not set", "storage",
        secret=True,
    ),
    Setting("MONGO_URI", URL, None, "The same. Both at once are an error", "storage", secret=True),
    Setting(
        "STORAGE_OPTIONS", OPTIONAL_MAPPING, None,
        "A mapping of `pool_size`, `connect_timeout`, `timeout`, `lock_timeout`, "
        "`prepared_statements`: see "
        "[backends.md](backends.md#options)",
        "storage",
    ),
    Setting(
        "STORAGE_COMMANDS", TEXT, "db", "The name of the group of commands, for those who run Flask-Migrate beside it",
        "commands",
    ),
    Setting(
        "USERS", MAPPING, {},
        "Who can sign in: each name's `password_hash` and `role`, as `python -m webapp.new_user NAME` prints them. "
        "Required, unless everybody may write",
        "sign-in", secret=True,
    ),
    Setting(
        "ALLOW_ANONYMOUS_READS", BOOLEAN, False,
        "Whether everybody may read, signed in or not. `/status` and `/metrics` stay closed", "access",
    ),
    Setting(
        "ALLOW_ANONYMOUS_WRITES", BOOLEAN, False, "Whether everybody may write, signed in or not. Each page says so",
        "access",
    ),
    Setting(
        "OPERATIONS_TOKEN", OPTIONAL_TEXT, None,
        "A bearer token for `/status` and `/metrics` alone, valid while the database is down: at least 32 characters",
        "operations", secret=True,
    ),
    Setting("METRICS_PUBLIC", BOOLEAN, False, "Whether everybody sees `/metrics`", "metrics"),
    Setting("SESSION_HOURS", HOURS, 12, "Hours after which a person signs in again", "sign-in"),
    Setting(
        "SIGN_IN_LIMIT_ADDRESS", TEXT, "10 per minute", "How many attempts to sign in may fail for one address",
        "sign-in",
    ),
    Setting("SIGN_IN_LIMIT_NAME", TEXT, "50 per hour", "How many may fail for one name", "sign-in"),
    Setting(
        "RATELIMIT_STORAGE_URI", TEXT, "memory://",
        "Where the failed attempts are counted: in each process by itself, or on a server that the package `limits` "
        "knows, for all of them",
        "sign-in", secret=True,
    ),
    Setting(
        "RATELIMIT_DEFAULT", OPTIONAL_TEXT, None,
        "A limit on all calls of one address, such as `600 per minute`", "every request",
    ),
    Setting(
        "SESSION_COOKIE_SAMESITE", SAMESITE, "Lax",
        "Flask's: with which requests of other sites a browser sends the cookie", "sign-in",
    ),
    Setting(
        "SESSION_COOKIE_SECURE", OPTIONAL_BOOLEAN, None,
        "Flask's: whether browsers send the cookie over TLS alone. `None` is yes, except when debugging", "sign-in",
    ),
    Setting(
        "SESSION_COOKIE_NAME", TEXT, "session",
        "Flask's. As it is, `__Host-` or `__Secure-` is put before it where the cookie is secure", "sign-in",
    ),
    Setting(
        "SESSION_COOKIE_DOMAIN", OPTIONAL_TEXT, None, "Flask's: further hosts that the cookie is sent to", "sign-in"
    ),
    Setting(
        "SESSION_COOKIE_PATH", OPTIONAL_TEXT, None, "Flask's: the part of the site that the cookie is sent to",
        "sign-in",
    ),
    Setting("APPLICATION_ROOT", TEXT, "/", "Flask's: the part of the site that the application is", "sign-in"),
    Setting(
        "TRUSTED_HOSTS", HOSTS, None,
        "Flask's: the host names of the application; a request for another is 400, except `/healthz` and `/readyz`. "
        "`None` is every name, or the names of the loopback address where `ALLOW_ANONYMOUS_READS` or "
        "`ALLOW_ANONYMOUS_WRITES` is set",
        "every request",
    ),
    Setting("IDEMPOTENCY_KEEP_SECONDS", POSITIVE, 24 * 60 * 60, "How long an `Idempotency-Key` is remembered", "API"),
    Setting(
        "MAX_CONTENT_LENGTH", POSITIVE, 64 * 1024, "Bytes that the body of a request may have; more is 413",
        "every request",
    ),
    Setting(
        "CLOCK", FUNCTION, utc_now, "A function that returns now as an aware `datetime`; for tests",
        "firing, keys of repeats",
    ),
    Setting("ACCESS_LOG", BOOLEAN, True, "Whether each request is a line on the standard error", "logs"),
    Setting(
        "SLOW_STORAGE_SECONDS", SECONDS, 0.5, "A call of the storage that takes longer is a warning in the log", "logs"
    ),
    Setting(
        "TRUSTED_PROXIES", COUNT, 0,
        "How many proxies stand in front, each of which sets `X-Forwarded-For`, `-Proto` and `-Host`. With 0 these "
        "headers, and `X-Request-ID`, are ignored",
        "every request",
    ),
)  # fmt: skip


def check_settings(config: Mapping[str, Any]) -> None:
    """Raise ``ConfigurationError`` for a value of another type, and for a key that looks like a misspelt one."""
    for setting in SETTINGS:
        check_value(setting, config.get(setting.name))
    for name, value in config.items():
        if name in Flask.default_config and name not in BY_NAME:
            check_own_of_flask(name, value)
    check_names(config)


def check_value(setting: Setting, value: object) -> None:
    """Raise ``ConfigurationError`` unless a setting accepts a value."""
    if not setting.kind.accepts(value):
        found = f"of the type {type(value).__name__}" if setting.secret else repr(value)
        raise ConfigurationError(f"{setting.name} is {found}: it must be {setting.kind.wanted}")


def check_own_of_flask(name: str, value: object) -> None:
    """Raise ``ConfigurationError`` where Flask's default has a simple type and the value has another."""
    default = Flask.default_config[name]
    if name in ("DEBUG", "TESTING", "PROPAGATE_EXCEPTIONS", "TEMPLATES_AUTO_RELOAD"):
        check_value(Setting(name, OPTIONAL_BOOLEAN, default, "", ""), value)
    elif type(default) in SIMPLE:
        check_value(Setting(name, SIMPLE[type(default)], default, "", ""), value)


def check_names(config: Mapping[str, Any]) -> None:
    """Raise ``ConfigurationError`` for an unknown key that is almost a known one: it would have no effect."""
    for name in config.keys() - KNOWN:
        alike = get_close_matches(name.upper(), KNOWN, 1, ALIKE)
        if alike:
            raise ConfigurationError(f"{name} is not a setting, {alike[0]} is: correct it, or remove it")


BY_NAME = {setting.name: setting for setting in SETTINGS}
KNOWN = frozenset(BY_NAME) | frozenset(Flask.default_config)
#: Flask's own settings by the type of their defaults; ``None`` is Flask's word for no limit.
SIMPLE = {
    bool: BOOLEAN,
    int: Kind("whole number", "a whole number", lambda value: value is None or is_whole(value)),
    str: OPTIONAL_TEXT,
}
