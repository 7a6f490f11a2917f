"""Repeating a request to the API without doing it twice: the header ``Idempotency-Key``.

The same request with the same key gets the first answer; another request with it is refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from flask import request
from msgspec.json import decode
from werkzeug.exceptions import BadRequest

from storage import Engine, Storage, Unit
from storage.flask import current_storage
from webapp.api.engine_json import EngineDocument, engine_document
from webapp.auth.access import caller
from webapp.repeats import digest, done_once
from webapp.responses import encode

HEADER = "Idempotency-Key"

#: Visible ASCII. No comma: that is how a header that was sent twice arrives.
KEY = r"[!-+\--~]{1,255}"

Work = Callable[[Storage | Unit], Engine]


def once(work: Work) -> EngineDocument:
    """Do the work of the current request, unless it was done before under its key; return the answer."""
    key = request.headers.get(HEADER)
    if key is None:
        return engine_document(work(current_storage))
    if not re.fullmatch(KEY, key):
        raise BadRequest(f"The header {HEADER} must have 1 to 255 visible ASCII characters without a comma.")
    answer = done_once(
        digest(caller().encode(), key.encode()),
        digest(request.method.encode(), request.path.encode(), request.get_data()),
        lambda place: encode(engine_document(work(place))).decode(),
    )
    return decode(answer, type=EngineDocument)
