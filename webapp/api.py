"""The JSON API of the engines."""

from __future__ import annotations

from flask import Blueprint, Response, current_app, request, url_for
from werkzeug.routing import IntegerConverter

from storage import Engine
from storage.flask import current_storage
from webapp.access import Role, needs
from webapp.bodies import json_object, refuse_body
from webapp.engine_json import changed_fields, engine_document, new_engine
from webapp.listing import PARAMETERS, check_parameters, requested_page
from webapp.responses import json_response

blueprint = Blueprint("api", __name__, url_prefix="/api")


class IdConverter(IntegerConverter):
    """An id in a path, in the one way that a number is written; anything else is no address of ours."""

    regex = r"[1-9][0-9]{0,18}"


@blueprint.before_request
def refuse_unknown_parameters() -> None:
    """Only the list has query parameters."""
    check_parameters(PARAMETERS if request.endpoint == "api.list_engines" else ())


@blueprint.get("/engines")
@needs(Role.READ)
def list_engines() -> Response:
    """Answer one page of the engines, and the cursor of the next."""
    page = requested_page()
    return json_response({"items": [engine_document(engine) for engine in page.items], "next": page.next_cursor})


@blueprint.post("/engines")
@needs(Role.WRITE)
def create_engine() -> Response:
    """Add an engine."""
    engine = current_storage.engines.add(new_engine(json_object()))
    return answer(engine, 201, {"Location": url_for("api.read_engine", id=engine.id)})


@blueprint.get("/engines/<id:id>")
@needs(Role.READ)
def read_engine(id: int) -> Response:
    """Answer one engine."""
    return answer(current_storage.engines.get(id))


@blueprint.patch("/engines/<id:id>")
@needs(Role.WRITE)
def change_engine(id: int) -> Response:
    """Change the fields that the body names."""
    return answer(current_storage.engines.update(id, changed_fields(json_object())))


@blueprint.delete("/engines/<id:id>")
@needs(Role.WRITE)
def delete_engine(id: int) -> Response:
    """Delete an engine."""
    current_storage.engines.delete(id)
    return Response(status=204)


@blueprint.post("/engines/<id:id>/fire")
@needs(Role.WRITE)
def fire_engine(id: int) -> Response:
    """Record that an engine fires now."""
    refuse_body()
    return answer(current_storage.engines.update(id, {"last_fired": current_app.config["CLOCK"]()}))


def answer(engine: Engine, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """Return an engine as a response."""
    return json_response(engine_document(engine), status, headers)
