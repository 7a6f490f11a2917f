"""What operations ask: is the process alive, can it serve, and how is it.

None of these needs the database to know its caller: ``/healthz`` and ``/readyz`` look at no credentials, ``/status``
and ``/metrics`` take the token of the configuration.
"""

from __future__ import annotations

from pathlib import Path

from flask import Blueprint, Response, current_app, make_response, render_template

from storage import ReadOnly, SchemaOutOfDate, StorageError
from storage.flask import current_storage
from storage.transfer import last_backup, last_verification
from webapp.auth.access import anonymous, operators
from webapp.errors import RETRY_AFTER
from webapp.ops.probe import check_database
from webapp.ops.status import current_status
from webapp.responses import json_response

blueprint = Blueprint("operations", __name__)

FRESH = {"Cache-Control": "no-store"}


@blueprint.get("/healthz")
@anonymous
def alive() -> Response:
    """Answer 200 as long as the process answers at all."""
    return Response("ok\n", headers=FRESH, mimetype="text/plain")


@blueprint.get("/readyz")
@anonymous
def ready() -> Response:
    """Answer 200 when the database answers, is at the code's revision and takes writes, else 503 and the reason.

    One that a restore has not ended with is at no revision.
    """
    wanted = current_storage.migrations.head()
    try:
        check_database()
    except SchemaOutOfDate as error:
        return not_ready(str(error), database=error.found, code=error.wanted)
    except ReadOnly as error:
        return not_ready(str(error))
    except StorageError as error:
        current_app.logger.warning("not ready: %s: %s", type(error).__name__, error)
        return not_ready("the database does not answer as it should: see the log of the server")
    return json_response({"ready": True, "database": wanted, "code": wanted}, headers=FRESH)


@blueprint.get("/status")
@operators
def status() -> Response:
    """Show how the application and its database are; the page itself works when the database does not."""
    noted = Path(current_app.instance_path)
    page = render_template(
        "status.html",
        status=current_status(),
        backup=last_backup(noted),
        verification=last_verification(noted),
    )
    return make_response(page, FRESH)


def not_ready(detail: str, **revisions: str | None) -> Response:
    """Return the answer of an application that cannot serve, and when to ask again."""
    return json_response({"ready": False, **revisions, "detail": detail}, 503, FRESH | {"Retry-After": RETRY_AFTER})
