"""What operations ask: is the process alive, and can it serve."""

from __future__ import annotations

from flask import Blueprint, Response, current_app

from storage import SchemaOutOfDate, StorageError
from storage.flask import current_storage
from webapp.access import needs
from webapp.responses import json_response

blueprint = Blueprint("operations", __name__)

FRESH = {"Cache-Control": "no-store"}


@blueprint.get("/healthz")
@needs(None)
def alive() -> Response:
    """Answer 200 as long as the process answers at all."""
    return Response("ok\n", headers=FRESH, mimetype="text/plain")


@blueprint.get("/readyz")
@needs(None)
def ready() -> Response:
    """Answer 200 when the database answers and is at the code's revision, else 503 and what is in the way."""
    wanted = current_storage.migrations.head()
    try:
        current_storage.ping()
        current_storage.forget_schema()
        current_storage.check_schema()
    except SchemaOutOfDate as error:
        return not_ready(str(error), database=error.found, code=error.wanted)
    except StorageError as error:
        current_app.logger.warning("not ready: %s: %s", type(error).__name__, error)
        return not_ready("the database does not answer as it should: see the log of the server")
    return json_response({"ready": True, "database": wanted, "code": wanted}, headers=FRESH)


def not_ready(detail: str, **revisions: str | None) -> Response:
    """Return the answer of an application that cannot serve."""
    return json_response({"ready": False, **revisions, "detail": detail}, 503, FRESH)
