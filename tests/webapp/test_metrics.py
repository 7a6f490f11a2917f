"""The figures for Prometheus: what is counted, by which labels, and who may see it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families

from tests.webapp.conftest import CLOSED_PORTS, MakeApp
from tests.webapp.people import CLOSED, sign_in
from tests.webapp.workers import served_by_workers


def figures(text: str) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """Every figure by its name and labels."""
    found = {}
    for family in text_string_to_metric_families(text):
        found |= {(sample.name, frozenset(sample.labels.items())): sample.value for sample in family.samples}
    return found


def figure(text: str, name: str, **labels: str) -> float | None:
    """One figure, ``None`` if it is not there."""
    return figures(text).get((f"engine_room_{name}", frozenset(labels.items())))


def scraped(client: FlaskClient) -> str:
    return client.get("/metrics").text


def test_requests_are_counted_by_method_route_and_status(client: FlaskClient) -> None:
    client.get("/api/engines/1")
    client.get("/api/engines/2")
    route = "/api/engines/<id:id>"
    assert figure(scraped(client), "requests_total", method="GET", route=route, status="404") == 2


def test_the_time_of_a_request_is_measured(client: FlaskClient) -> None:
    client.get("/healthz")
    text = scraped(client)
    assert figure(text, "request_seconds_count", method="GET", route="/healthz") == 1
    assert (figure(text, "request_seconds_sum", method="GET", route="/healthz") or 0) > 0


def test_whatever_was_not_found_is_one_route(client: FlaskClient) -> None:
    for number in range(10):
        client.get(f"/nothing/{number}")
    assert figure(scraped(client), "requests_total", method="GET", route="unmatched", status="404") == 10


def test_methods_that_nobody_knows_are_one_method(client: FlaskClient) -> None:
    before = len(figures(scraped(client)))
    for number in range(10):
        client.open("/nothing", method=f"METHOD{number}")
    text = scraped(client)
    assert figure(text, "requests_total", method="other", route="unmatched", status="404") == 10
    assert "METHOD" not in text
    assert len(figures(text)) < before + 100


def test_calls_of_the_storage_are_counted_by_operation_and_outcome(client: FlaskClient) -> None:
    client.get("/api/engines/1")
    client.post("/api/engines", json={"title": "Raptor"})
    text = scraped(client)
    labels = {"backend": "sqlite", "entity": "engine"}
    assert figure(text, "storage_calls_total", **labels, operation="get", outcome="NotFound") == 1
    assert figure(text, "storage_calls_total", **labels, operation="add", outcome="ok") == 1
    assert figure(text, "storage_seconds_count", **labels, operation="get") == 1


def test_what_is_no_error_of_the_storage_has_one_outcome(app: Flask) -> None:
    app.extensions["storage"].observation.tell("engine", "get", 0.1, KeyboardInterrupt)
    labels = {"backend": "sqlite", "entity": "engine", "operation": "get", "outcome": "other"}
    assert figure(scraped(app.test_client()), "storage_calls_total", **labels) == 1


def test_the_units_of_the_storage_are_counted_too(app: Flask) -> None:
    with app.extensions["storage"].transaction():
        pass
    labels = {"backend": "sqlite", "entity": "", "operation": "commit", "outcome": "ok"}
    assert figure(scraped(app.test_client()), "storage_calls_total", **labels) == 1


def test_the_connections_that_are_lent_out_are_shown(app: Flask) -> None:
    client = app.test_client()
    with app.extensions["storage"].transaction():
        client.get("/healthz")
        assert figure(scraped(client), "connections_in_use") == 1
    client.get("/healthz")
    assert figure(scraped(client), "connections_in_use") == 0


def test_each_application_has_figures_of_its_own(make_app: MakeApp, client: FlaskClient) -> None:
    make_app().test_client().get("/healthz")
    assert figure(scraped(client), "requests_total", method="GET", route="/healthz", status="200") is None


@pytest.mark.parametrize("url", CLOSED_PORTS)
def test_the_figures_ask_no_database(make_app: MakeApp, url: str) -> None:
    assert make_app(STORAGE_URL=url).test_client().get("/metrics").status_code == 200


@pytest.mark.parametrize(("name", "status"), [("reader", 403), ("writer", 200)])
def test_writers_see_the_figures_and_readers_do_not(closed_app: Flask, name: str, status: int) -> None:
    client = closed_app.test_client()
    sign_in(client, name)
    assert client.get("/metrics").status_code == status


def test_anonymous_reads_do_not_open_the_figures(closed_app: Flask) -> None:
    closed_app.config["ALLOW_ANONYMOUS_READS"] = True
    response = closed_app.test_client().get("/metrics")
    assert (response.status_code, response.headers["WWW-Authenticate"]) == (401, 'Bearer realm="Engine Room"')


@pytest.mark.parametrize("url", CLOSED_PORTS)
@pytest.mark.parametrize("way", [{"OPERATIONS_TOKEN": "x" * 32}, {"METRICS_PUBLIC": True}])
def test_the_figures_are_shown_while_the_database_is_down(make_app: MakeApp, url: str, way: dict[str, Any]) -> None:
    app = make_app(STORAGE_URL=url, **CLOSED, **way)
    response = app.test_client().get("/metrics", headers={"Authorization": f"Bearer {'x' * 32}"})
    assert (response.status_code, "engine_room_requests" in response.text) == (200, True)


def test_the_figures_can_be_made_public(make_app: MakeApp, closed_app: Flask) -> None:
    app = make_app(STORAGE_URL=closed_app.config["STORAGE_URL"], **CLOSED, METRICS_PUBLIC=True)
    assert app.test_client().get("/metrics").status_code == 200


@pytest.mark.parametrize(
    ("accepted", "answered"),
    [("text/plain", "text/plain"), ("application/openmetrics-text; version=1.0.0", "application/openmetrics-text")],
)
def test_the_format_is_the_one_that_is_asked_for(client: FlaskClient, accepted: str, answered: str) -> None:
    assert client.get("/metrics", headers={"Accept": accepted}).mimetype == answered


MEETING = """
import multiprocessing
from webapp import create_app
from webapp.auth.access import needs
app = create_app()
app.extensions["storage"].migrations.upgrade()
both = multiprocessing.Barrier(2)

@app.get("/both")
@needs(None)
def meet():
    both.wait(60)
    app.extensions["storage"].engines.count()
    return ""
"""


def test_each_of_two_workers_shows_the_figures_of_both(tmp_path: Path) -> None:
    two = ["--workers", "2", "--worker-class", "sync", "--threads", "1"]
    with served_by_workers(tmp_path, MEETING, *two, TMPDIR=str(tmp_path)) as workers:
        for sent in [workers.get_meanwhile("/both") for _ in range(2)]:
            sent.result(60)
        text = workers.get("/metrics")
        assert len(list(tmp_path.glob("engine-room-metrics-*/counter_*.db"))) >= 2
    assert figure(text, "requests_total", method="GET", route="/both", status="200") == 2
    labels = {"backend": "sqlite", "entity": "engine", "operation": "count", "outcome": "ok"}
    assert figure(text, "storage_calls_total", **labels) == 2
    assert figure(text, "connections_in_use") == 0
    assert list(tmp_path.glob("engine-room-metrics-*")) == []
