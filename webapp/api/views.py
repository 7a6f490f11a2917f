"""The JSON API of the engines."""

from __future__ import annotations

from flask import Blueprint, Response, current_app, url_for
from werkzeug.routing import IntegerConverter

from storage import Engine, Storage, Unit
from storage.flask import current_storage
from webapp.api.endpoint_spec import Promise, hold_to_promise, promises
from webapp.api.engine_json import EngineDocument, PageDocument, changed_fields, engine_document, new_engine
from webapp.api.idempotency import once
from webapp.api.json_body import json_object
from webapp.api.preconditions import is_known, tag_of, version_to_write
from webapp.auth.access import Role, needs
from webapp.listing import PARAMETERS, page_links, requested_page
from webapp.responses import json_response

blueprint = Blueprint("api", __name__, url_prefix="/api")
blueprint.before_request(hold_to_promise)


class IdConverter(IntegerConverter):
    """An id in a path, in the one way that a number is written; anything else is no address of ours."""

    regex = r"[1-9][0-9]{0,18}"


@blueprint.get("/engines")
@needs(Role.READ)
@promises(Promise(200, answer="Page", query=PARAMETERS))
def list_engines() -> Response:
    """Answer one page of the engines.

    The header ``Link`` leads to the next page, and so does the cursor in ``next``, sent with the same parameters;
    on the last page ``next`` is null. Only ``limit`` may change between the pages.
    """
    page = requested_page()
    document = PageDocument([engine_document(engine) for engine in page.items], page.next_cursor)
    return json_response(document, headers={"Link": page_links(page)})


@blueprint.post("/engines")
@needs(Role.WRITE)
@promises(Promise(201, answer="Engine", body="NewEngine", repeatable=True))
def create_engine() -> Response:
    """Add an engine."""
    engine = new_engine(json_object())
    added = once(lambda place: place.engines.add(engine))
    return answer(added, 201, {"Location": url_for("api.read_engine", id=added.id)})


@blueprint.get("/engines/<id:id>")
@needs(Role.READ)
@promises(Promise(200, answer="Engine", conditional=True))
def read_engine(id: int) -> Response:
    """Answer one engine."""
    engine = current_storage.engines.get(id)
    if is_known(engine.version):
        return Response(status=304, headers={"ETag": tag_of(engine.version)})
    return answer(engine_document(engine))


@blueprint.patch("/engines/<id:id>")
@needs(Role.WRITE)
@promises(Promise(200, answer="Engine", body="EngineChanges", conditional=True))
def change_engine(id: int) -> Response:
    """Change the fields that the body names, and no others."""
    changes = changed_fields(json_object())
    return answer(engine_document(current_storage.engines.update(id, changes, version_to_write(id))))


@blueprint.delete("/engines/<id:id>")
@needs(Role.WRITE)
@promises(Promise(204, conditional=True))
def delete_engine(id: int) -> Response:
    """Delete an engine. Its id is never given again."""
    current_storage.engines.delete(id, version_to_write(id))
    return Response(status=204)


@blueprint.post("/engines/<id:id>/fire")
@needs(Role.WRITE)
@promises(Promise(200, answer="Engine", conditional=True, repeatable=True))
def fire_engine(id: int) -> Response:
    """Record that an engine fires now: ``last_fired`` is the server's time."""

    def fire(place: Storage | Unit) -> Engine:
        return place.engines.update(id, {"last_fired": current_app.config["CLOCK"]()}, version_to_write(id))

    return answer(once(fire))


def answer(engine: EngineDocument, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """Return an engine as a response, with its entity tag."""
    return json_response(engine, status, {"ETag": tag_of(engine.version), **(headers or {})})
