"""Where the configuration comes from: defaults, ``instance/config.py``, ``FLASK_*`` in the environment, the argument.

A later one wins. ``FLASK_INSTANCE_PATH`` moves the instance folder.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from flask import Flask
from flask.helpers import get_debug_flag

from storage.flask import FALLBACKS, ConfigurationError, configured_url
from webapp.application import Application
from webapp.settings import DEFAULT_URL, SETTINGS

CONFIG_FILE = "config.py"
#: The storage has its default only where none of its keys is set.
DEFAULTS = {setting.name: setting.default for setting in SETTINGS if setting.name != "STORAGE_URL"}
#: The keys that say where the data lives.
URL_KEYS = ("STORAGE_URL", *FALLBACKS)


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
    app.config.from_mapping(texts_of_environment())
    if "FLASK_DEBUG" in os.environ:
        # Flask reads "no" there as false, but from_prefixed_env takes it as text.
        app.debug = get_debug_flag()
    app.config.from_mapping(config)
    if not any(app.config.get(key) for key in URL_KEYS):
        refuse_names_without_prefix()
        app.config["STORAGE_URL"] = DEFAULT_URL
    return app


def texts_of_environment() -> dict[str, str]:
    """Return the settings in the environment that are texts, as they stand there.

    ``from_prefixed_env`` reads JSON: a key of digits alone would become a number.
    """
    names = [setting.name for setting in SETTINGS if setting.kind.verbatim]
    return {name: os.environ[f"FLASK_{name}"] for name in names if f"FLASK_{name}" in os.environ}


def refuse_names_without_prefix() -> None:
    """Raise ``ConfigurationError`` for a URL in the environment that would be ignored for want of the prefix."""
    for key in URL_KEYS:
        if os.environ.get(key):
            raise ConfigurationError(f"{key} in the environment has no effect: its name there is FLASK_{key}")


def storage_url() -> str:
    """Return the URL of the database that the application uses; needs no ``SECRET_KEY``."""
    app = configured_app()
    return configured_url(app.config, app.instance_path)
