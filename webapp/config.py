"""Where the configuration comes from: defaults, ``instance/config.py``, ``FLASK_*`` in the environment, the argument.

A later one wins. ``FLASK_INSTANCE_PATH`` moves the instance folder.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

from flask import Flask
from flask.helpers import get_debug_flag

from storage.flask import FALLBACKS, configured_url
from webapp.application import Application

CONFIG_FILE = "config.py"
DEFAULT_URL = "sqlite:///engine-room.db"


def utc_now() -> datetime:
    """Return the moment that the application calls now."""
    return datetime.now(UTC)


DEFAULTS = {
    "MAX_CONTENT_LENGTH": 64 * 1024,
    "CLOCK": utc_now,
    "ALLOW_ANONYMOUS_READS": False,
    "ALLOW_ANONYMOUS_WRITES": False,
    "IDEMPOTENCY_KEEP_SECONDS": 24 * 60 * 60,
    "USERS": {},
    "SESSION_HOURS": 12,
    "SIGN_IN_LIMIT_ADDRESS": "10 per minute",
    "SIGN_IN_LIMIT_NAME": "50 per hour",
    "RATELIMIT_STORAGE_URI": "memory://",
    "SESSION_COOKIE_SAMESITE": "Lax",
    # None is what fits: debugging is without TLS.
    "SESSION_COOKIE_SECURE": None,
    "ACCESS_LOG": True,
    "SLOW_STORAGE_SECONDS": 0.5,
    "METRICS_PUBLIC": False,
    "TRUSTED_PROXIES": 0,
}


def configured_app(config: Mapping[str, Any] | None = None) -> Flask:
    """Return a Flask application that has its configuration and nothing else."""
    folder = os.environ.get("FLASK_INSTANCE_PATH")
    app = Application(
        "webapp", instance_path=os.path.abspath(folder) if folder else None, instance_relative_config=True
    )
    # Copies: FLASK_USERS__ada__role in the environment is written into the dictionary that it finds.
    app.config.from_mapping(deepcopy(DEFAULTS))
    app.config.from_pyfile(CONFIG_FILE, silent=True)
    app.config.from_prefixed_env()
    if "FLASK_DEBUG" in os.environ:
        # Flask reads "no" there as false, but from_prefixed_env takes it as text.
        app.debug = get_debug_flag()
    app.config.from_mapping(config)
    if not any(app.config.get(key) for key in ("STORAGE_URL", *FALLBACKS)):
        app.config["STORAGE_URL"] = DEFAULT_URL
    return app


def storage_url() -> str:
    """Return the URL of the database that the application uses; needs no ``SECRET_KEY``."""
    app = configured_app()
    return configured_url(app.config, app.instance_path)
