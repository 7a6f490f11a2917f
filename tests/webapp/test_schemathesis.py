"""What the document promises is held against the application, by schemathesis with every check it has."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import pytest
import schemathesis
from flask import Flask
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import events, from_schema
from schemathesis.openapi import from_url, from_wsgi
from schemathesis.schemas import BaseSchema

from tests.serving import served
from tests.webapp.conftest import MakeApp
from tests.webapp.people import CLOSED, token
from webapp.api.idempotency import HEADER
from webapp.api.preconditions import CONDITION, CONDITIONS

SEED = 20260131
PHASES = {"coverage", "fuzzing", "stateful"}

#: A precondition that is well written may well not hold; the rest is the tool's own default, without 409 and 5xx.
ACCEPTED = ["2xx", "304", "404", "412"]
CONFIG = {
    "seed": SEED,
    "generation": {"max-examples": 20, "deterministic": True, "database": "none"},
    "checks": {"positive_data_acceptance": {"expected-statuses": ACCEPTED}},
}


class Outcome:
    """How many cases ran in each phase, which checks, and what failed."""

    def __init__(self, schema: BaseSchema) -> None:
        self.cases: Counter[str] = Counter()
        self.checks: Counter[str] = Counter()
        self.failures: list[str] = []
        for event in from_schema(schema).execute():
            if isinstance(event, events.ScenarioFinished):
                self.record(event)
            elif isinstance(event, (events.NonFatalError, events.FatalError)):
                self.failures.append(repr(event))

    def record(self, event: Any) -> None:
        self.cases[event.phase.value.lower()] += len(event.recorder.cases)
        for check in (one for several in event.recorder.checks.values() for one in several):
            self.checks[check.name] += 1
            if check.failure_info is not None:
                info = check.failure_info
                self.failures.append(f"{check.name}: {info.failure.title}\n{info.failure.message}\n{info.code_sample}")


@pytest.fixture
def credentials(app: Flask) -> dict[str, str]:
    """A token with which everything may be done."""
    app.extensions["storage"].migrations.upgrade()
    return token(app)


@pytest.fixture(autouse=True)
def mended(app: Flask, credentials: dict[str, str]) -> Iterator[None]:
    """Valid cases are mended where the application alone knows what is valid."""
    numbers = count()

    def before_call(context: Any, case: Any, kwargs: Any) -> None:
        if not case.meta.generation.mode.is_positive:
            return
        if HEADER in (case.headers or {}):
            # Each request is a new one: with the key of another it would rightly be refused.
            case.headers[HEADER] = f"key-{next(numbers)}"
        for name in CONDITIONS:
            # The tool takes these headers' schema for its own idea of them, and where both differ it sends "0".
            if not re.fullmatch(CONDITION, (case.headers or {}).get(name, "*")):
                del case.headers[name]
        if "cursor" in (case.query or {}):
            case.query["cursor"] = cursor_of(app, dict(case.query), credentials)
            if case.query["cursor"] is None:
                del case.query["cursor"]

    schemathesis.hook(before_call)
    yield
    schemathesis.hooks.unregister(before_call)


def cursor_of(app: Flask, query: dict[str, Any], credentials: dict[str, str]) -> str | None:
    """Return a cursor that belongs to a query, if its first page is not the last."""
    del query["cursor"]
    asked = {name: str(value).lower() if isinstance(value, bool) else value for name, value in query.items()}
    page = app.test_client().get("/api/engines", query_string=asked | {"limit": 1}, headers=credentials)
    return page.get_json().get("next")


def check(outcome: Outcome, checks: set[str], where: str) -> None:
    """Check that nothing failed, that every phase had its cases, and that each check was made."""
    print(f"\nschemathesis {where}: {outcome.cases.total()} cases, {dict(outcome.cases)}, seed {SEED}")  # noqa: T201
    assert outcome.failures == []
    assert {phase for phase in PHASES if outcome.cases[phase] > 20} == PHASES
    assert set(outcome.checks) == checks


class TestOpen:
    """An application that lets everybody write."""

    @pytest.fixture(params=["sqlite", "mongodb"])
    def app(self, make_app: MakeApp, make_database: Callable[[str], str], request: pytest.FixtureRequest) -> Flask:
        """The application on a database of each kind."""
        return make_app(STORAGE_URL=make_database(request.param))

    def test_it_does_what_its_document_says(self, app: Flask, capsys: pytest.CaptureFixture[str]) -> None:
        outcome = Outcome(from_wsgi("/openapi.json", app, config=SchemathesisConfig.from_dict(CONFIG)))
        with capsys.disabled():
            # There is nothing to sign in for.
            check(outcome, every_check() - {"ignored_auth"}, f"on {app.extensions['storage'].backend}")


class TestClosed:
    """An application that wants a token."""

    @pytest.fixture
    def app(self, make_app: MakeApp, make_database: Callable[[str], str]) -> Flask:
        """The application."""
        return make_app(**CLOSED, STORAGE_URL=make_database("sqlite"))

    @pytest.fixture
    def address(self, app: Flask) -> Iterator[str]:
        """Where it is served: in process, the tool cannot send its requests without a token."""
        with served(app) as address:
            yield address

    def test_it_does_what_its_document_says(
        self, address: str, credentials: dict[str, str], capsys: pytest.CaptureFixture[str]
    ) -> None:
        config = SchemathesisConfig.from_dict(CONFIG | {"headers": credentials})
        outcome = Outcome(from_url(f"{address}/openapi.json", config=config))
        with capsys.disabled():
            check(outcome, every_check(), "over HTTP, with a token")


def every_check() -> set[str]:
    return set(schemathesis.checks.CHECKS.get_all_names())
