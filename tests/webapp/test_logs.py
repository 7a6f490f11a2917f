"""The logs: one JSON object a line, what stands in it, and what never does."""

from __future__ import annotations

import json
import logging
from typing import Any
from urllib.parse import quote

import pytest
from flask import Flask
from flask.testing import FlaskClient

from storage.flask import ConfigurationError
from tests.webapp.conftest import CLOSED_PORTS, MakeApp
from webapp.auth.access import needs
from webapp.ops.logs import JsonFormatter


@pytest.fixture(autouse=True)
def formatter(caplog: pytest.LogCaptureFixture) -> None:
    """Have what is captured written as in production."""
    caplog.handler.setFormatter(JsonFormatter())


def lines(caplog: pytest.LogCaptureFixture, logger: str = "engine_room.access") -> list[dict[str, Any]]:
    """Return what a logger wrote."""
    return [line for line in map(json.loads, caplog.text.splitlines()) if line["logger"] == logger]


def test_a_request_is_one_line_that_says_who_asked_what_and_how_it_went(
    client: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    response = client.get("/api/engines?limit=5")
    (line,) = lines(caplog)
    assert line.pop("time").endswith("Z")
    assert line.pop("milliseconds") > 0
    assert line.pop("storage_milliseconds") > 0
    assert line == {
        "level": "info",
        "logger": "engine_room.access",
        "request_id": response.headers["X-Request-ID"],
        "remote": "127.0.0.1",
        "caller": "anonymous",
        "method": "GET",
        "path": "/api/engines",
        "query": "limit=5",
        "status": 200,
        "bytes": len(response.data),
        "storage_calls": 1,
    }


def test_what_was_not_found_is_logged_as_well(client: FlaskClient, caplog: pytest.LogCaptureFixture) -> None:
    client.get("/nothing")
    assert [line["status"] for line in lines(caplog)] == [404]


def test_a_head_request_has_no_bytes(client: FlaskClient, caplog: pytest.LogCaptureFixture) -> None:
    client.head("/healthz")
    assert [line["bytes"] for line in lines(caplog)] == [0]


def test_a_file_is_logged_with_its_length(client: FlaskClient, caplog: pytest.LogCaptureFixture) -> None:
    with client.get("/static/style.css") as response:
        assert [line["bytes"] for line in lines(caplog)] == [len(response.data)]


def test_the_calls_of_a_request_are_counted_by_themselves(
    client: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    client.get("/api/engines/1")
    client.get("/healthz")
    assert [line["storage_calls"] for line in lines(caplog)] == [1, 0]


SECRETS = {"Authorization": "Bearer hunter2", "Cookie": "session=hunter2", "X-CSRFToken": "hunter2"}


def test_no_secret_of_a_request_is_logged(client: FlaskClient, caplog: pytest.LogCaptureFixture) -> None:
    client.get("/api/engines?cursor=hunter2&token=hunter2&hunter2", headers=SECRETS)
    client.post("/api/engines", json={"title": "hunter2"}, headers=SECRETS)
    assert len(lines(caplog)) == 2
    assert "hunter2" not in caplog.text


def test_of_a_query_the_harmless_is_shown_and_the_rest_is_marked(
    client: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    client.get("/api/engines?sort=-thrust&cursor=abc&q=rap")
    assert [line["query"] for line in lines(caplog)] == ["sort=-thrust&q=rap&…"]


FORGERIES = ["\n", "\r\n", "\x0b", "\x1b[2J", "\x85", "\u2028", '"}\n{"logger":"engine_room.access"', "ü", "\udcff"]


@pytest.mark.parametrize("text", FORGERIES, ids=ascii)
def test_no_path_and_no_query_can_end_a_line(client: FlaskClient, caplog: pytest.LogCaptureFixture, text: str) -> None:
    typed = quote(text.encode("utf-8", "surrogateescape"))
    client.get(f"/{typed}?q={typed}")
    assert len(caplog.text.splitlines()) == 1
    assert caplog.text[:-1].isprintable()
    assert caplog.text.isascii()


def test_a_surrogate_cannot_keep_a_line_from_being_written() -> None:
    record = logging.makeLogRecord({"msg": {"path": "/\udcff"}})
    assert json.loads(JsonFormatter().format(record))["path"] == "/\udcff"


def test_access_log_false_writes_none(make_app: MakeApp, caplog: pytest.LogCaptureFixture) -> None:
    make_app(ACCESS_LOG=False).test_client().get("/healthz")
    assert lines(caplog) == []


def test_an_error_is_logged_with_the_id_that_was_answered(make_app: MakeApp, caplog: pytest.LogCaptureFixture) -> None:
    app = make_app(TESTING=False, PROPAGATE_EXCEPTIONS=False)

    @app.get("/broken")
    @needs(None)
    def broken() -> str:
        raise ZeroDivisionError("on\npurpose")

    response = app.test_client().get("/broken")
    (line,) = lines(caplog, "webapp")
    assert (response.status_code, line["request_id"]) == (500, response.headers["X-Request-ID"])
    assert line["traceback"].endswith("ZeroDivisionError: on\npurpose")


@pytest.mark.parametrize("url", CLOSED_PORTS)
def test_an_outage_is_logged_with_its_id_and_without_the_password(
    make_app: MakeApp, caplog: pytest.LogCaptureFixture, url: str
) -> None:
    app = make_app(STORAGE_URL=url, STORAGE_OPTIONS={"connect_timeout": 0.1})
    response = app.test_client().get("/api/engines/1")
    (line,) = lines(caplog, "webapp")
    assert line["request_id"] == response.headers["X-Request-ID"]
    assert "tiger" not in caplog.text


def test_a_slow_call_is_a_warning_that_names_it_and_no_value(
    make_app: MakeApp, app: Flask, caplog: pytest.LogCaptureFixture
) -> None:
    slow = make_app(STORAGE_URL=app.config["STORAGE_URL"], SLOW_STORAGE_SECONDS=0)
    response = slow.test_client().get("/api/engines?title=hunter2")
    (line,) = lines(caplog, "engine_room.storage")
    assert line.pop("seconds") > 0
    assert {**line, "time": ""} == {
        "time": "",
        "level": "warning",
        "logger": "engine_room.storage",
        "request_id": response.headers["X-Request-ID"],
        "message": "a call of the storage was slow",
        "backend": "sqlite",
        "entity": "engine",
        "operation": "find",
        "error": None,
    }


@pytest.mark.parametrize(("seconds", "warnings"), [(0.5, 0), (0.6, 1)])
def test_a_call_is_slow_beyond_half_a_second(
    app: Flask, caplog: pytest.LogCaptureFixture, seconds: float, warnings: int
) -> None:
    app.extensions["storage"].observation.tell("engine", "get", seconds, None)
    assert len(lines(caplog, "engine_room.storage")) == warnings


@pytest.mark.parametrize("value", [-1, "fast", None, True])
def test_another_bound_than_a_number_of_seconds_is_refused(make_app: MakeApp, value: object) -> None:
    with pytest.raises(ConfigurationError, match=r"SLOW_STORAGE_SECONDS is .*: it must be a number of seconds"):
        make_app(SLOW_STORAGE_SECONDS=value)


def test_a_call_outside_of_a_request_is_logged_without_an_id(app: Flask, caplog: pytest.LogCaptureFixture) -> None:
    app.extensions["storage"].observation.tell("engine", "get", 1.0, ValueError)
    (line,) = lines(caplog, "engine_room.storage")
    assert "request_id" not in line
    assert line["error"] == "ValueError"
