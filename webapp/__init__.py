"""The Flask application: a JSON API, pages for people, and what operations ask for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Flask

from storage.flask import Storage
from webapp import errors, proxies, security, static_files
from webapp.api import documentation as docs
from webapp.api import views as api_views
from webapp.auth import access, cookies, sign_in, token_commands
from webapp.config import configured_app
from webapp.ops import logs, private_files, probe, status, trace
from webapp.ops import views as operations
from webapp.pages import views as page_views
from webapp.starting import check_configuration

__all__ = ["create_app"]


def create_app(config: Mapping[str, Any] | None = None) -> Flask:
    """Return the application; nothing is opened before the first request.

    ``config`` wins over the environment, which wins over ``instance/config.py``. What is missing or wrong in
    it is a ``ConfigurationError``.
    """
    app = configured_app(config)
    check_configuration(app)
    Storage(app)
    private_files.init_app(app)
    probe.init_app(app)
    # Imported here: at its import the client of Prometheus decides whether it counts for one process or for several.
    from webapp.ops import metrics

    # These first: they see a request before all others, and its answer after them.
    for watcher in (proxies, trace, logs, metrics, status):
        watcher.init_app(app)
    errors.init_app(app)
    cookies.init_app(app)
    access.init_app(app)
    security.init_app(app)
    sign_in.init_app(app)
    app.cli.add_command(token_commands.commands)
    static_files.init_app(app)
    app.url_map.converters["id"] = api_views.IdConverter
    for part in (api_views, docs, operations, page_views):
        app.register_blueprint(part.blueprint)
    return app
