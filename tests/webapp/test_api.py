"""The JSON API of the engines: what each address does."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

RAPTOR = {"id": 1, "title": "Raptor", "thrust": 2300, "last_fired": None, "version": 1}


@pytest.fixture
def raptor(client: FlaskClient) -> dict[str, Any]:
    """An engine that was added."""
    return add(client, title="Raptor", thrust=2300)


def add(client: FlaskClient, **fields: object) -> dict[str, Any]:
    response = client.post("/api/engines", json=fields)
    assert response.status_code == 201, response.text
    return response.get_json()


def problems(response: Any, status: int) -> dict[str, str]:
    assert response.status_code == status, response.text
    assert response.content_type == "application/problem+json"
    return {error["field"]: error["detail"] for error in response.get_json()["errors"]}


def test_a_new_engine_is_created_at_the_address_in_location(client: FlaskClient) -> None:
    response = client.post("/api/engines", json={"title": "Raptor", "thrust": 2300})
    assert (response.status_code, response.get_json()) == (201, RAPTOR)
    assert client.get(response.headers["Location"]).get_json() == RAPTOR


def test_the_keys_of_an_engine_have_a_fixed_order(client: FlaskClient, raptor: dict[str, Any]) -> None:
    text = client.get("/api/engines/1").text
    assert text == '{"id":1,"title":"Raptor","thrust":2300,"last_fired":null,"version":1}\n'


def test_a_new_engine_needs_only_a_title(client: FlaskClient) -> None:
    assert add(client, title="Merlin")["thrust"] == 0


def test_a_moment_is_answered_in_utc_truncated_to_the_millisecond(client: FlaskClient) -> None:
    engine = add(client, title="Merlin", last_fired="2026-01-31T12:00:00.9999+02:30")
    assert engine["last_fired"] == "2026-01-31T09:30:00.999Z"


def test_text_beyond_ascii_comes_back_as_it_was(client: FlaskClient) -> None:
    title = "𝛀 Möhre\u0301 ﬁ 火箭 🚀"
    assert add(client, title=title)["title"] == title


def test_change_touches_only_the_fields_in_the_body(client: FlaskClient, raptor: dict[str, Any]) -> None:
    response = client.patch("/api/engines/1", json={"thrust": 2400})
    assert (response.status_code, response.get_json()) == (200, RAPTOR | {"thrust": 2400, "version": 2})


def test_change_can_take_the_moment_away(client: FlaskClient) -> None:
    add(client, title="Merlin", last_fired="2026-01-31T12:00:00Z")
    assert client.patch("/api/engines/1", json={"last_fired": None}).get_json()["last_fired"] is None


def test_delete_answers_nothing_and_leaves_nothing(client: FlaskClient, raptor: dict[str, Any]) -> None:
    response = client.delete("/api/engines/1")
    assert (response.status_code, response.data) == (204, b"")
    assert client.get("/api/engines/1").status_code == 404


def test_fire_sets_the_moment_to_now(client: FlaskClient, raptor: dict[str, Any]) -> None:
    fired = RAPTOR | {"last_fired": "2026-01-31T09:30:00.123Z", "version": 2}
    response = client.post("/api/engines/1/fire")
    assert (response.status_code, response.get_json()) == (200, fired)


def test_fire_takes_no_body(client: FlaskClient, raptor: dict[str, Any]) -> None:
    assert client.post("/api/engines/1/fire", json={"last_fired": None}).status_code == 400


@pytest.mark.parametrize("id", ["2", "0", "-1", "01", "1.0", "x", "%D9%A1", str(2**63), "9" * 19, "9" * 20, "9" * 5000])
@pytest.mark.parametrize(("method", "suffix"), [("GET", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "/fire")])
def test_an_id_that_nothing_has_is_not_found(
    client: FlaskClient, raptor: dict[str, Any], id: str, method: str, suffix: str
) -> None:
    body = {"title": "Merlin"} if method == "PATCH" else None
    assert client.open(f"/api/engines/{id}{suffix}", method=method, json=body).status_code == 404


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/api/engines"), ("GET", "/api/engines/1"), ("POST", "/api/engines/1/fire")]
)
def test_query_parameters_where_there_are_none_are_refused(client: FlaskClient, method: str, path: str) -> None:
    refused = problems(client.open(path + "?dry_run=1", method=method), 400)
    assert refused == {"dry_run": "is no parameter of this address; there are: none"}


class TestRules:
    """A body that can be read, and breaks rules."""

    def test_every_bad_field_is_named_in_one_answer(self, client: FlaskClient) -> None:
        body = {"title": " x", "thrust": "7", "last_fired": "yesterday", "colour": "red", "version": 3}
        refused = problems(client.post("/api/engines", json=body), 422)
        assert set(refused) == {"title", "thrust", "last_fired", "colour", "version"}

    def test_nothing_is_stored_when_only_one_field_is_bad(self, client: FlaskClient) -> None:
        client.post("/api/engines", json={"title": "Raptor", "colour": "red"})
        assert client.get("/api/engines").get_json()["items"] == []

    def test_a_new_engine_needs_a_title(self, client: FlaskClient) -> None:
        assert problems(client.post("/api/engines", json={}), 422) == {"title": "is required"}

    @pytest.mark.parametrize("thrust", ["7", 1.5, 1e40, True, None, [], {}, 2**31, -(2**31) - 1, 10**40])
    def test_types_of_thrust_are_not_converted(self, client: FlaskClient, raptor: Any, thrust: object) -> None:
        assert set(problems(client.patch("/api/engines/1", json={"thrust": thrust}), 422)) == {"thrust"}

    @pytest.mark.parametrize(("text", "thrust"), [("7.0", 7), ("-0.0", 0), ("23e2", 2300)])
    def test_a_number_is_whole_however_it_is_written(
        self, client: FlaskClient, raptor: Any, text: str, thrust: int
    ) -> None:
        body = f'{{"thrust": {text}}}'
        answer = client.patch("/api/engines/1", data=body, content_type="application/json").get_json()
        assert answer["thrust"] == thrust

    @pytest.mark.parametrize("title", ["", " ", "x" * 129, "a\x00b", "a\nb", "\ud800", 7, None, ["a"], {"$gt": ""}])
    def test_a_title_that_breaks_its_rule_is_refused(self, client: FlaskClient, raptor: Any, title: object) -> None:
        assert set(problems(client.patch("/api/engines/1", json={"title": title}), 422)) == {"title"}

    @pytest.mark.parametrize(
        "moment",
        [
            "",
            "2026-01-31",
            "2026-01-31T12:00:00",
            "2026-01-31T12:00Z",
            "2026-01-31 12:00:00Z",
            "2026-02-30T12:00:00Z",
            "2026-01-31T24:00:00Z",
            "2026-01-31T12:00:60Z",
            "2026-01-31T12:00:00+2400",
            "2026-01-31T12:00:00,5Z",
            "٢026-01-31T12:00:00Z",
            "0999-12-31T23:59:59Z",
            "0001-01-01T00:00:00+01:00",
            "9999-12-31T23:59:59-01:00",
            1769853600,
            True,
            {},
        ],
    )
    def test_what_names_no_moment_is_refused(self, client: FlaskClient, raptor: Any, moment: object) -> None:
        assert set(problems(client.patch("/api/engines/1", json={"last_fired": moment}), 422)) == {"last_fired"}

    def test_an_unknown_key_that_has_no_utf_8_is_answered_all_the_same(self, client: FlaskClient, raptor: Any) -> None:
        response = client.patch("/api/engines/1", data=rb'{"\ud800": 1}', content_type="application/json")
        assert set(problems(response, 422)) == {"\ud800"}

    def test_an_object_where_text_is_expected_changes_nothing(self, client: FlaskClient, raptor: Any) -> None:
        client.patch("/api/engines/1", json={"title": {"$set": "x"}})
        assert client.get("/api/engines/1").get_json() == RAPTOR


class TestBodies:
    """A body that cannot be read."""

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"{",
            b"null",
            b"[]",
            b'"title"',
            b"7",
            b'{"title": "a"} x',
            b"{'title': 'a'}",
            b'{"title": "a", "title": "b"}',
            b'{"title": {"a": 1, "a": 2}}',
            b'{"title": "a", "thrust": NaN}',
            b'{"title": "a", "thrust": -Infinity}',
            b'{"title": "a", "thrust": ' + b"1" * 5000 + b"}",
            b'\xef\xbb\xbf{"title": "a"}',
            b'{"title": "\xff"}',
            '{"title": "a"}'.encode("utf-16"),
            b'{"title": "a", "thrust": 1e400}',
            b'{"title": "a", "thrust": 0.' + b"1" * 5000 + b"}",
            b"[" * 60_000,
            b'{"title": ' * 6_000,
            b'{"title": ' + b"[" * 32 + b"]" * 32 + b"}",
            b'{"title": "\n"}',
        ],
        ids=range(22),
    )
    def test_it_is_malformed(self, client: FlaskClient, body: bytes) -> None:
        response = client.post("/api/engines", data=body, content_type="application/json")
        assert (response.status_code, response.content_type) == (400, "application/problem+json")
        assert response.get_json()["detail"].startswith("The body ")

    def test_brackets_in_text_do_not_nest(self, client: FlaskClient) -> None:
        assert add(client, title='[{"' * 42)["title"] == '[{"' * 42

    def test_a_body_with_thousands_of_unknown_fields_has_a_hundred_of_them_named(self, client: FlaskClient) -> None:
        body = {"title": "a"} | {f"__proto__{number}": 1 for number in range(2000)}
        assert len(problems(client.post("/api/engines", json=body), 422)) == 100

    @pytest.mark.parametrize("kind", [None, "text/plain", "application/json; charset=latin-1", "multipart/form-data"])
    def test_another_type_of_content_is_refused(self, client: FlaskClient, kind: str | None) -> None:
        response = client.post("/api/engines", data=b'{"title": "a"}', content_type=kind)
        assert (response.status_code, response.content_type) == (415, "application/problem+json")

    def test_a_charset_of_utf_8_is_welcome(self, client: FlaskClient) -> None:
        body = '{"title": "é"}'.encode()
        response = client.post("/api/engines", data=body, content_type="application/json; charset=UTF-8")
        assert response.get_json()["title"] == "é"

    def test_one_that_is_too_large_is_refused(self, client: FlaskClient, app: Flask) -> None:
        body = b" " * (app.config["MAX_CONTENT_LENGTH"] + 1)
        response = client.post("/api/engines", data=body, content_type="application/json")
        assert (response.status_code, response.content_type) == (413, "application/problem+json")


class TestAccept:
    """What a client takes."""

    @pytest.mark.parametrize(
        "accept", ["application/json", "*/*", "application/*;q=0.1, text/html", "", "text/html,*/*"]
    )
    def test_a_client_that_takes_json_gets_it(self, client: FlaskClient, accept: str) -> None:
        response = client.get("/api/engines", headers={"Accept": accept})
        assert (response.status_code, response.content_type) == (200, "application/json")

    @pytest.mark.parametrize("accept", ["text/html", "application/xml, text/*", "*/*, application/json;q=0", "x"])
    def test_a_client_that_takes_none_is_told_so(self, client: FlaskClient, accept: str) -> None:
        response = client.get("/api/engines", headers={"Accept": accept})
        assert (response.status_code, response.get_json()["type"]) == (406, "/problems/not-acceptable")


def test_head_answers_the_headers_alone(client: FlaskClient, raptor: dict[str, Any]) -> None:
    whole, head = client.get("/api/engines/1"), client.head("/api/engines/1")
    assert (head.status_code, head.data, head.headers) == (200, b"", whole.headers)


def test_delete_takes_no_body(client: FlaskClient, raptor: dict[str, Any]) -> None:
    assert client.delete("/api/engines/1", json={}).status_code == 400


@pytest.mark.parametrize("query", [b"q=\xff", b"q=%FF", b"\xff=1", b"q=%ED%A0%80"])
def test_a_query_that_is_no_utf_8_cannot_be_read(client: FlaskClient, query: bytes) -> None:
    response = client.get("/api/engines", environ_overrides={"QUERY_STRING": query.decode("latin-1")})
    assert (response.status_code, response.get_json()["type"]) == (400, "/problems/malformed-request")
