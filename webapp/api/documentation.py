"""What the API says of itself: the OpenAPI document, and pages made from it that load nothing from elsewhere."""

from __future__ import annotations

from flask import Blueprint, Response, render_template, url_for
from werkzeug.exceptions import NotFound

from webapp.api.openapi import document
from webapp.auth.access import needs
from webapp.problems import PROBLEMS
from webapp.responses import json_response

blueprint = Blueprint("docs", __name__)


@blueprint.get("/openapi.json")
@needs(None)
def openapi() -> Response:
    """Answer the OpenAPI document."""
    return json_response(document())


@blueprint.get("/docs")
@needs(None)
def api() -> str:
    """Show the document to people."""
    return render_template("docs.html", document=document(), problems=PROBLEMS.values())


@blueprint.get("/problems/<name>")
@needs(None)
def problem(name: str) -> str:
    """Explain the problem whose type a client has been told."""
    if name not in PROBLEMS:
        raise NotFound(f"There is no such problem: {url_for('docs.api')} lists those there are.")
    return render_template("problem.html", problem=PROBLEMS[name])
