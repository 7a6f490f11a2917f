"""Conditional requests: entity tags, what a client knows already, and what it must not overwrite."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from webapp.api.preconditions import version_to_write

WRITES = [
    ("PATCH", "/api/engines/1", {"thrust": 1}),
    ("DELETE", "/api/engines/1", None),
    ("POST", "/api/engines/1/fire", None),
]
MALFORMED = ["", "3", '"3', '3"', "* *", '"3", *', '"1" "2"', "W/", 'w/"3"', '"a\x01b"', ","]


@pytest.fixture(autouse=True)
def raptor(client: FlaskClient) -> None:
    """An engine at version 3."""
    client.post("/api/engines", json={"title": "Raptor"})
    for thrust in (1, 2):
        client.patch("/api/engines/1", json={"thrust": thrust})


def send(client: FlaskClient, write: tuple[str, str, Any], **headers: str) -> Any:
    method, path, body = write
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.open(path, method=method, json=body, headers=named)


def test_the_tag_of_an_engine_is_its_version(client: FlaskClient) -> None:
    assert client.get("/api/engines/1").headers["ETag"] == '"3"'
    assert client.patch("/api/engines/1", json={}).headers["ETag"] == '"4"'
    assert client.post("/api/engines/1/fire").headers["ETag"] == '"5"'
    assert client.post("/api/engines", json={"title": "Merlin"}).headers["ETag"] == '"1"'


@pytest.mark.parametrize("known", ['"3"', 'W/"3"', '"2", "3"', "*", ' , "3" ,'])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_client_that_has_the_version_is_sent_nothing(client: FlaskClient, known: str, method: str) -> None:
    response = client.open("/api/engines/1", method=method, headers={"If-None-Match": known})
    assert (response.status_code, response.data, response.headers["ETag"]) == (304, b"", '"3"')


@pytest.mark.parametrize("known", ['"2"', '"03"', '"33"'])
def test_a_client_that_has_another_version_is_sent_this_one(client: FlaskClient, known: str) -> None:
    assert client.get("/api/engines/1", headers={"If-None-Match": known}).status_code == 200


@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize("wanted", ['"3"', '"2", "3"', "*", '"x", "3"', ' ,"3",, '])
def test_a_write_to_the_version_that_the_client_has_seen_is_made(
    client: FlaskClient, write: tuple[str, str, Any], wanted: str
) -> None:
    assert send(client, write, If_Match=wanted).status_code in (200, 204)


@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize("wanted", ['"2"', 'W/"3"', '"1", "2"', '"x"', '""', '"03"', '"99999999999999999999"'])
def test_a_write_to_another_version_is_not_made(client: FlaskClient, write: tuple[str, str, Any], wanted: str) -> None:
    response = send(client, write, If_Match=wanted)
    assert (response.status_code, response.get_json()["type"]) == (412, "/problems/precondition-failed")
    assert client.get("/api/engines/1").headers["ETag"] == '"3"'


@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize(("unwanted", "made"), [('"3"', False), ('W/"3"', False), ("*", False), ('"2"', True)])
def test_a_write_to_a_version_that_must_not_be_there_is_not_made(
    client: FlaskClient, write: tuple[str, str, Any], unwanted: str, made: bool
) -> None:
    assert (send(client, write, If_None_Match=unwanted).status_code != 412) is made


@pytest.mark.parametrize("write", WRITES)
def test_a_write_has_to_meet_both_conditions(client: FlaskClient, write: tuple[str, str, Any]) -> None:
    assert send(client, write, If_Match='"3"', If_None_Match='"3"').status_code == 412
    assert client.get("/api/engines/1").headers["ETag"] == '"3"'


def test_a_read_of_another_version_than_asked_for_is_refused(client: FlaskClient) -> None:
    assert client.get("/api/engines/1", headers={"If-Match": '"2"'}).status_code == 412


@pytest.mark.parametrize("header", ["If-Match", "If-None-Match"])
@pytest.mark.parametrize("text", MALFORMED)
@pytest.mark.parametrize("write", [WRITES[0], ("GET", "/api/engines/1", None)])
def test_a_header_that_cannot_be_read_is_refused(
    client: FlaskClient, write: tuple[str, str, Any], header: str, text: str
) -> None:
    response = send(client, write, **{header: text})
    assert (response.status_code, response.get_json()["type"]) == (400, "/problems/malformed-request")
    assert f"The header {header} cannot be read" in response.get_json()["detail"]


@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize("wanted", ['"3"', "*", '"3", "4"'])
def test_what_is_not_there_is_not_found_whatever_the_client_has_seen(
    client: FlaskClient, write: tuple[str, str, Any], wanted: str
) -> None:
    client.delete("/api/engines/1")
    assert send(client, write, If_Match=wanted).status_code == 404


def test_of_two_who_have_seen_the_same_version_one_writes(fresh_app: Flask) -> None:
    fresh_app.extensions["storage"].migrations.upgrade()
    client = fresh_app.test_client()
    client.post("/api/engines", json={"title": "Raptor"})
    write = ("PATCH", "/api/engines/1", {"thrust": 7})
    assert [send(client, write, If_Match='"1"').status_code for _ in range(2)] == [200, 412]


def test_a_write_with_several_tags_meets_the_version_that_was_read(app: Flask, client: FlaskClient) -> None:
    id = client.post("/api/engines", json={"title": "Raptor"}).json["id"]
    with app.test_request_context(headers={"If-Match": '"7", "1"'}):
        assert version_to_write(id) == 1
