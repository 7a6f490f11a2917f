"""What is logged, and how: one JSON object a line on the standard error, which no input can forge or break.

``engine_room.access`` has a line for each request, ``engine_room.storage`` one for each slow call of the storage,
``webapp`` the errors. A program that configures these loggers itself is not interfered with.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Mapping
from time import perf_counter

import msgspec
from flask import Flask, Request, Response, has_request_context
from flask.logging import has_level_handler
from werkzeug.exceptions import BadRequest

from storage import Call
from webapp.auth.access import caller
from webapp.ops.trace import current_trace, this_request

access_log = logging.getLogger("engine_room.access")
storage_log = logging.getLogger("engine_room.storage")

#: The query parameters whose values are shown; others could be secrets, and cursors are long.
SHOWN = frozenset({"sort", "limit", "q", "title", "thrust_min", "thrust_max", "fired", "fired_after", "fired_before"})


class JsonFormatter(logging.Formatter):
    """Writes a record as one line of JSON in ASCII; a message that is a mapping becomes members of the object."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        seconds = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        fields: dict[str, object] = {
            "time": f"{seconds}.{int(record.msecs):03}Z",
            "level": record.levelname.lower(),
            "logger": record.name,
        }
        if isinstance(record.msg, Mapping):
            fields.update(record.msg)
        else:
            fields["message"] = record.getMessage()
        if "request_id" not in fields and has_request_context():
            fields["request_id"] = current_trace().request_id
        if record.exc_info:
            fields["traceback"] = self.formatException(record.exc_info)
        return json_line(fields)


def json_line(fields: Mapping[str, object]) -> str:
    """Return an object as one line of ASCII: what is beyond could end a line for some reader, and is escaped."""
    try:
        line = msgspec.json.encode(fields).decode()
    except UnicodeEncodeError:
        # Half of a surrogate pair, which a path may hold and which has no UTF-8.
        return json.dumps(fields)
    return line if line.isascii() else json.dumps(fields)


def init_app(app: Flask) -> None:
    """Have the application log as the configuration says."""
    slow = app.config["SLOW_STORAGE_SECONDS"]
    logging.getLogger("engine_room").setLevel(logging.INFO)
    for name in ("engine_room", "storage", app.name):
        add_handler(logging.getLogger(name))
    if app.config["ACCESS_LOG"]:
        app.after_request(log_request)

    def log_if_slow(call: Call) -> None:
        if call.seconds > slow:
            storage_log.warning(slow_call(call))

    app.extensions["storage"].observe(log_if_slow)


def add_handler(logger: logging.Logger) -> None:
    """Have a logger write to the standard error, unless its records are handled already."""
    if not has_level_handler(logger):
        handler = logging.StreamHandler()
        handler.setFormatter(JsonFormatter())
        logger.addHandler(handler)


def log_request(response: Response) -> Response:
    """Write the line of a request that was answered."""
    asked, trace = this_request(), current_trace()
    access_log.info(
        {
            "request_id": trace.request_id,
            "remote": asked.remote_addr,
            "caller": caller(),
            "method": asked.method,
            "path": asked.path,
            "query": shown_query(asked) if asked.query_string else "",
            "status": response.status_code,
            "bytes": 0 if asked.method == "HEAD" else answered_bytes(response),
            "milliseconds": round((perf_counter() - trace.started) * 1000, 3),
            "storage_calls": trace.storage_calls,
            "storage_milliseconds": round(trace.storage_seconds * 1000, 3),
        },
    )
    return response


def shown_query(asked: Request) -> str:
    """Return the query with the values that may be seen; one ``…`` stands for all others."""
    try:
        given = list(asked.args.items(multi=True))
    except BadRequest:
        return "…"
    shown = [f"{name}={value}" for name, value in given if name in SHOWN]
    return "&".join(shown if len(shown) == len(given) else [*shown, "…"])


def answered_bytes(response: Response) -> int | None:
    """Return the length of the body, ``None`` where it is not known before it was sent."""
    return response.content_length if response.content_length is not None else response.calculate_content_length()


def slow_call(call: Call) -> dict[str, object]:
    """Return what is logged of a call that took long: no value that was passed is known here."""
    return {
        "message": "a call of the storage was slow",
        "backend": call.backend,
        "entity": call.entity,
        "operation": call.operation,
        "seconds": round(call.seconds, 6),
        "error": None if call.error is None else call.error.__name__,
    }
