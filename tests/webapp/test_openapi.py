"""The OpenAPI document, and the pages made from it."""

from __future__ import annotations

import re
from typing import Any

import jsonschema_rs
import pytest
from flask import Flask
from flask.testing import FlaskClient
from openapi_spec_validator import OpenAPIV31SpecValidator

from storage import Engine
from tests.webapp.conftest import MakeApp
from tests.webapp.people import CLOSED
from webapp.problems import PROBLEMS

TITLES = ["a", "a b", "é", "🚀", "x" * 128, "\u200b", "", " ", " a", "a ", "a\n", "\n", "a\tb", "\x85", "\u3000a"]
TITLES += ["x" * 129, "🚀" * 129, "\xa0", "a\u2028", "\x7f"]


CONDITIONS = ["If-Match", "If-None-Match"]
#: The statuses below 400 of each operation, and the headers that it heeds.
OPERATIONS = {
    ("/api/engines", "get"): (["200"], []),
    ("/api/engines", "post"): (["201"], ["Idempotency-Key"]),
    ("/api/engines/{id}", "get"): (["200", "304"], CONDITIONS),
    ("/api/engines/{id}", "patch"): (["200"], CONDITIONS),
    ("/api/engines/{id}", "delete"): (["204"], CONDITIONS),
    ("/api/engines/{id}/fire", "post"): (["200"], [*CONDITIONS, "Idempotency-Key"]),
}


@pytest.fixture
def document(client: FlaskClient) -> dict[str, Any]:
    """The document as it is served."""
    response = client.get("/openapi.json")
    assert (response.status_code, response.content_type) == (200, "application/json")
    return response.get_json()


def test_the_document_is_valid_openapi_3_1(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1")
    assert list(OpenAPIV31SpecValidator(document).iter_errors()) == []


def test_every_address_of_the_api_is_in_the_document(app: Flask, document: dict[str, Any]) -> None:
    rules = [rule for rule in app.url_map.iter_rules() if rule.rule.startswith("/api/")]
    served = {(re.sub(r"<.*:(\w+)>", r"{\1}", rule.rule), method) for rule in rules for method in rule.methods or ()}
    told = {(path, method.upper()) for path, methods in document["paths"].items() for method in methods}
    assert told == {(path, method) for path, method in served if method not in ("HEAD", "OPTIONS")}


def test_the_document_has_the_successes_and_the_headers_of_each_operation(document: dict[str, Any]) -> None:
    told = {
        (path, method): (
            [status for status in operation["responses"] if status < "400"],
            [one["name"] for one in operation.get("parameters", ()) if one["in"] == "header"],
        )
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    }
    assert told == OPERATIONS


def test_every_problem_is_in_the_document(document: dict[str, Any]) -> None:
    kinds = document["components"]["schemas"]["Problem"]["properties"]["type"]["enum"]
    assert kinds == [f"/problems/{name}" for name in PROBLEMS]


@pytest.mark.parametrize("title", TITLES)
def test_the_document_says_of_a_title_what_storage_says(app: Flask, document: dict[str, Any], title: str) -> None:
    schema = document["components"]["schemas"]["NewEngine"]
    field = app.extensions["storage"].description(Engine).by_name["title"]
    try:
        kept = field.check(title) == title
    except ValueError:
        kept = False
    assert jsonschema_rs.is_valid(schema, {"title": title}) is kept


def test_an_engine_and_a_page_are_as_the_document_says(client: FlaskClient, document: dict[str, Any]) -> None:
    engine = client.post("/api/engines", json={"title": "Raptor", "last_fired": "2026-01-31T12:00:00Z"}).get_json()
    page = client.get("/api/engines").get_json()
    for name, found in (("Engine", engine), ("Page", page)):
        schema = {"$ref": f"#/components/schemas/{name}", "components": document["components"]}
        assert list(jsonschema_rs.iter_errors(schema, found)) == []


@pytest.mark.parametrize(
    ("config", "reading", "writing"),
    [
        ({}, False, False),
        ({"ALLOW_ANONYMOUS_READS": True}, True, False),
        ({"ALLOW_ANONYMOUS_WRITES": True}, True, True),
    ],
)
def test_the_document_says_where_a_token_is_needed(
    make_app: MakeApp, config: dict[str, bool], reading: bool, writing: bool
) -> None:
    document = make_app(**CLOSED | config).test_client().get("/openapi.json").get_json()
    methods = document["paths"]["/api/engines"]
    assert [{} in methods[method]["security"] for method in ("get", "post")] == [reading, writing]


def test_the_page_shows_every_operation_and_every_problem(client: FlaskClient, document: dict[str, Any]) -> None:
    text = client.get("/docs").text
    for path, methods in document["paths"].items():
        assert all(f"<code>{method.upper()} {path}</code>" in text for method in methods)
    assert all(f'href="/problems/{name}"' in text for name in PROBLEMS)


def test_the_page_loads_nothing_from_elsewhere_and_runs_nothing(client: FlaskClient) -> None:
    text = client.get("/docs").text
    assert re.findall(r'(?:src|href)="(?!/|#)[^"]*"', text) == []
    assert not re.search(r"<script(?! src=)| style=| on\w+=", text)


@pytest.mark.parametrize("name", PROBLEMS)
def test_the_type_of_a_problem_leads_to_its_page(client: FlaskClient, name: str) -> None:
    assert f"<h1>{PROBLEMS[name].title}</h1>" in client.get(PROBLEMS[name].type("")).text


def test_a_problem_that_there_is_not_is_not_found(client: FlaskClient) -> None:
    assert client.get("/problems/nothing").status_code == 404
