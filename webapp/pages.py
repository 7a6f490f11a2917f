"""Pages for people."""

from __future__ import annotations

from flask import Blueprint, render_template, request

from storage import Invalid
from storage.flask import current_storage
from webapp.access import Role, needs
from webapp.engine_json import moment_text
from webapp.errors import BadParameters

blueprint = Blueprint("pages", __name__)
blueprint.add_app_template_filter(moment_text, "moment")


@blueprint.get("/")
@needs(Role.READ)
def engines() -> str:
    """Show the engines, a page at a time, and which database serves them."""
    try:
        page = current_storage.engines.find(cursor=request.args.get("cursor"))
    except Invalid as error:
        raise BadParameters(error.problems) from error
    return render_template(
        "engines.html", page=page, backend=current_storage.backend, server=current_storage.server_version()
    )
