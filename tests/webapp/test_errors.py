"""What goes wrong, as a response."""

from __future__ import annotations

import logging

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import Forbidden, HTTPException, ImATeapot, TooManyRequests, Unauthorized

from storage import (
    AlreadyExists,
    Invalid,
    NotFound,
    ReadOnly,
    SchemaOutOfDate,
    StorageError,
    TransactionConflict,
    Unavailable,
    Unsupported,
    VersionConflict,
)
from tests.webapp.conftest import CLOSED_PORTS, MakeApp
from webapp.auth.access import needs
from webapp.errors import ANSWERS

SECRET = "the-secret-of-the-driver"
ERRORS = [
    (Invalid({"title": "is bad"}), 422),
    (NotFound(SECRET), 404),
    (AlreadyExists(SECRET), 409),
    (VersionConflict(SECRET), 409),
    (TransactionConflict(SECRET), 503),
    (Unavailable(SECRET), 503),
    (Unavailable(SECRET, retryable=False), 503),
    (Unavailable(SECRET, may_have_been_applied=True), 503),
    (ReadOnly(SECRET), 503),
    (SchemaOutOfDate(SECRET, found="0001", wanted="0003"), 503),
    (Unsupported(SECRET), 501),
    (StorageError(SECRET), 500),
]


def failing(app: Flask, error: Exception) -> FlaskClient:
    """Return a client of the application whose paths /api/fail and /fail raise the error."""

    @needs(None)
    def fail() -> str:
        raise error

    app.add_url_rule("/api/fail", "api_fail", fail, methods=["GET", "POST"])
    app.add_url_rule("/fail", "fail", fail)
    return app.test_client()


def test_a_value_that_is_taken_is_told_by_the_name_of_its_field(app: Flask) -> None:
    client = failing(app, AlreadyExists.of("engine", ["title", "thrust"]))
    assert client.get("/api/fail").json["errors"] == [
        {"field": "title", "detail": "is taken"},
        {"field": "thrust", "detail": "is taken"},
    ]
    assert "title" in client.get("/fail").text


@pytest.mark.parametrize(("error", "status"), ERRORS)
def test_each_error_of_storage_has_its_status_in_the_api(app: Flask, error: StorageError, status: int) -> None:
    response = failing(app, error).get("/api/fail")
    assert (response.status_code, response.content_type) == (status, "application/problem+json")
    assert response.get_json()["status"] == status


@pytest.mark.parametrize(("error", "status"), ERRORS)
def test_each_error_of_storage_is_a_page_for_people(app: Flask, error: StorageError, status: int) -> None:
    response = failing(app, error).get("/fail")
    assert (response.status_code, response.mimetype) == (status, "text/html")


@pytest.mark.parametrize(("error", "status"), ERRORS)
@pytest.mark.parametrize("path", ["/api/fail", "/fail"])
def test_what_the_driver_said_is_told_to_nobody(app: Flask, error: StorageError, status: int, path: str) -> None:
    assert SECRET not in failing(app, error).get(path).text


