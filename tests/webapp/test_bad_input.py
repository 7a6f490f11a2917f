"""Bad input: always a 4xx that says what was wrong, never a 500, never a row changed, the same on every backend."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from storage import Engine
from tests.servers import KINDS
from tests.sizes import BAD_REQUESTS
from tests.webapp.bad_requests import KINDS_OF_BAD, OPERATORS, BadRequest, listing, requests, sent
from tests.webapp.conftest import MakeApp
from webapp import create_app
from webapp.api.json_body import DEEPEST, check_depth

SEED = 20260131
#: How many of each kind are sent to every database.
SAMPLE = 40


@pytest.fixture
def app(make_app: MakeApp, migrated_file: Path, tmp_path: Path) -> Flask:
    """An application on SQLite whose log is not kept for the report of a failing test: it would be long."""
    return make_app(STORAGE_URL=f"sqlite:///{shutil.copy(migrated_file, tmp_path)}", ACCESS_LOG=False)


def fill(app: Flask) -> list[Engine]:
    """Add some engines, and return all that is stored."""
    storage = app.extensions["storage"]
    storage.engines.add_many(Engine(f"Raptor {number}", number) for number in range(5))
    return rows(app)


def rows(app: Flask) -> list[Any]:
    storage = app.extensions["storage"]
    return [*storage.engines.scan(), storage.engines.last_id()]


def fault(response: Any) -> str | None:
    """Say what is wrong with the answer to a bad request; ``None`` if it is as it must be."""
    if not 400 <= response.status_code < 500:
        return f"answered {response.status_code}"
    if response.content_type != "application/problem+json" or not response.get_json()["detail"].endswith("."):
        return "does not say what was wrong"
    return None


@pytest.mark.parametrize("kind", KINDS_OF_BAD)
def test_bad_requests_by_the_thousand_are_each_refused_and_change_nothing(app: Flask, kind: str) -> None:
    before, client = fill(app), app.test_client()
    statuses: Counter[int] = Counter()
    for number, bad in enumerate(requests(kind, SEED, BAD_REQUESTS)):
        response = bad.send(client)
        assert fault(response) is None, f"seed {SEED}, number {number}: {bad}: {response.status_code} {response.text}"
        statuses[response.status_code] += 1
    assert rows(app) == before
    assert sum(statuses.values()) == BAD_REQUESTS


def test_brackets_that_are_closed_do_not_count_for_the_depth() -> None:
    check_depth("[" + "[]," * DEEPEST + "1]")
    with pytest.raises(ValueError, match=f"nests deeper than {DEEPEST} levels"):
        check_depth("[" + "[]," * DEEPEST + "[" * DEEPEST)


#: Each case as it was in another project, and here: requests, which all must be refused.
CASES: dict[str, list[BadRequest]] = {
    "CVE-2019-18818: an operator where a secret was expected": [
        sent("POST", "/api/engines", {"title": {"$gt": 0}}),
        sent("POST", "/api/engines", {"title": "x", "code": {"$gt": 0}}),
    ],
    "CVE-2021-22911: a regular expression that reads a secret letter by letter": [
        sent("PATCH", "/api/engines/1", {"title": {"$regex": "^R"}}),
        BadRequest("GET", "/api/engines", "title[$regex]=^R"),
        BadRequest("GET", "/api/engines", "q[$regex]=^R"),
    ],
    "CVE-2018-8097: code in where": [listing(where="__import__('os').system('id')"), listing(where='{"thrust": 1}')],
    "CVE-2024-53900, CVE-2025-23061: $where by a nested path": [
        BadRequest("GET", "/api/engines", "title[$where]=sleep(5)"),
        sent("PATCH", "/api/engines/1", {"title": {"a": {"$where": "sleep(5)"}}}),
        sent("PATCH", "/api/engines/1", {"title.$where": "sleep(5)"}),
    ],
    "CVE-2026-30938: a forbidden name behind a nested value": [
        sent("POST", "/api/engines", {"title": "x", "extra": {"a": 1, "__proto__": {"admin": True}}}),
        sent("POST", "/api/engines", {"title": "x", "constructor": {"prototype": {"a": 1}}}),
    ],
    "CVE-2026-31840, CVE-2019-7164: SQL through a sort or a dotted field name": [
        listing(sort=text)
        for text in ["title;DROP TABLE engine", "title->>'$.a'", "engine.title", "-1", "(SELECT 1)", "title.a'--"]
    ],
    "CVE-2026-31872: a protected field through filter or sort": [
        listing(sort="digest"), listing(sort="title_key"), listing(sort="-version"),
        listing(digest="0" * 64), listing(title_key="raptor"), listing(version=1), listing(_id=1),
    ],
    "CVE-2023-30591: an array or an object where text was expected": [
        sent("POST", "/api/engines", [{"title": "x"}]),
        sent("POST", "/api/engines", {"title": ["x"]}),
        BadRequest("GET", "/api/engines", "q[]=x&sort[]=id"),
        listing(cursor='["engine"]'),
    ],
}  # fmt: skip

Statuses = Callable[[str], list[int]]


@pytest.mark.parametrize("case", CASES)
def test_the_case_of_another_project_is_refused_here(app: Flask, case: str) -> None:
    before, client = fill(app), app.test_client()
    assert [fault(bad.send(client)) for bad in CASES[case]] == [None] * len(CASES[case])
    assert rows(app) == before


@pytest.mark.parametrize("operator", OPERATORS, ids=str)
@pytest.mark.parametrize("parameter", ["q", "title"])
def test_an_operator_in_a_search_is_text_like_any_other(client: FlaskClient, operator: object, parameter: str) -> None:
    client.post("/api/engines", json={"title": "Raptor"})
    answer = client.get("/api/engines", query_string={parameter: str(operator)})
    assert answer.get_json()["items"] == []


@pytest.fixture(scope="module")
def statuses(make_database: Callable[[str], str]) -> Statuses:
    """``statuses(kind)`` sends the sample and the cases to a fresh database of that kind, once."""
    known: dict[str, list[int]] = {}
    sample = [bad for kind in KINDS_OF_BAD for bad in requests(kind, SEED, SAMPLE)]
    sample += [bad for cases in CASES.values() for bad in cases]

    def of(kind: str) -> list[int]:
        if kind not in known:
            config = {"SECRET_KEY": "a key of the tests", "TESTING": True, "ALLOW_ANONYMOUS_WRITES": True}
            app = create_app(config | {"STORAGE_URL": make_database(kind)})
            with closing(app.extensions["storage"]) as storage:
                storage.migrations.upgrade()
                before, client = fill(app), app.test_client()
                known[kind] = [bad.send(client).status_code for bad in sample]
                assert rows(app) == before
        return known[kind]

    return of


@pytest.mark.parametrize("kind", KINDS)
def test_every_database_refuses_the_same_with_the_same_status(statuses: Statuses, kind: str) -> None:
    assert statuses(kind) == statuses(KINDS[0])
    assert {400, 404, 422} <= set(statuses(kind))
    assert all(400 <= status < 500 for status in statuses(kind))