@pytest.mark.parametrize(("error", "status"), [case for case in ERRORS if case[1] >= 500])
def test_what_the_driver_said_stands_in_the_log(
    app: Flask, error: StorageError, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    failing(app, error).get("/api/fail")
    assert SECRET in caplog.text


def test_what_a_client_did_wrong_is_not_logged_as_ours(app: Flask, caplog: pytest.LogCaptureFixture) -> None:
    failing(app, NotFound(SECRET)).get("/api/fail")
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


def test_every_class_of_the_tree_has_an_answer() -> None:
    assert set(ANSWERS) == {StorageError, *StorageError.__subclasses__()}


@pytest.mark.parametrize("error", [Unavailable("x"), TransactionConflict("x")])
@pytest.mark.parametrize("path", ["/api/fail", "/fail"])
def test_what_may_be_over_soon_says_when_to_come_back(app: Flask, error: StorageError, path: str) -> None:
    assert int(failing(app, error).get(path).headers["Retry-After"]) > 0


@pytest.mark.parametrize(
    "error",
    [
        Unavailable("x", retryable=False),
        Unavailable("x", may_have_been_applied=True),
        ReadOnly("x"),
        SchemaOutOfDate("x", found="0001", wanted="0003"),
        Unsupported("x"),
        StorageError("x"),
    ],
)
def test_what_waiting_does_not_mend_says_nothing_of_coming_back(app: Flask, error: StorageError) -> None:
    assert "Retry-After" not in failing(app, error).get("/api/fail").headers


@pytest.mark.parametrize(
    ("error", "type", "header"),
    [
        (Unauthorized(www_authenticate=WWWAuthenticate("bearer")), "unauthorized", "WWW-Authenticate"),
        (Forbidden("Your role is read."), "forbidden", None),
        (TooManyRequests(retry_after=7), "too-many-requests", "Retry-After"),
    ],
)
def test_who_may_not_is_told_why_and_how(app: Flask, error: HTTPException, type: str, header: str | None) -> None:
    response = failing(app, error).get("/api/fail")
    assert response.get_json()["type"] == f"/problems/{type}"
    assert response.get_json()["detail"] == error.description or header
    assert header is None or header in response.headers


def test_an_error_of_http_that_has_no_type_of_its_own_is_told_by_its_status(app: Flask) -> None:
    answer = failing(app, ImATeapot()).get("/api/fail").get_json()
    assert (answer["type"], answer["title"], answer["status"]) == ("about:blank", "I'm a teapot", 418)


def test_a_conflict_is_a_failed_precondition_only_for_who_named_one(app: Flask) -> None:
    client = failing(app, VersionConflict("x"))
    assert client.get("/api/fail").get_json()["type"] == "/problems/version-conflict"
    assert client.get("/api/fail", headers={"If-Match": '"1"'}).status_code == 412


def test_a_lost_answer_says_that_the_change_may_have_been_made(app: Flask) -> None:
    client = failing(app, Unavailable("x", may_have_been_applied=True))
    assert "may have been made" in client.post("/api/fail").get_json()["detail"]


def test_an_error_without_fields_has_no_errors(client: FlaskClient) -> None:
    assert client.get("/api/engines/7").get_json() == {
        "type": "/problems/not-found",
        "title": "There is nothing there",
        "status": 404,
        "detail": "There is nothing with that id, or at that address.",
    }


@pytest.mark.parametrize("path", ["/api/", "/api/nothing", "/api/engines/"])
def test_an_unknown_address_of_the_api_is_a_problem(client: FlaskClient, path: str) -> None:
    response = client.get(path)
    assert (response.status_code, response.content_type) == (404, "application/problem+json")


def test_an_unknown_page_is_a_page(client: FlaskClient) -> None:
    response = client.get("/nothing")
    assert (response.status_code, response.mimetype) == (404, "text/html")
    assert "<h1>Not Found</h1>" in response.text


def test_a_method_that_is_not_allowed_says_which_are(client: FlaskClient) -> None:
    response = client.put("/api/engines/1")
    assert (response.status_code, response.content_type) == (405, "application/problem+json")
    assert {"GET", "PATCH", "DELETE"} <= set(response.headers["Allow"].split(", "))


@pytest.mark.parametrize(("path", "kind"), [("/api/fail", "application/problem+json"), ("/fail", "text/html")])
def test_an_unexpected_error_is_a_500_without_its_trace(make_app: MakeApp, path: str, kind: str) -> None:
    response = failing(make_app(TESTING=False), ZeroDivisionError(SECRET)).get(path)
    assert (response.status_code, response.mimetype) == (500, kind)
    assert SECRET not in response.text
    assert "Traceback" not in response.text


@pytest.mark.parametrize("url", CLOSED_PORTS)
@pytest.mark.parametrize(("path", "kind"), [("/api/engines", "application/problem+json"), ("/", "text/html")])
def test_a_database_that_is_gone_is_a_503(make_app: MakeApp, url: str, path: str, kind: str) -> None:
    app = make_app(STORAGE_URL=url, STORAGE_OPTIONS={"connect_timeout": 0.2})
    response = app.test_client().get(path)
    assert (response.status_code, response.mimetype) == (503, kind)
    assert "Retry-After" in response.headers
    assert "tiger" not in response.text


def test_an_unmigrated_database_is_a_503_that_points_to_readyz(make_app: MakeApp) -> None:
    response = make_app().test_client().get("/api/engines")
    assert response.status_code == 503
    assert "/readyz" in response.get_json()["detail"]
