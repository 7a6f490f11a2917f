"""Alive, and able to serve."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient

from storage import open_storage
from tests.webapp.conftest import CLOSED_PORTS, MakeApp


def test_healthz_is_plain(client: FlaskClient) -> None:
    response = client.get("/healthz")
    assert (response.status_code, response.mimetype, response.text) == (200, "text/plain", "ok\n")


@pytest.mark.parametrize("url", CLOSED_PORTS)
def test_healthz_asks_no_database(make_app: MakeApp, url: str) -> None:
    assert make_app(STORAGE_URL=url).test_client().get("/healthz").status_code == 200


def test_readyz_says_that_nothing_was_migrated(fresh_app: Flask) -> None:
    response = fresh_app.test_client().get("/readyz")
    head = fresh_app.extensions["storage"].migrations.head()
    assert response.status_code == 503
    assert response.get_json()["ready"] is False
    assert (response.get_json()["database"], response.get_json()["code"]) == (None, head)
    assert "flask db upgrade" in response.get_json()["detail"]


def test_readyz_says_which_older_revision_the_database_has(fresh_app: Flask) -> None:
    fresh_app.extensions["storage"].migrations.upgrade("0001")
    assert fresh_app.test_client().get("/readyz").get_json()["database"] == "0001"


def test_readyz_is_200_once_the_database_is_migrated(fresh_app: Flask) -> None:
    client, migrations = fresh_app.test_client(), fresh_app.extensions["storage"].migrations
    client.get("/readyz")
    migrations.upgrade()
    response = client.get("/readyz")
    assert response.status_code == 200
    assert response.get_json() == {"ready": True, "database": migrations.head(), "code": migrations.head()}


def test_readyz_looks_again_each_time(fresh_app: Flask) -> None:
    client, migrations = fresh_app.test_client(), fresh_app.extensions["storage"].migrations
    migrations.upgrade()
    client.get("/readyz")
    migrations.downgrade("0002")
    assert client.get("/readyz").status_code == 503


def test_after_readyz_saw_the_older_revision_requests_are_refused(fresh_app: Flask) -> None:
    client, migrations = fresh_app.test_client(), fresh_app.extensions["storage"].migrations
    migrations.upgrade()
    client.get("/readyz")
    migrations.downgrade("0002")
    client.get("/readyz")
    assert client.get("/api/engines").status_code == 503


@pytest.mark.parametrize("url", CLOSED_PORTS)
def test_readyz_says_that_the_database_does_not_answer(make_app: MakeApp, url: str) -> None:
    app = make_app(STORAGE_URL=url, STORAGE_OPTIONS={"connect_timeout": 0.2})
    response = app.test_client().get("/readyz")
    assert (response.status_code, response.get_json()["ready"]) == (503, False)
    assert int(response.headers["Retry-After"]) > 0
    assert "tiger" not in response.text


def test_readyz_is_never_cached(client: FlaskClient) -> None:
    assert client.get("/readyz").headers["Cache-Control"] == "no-store"


def test_readyz_is_503_while_a_restore_is_at_work(app: Flask) -> None:
    with open_storage(app.config["STORAGE_URL"]) as restoring:
        restoring.withdraw()
        response = app.test_client().get("/readyz")
        assert (response.status_code, response.get_json()["ready"]) == (503, False)
        assert "a restore into it is under way" in response.get_json()["detail"]
        assert int(response.headers["Retry-After"]) > 0
        restoring.reinstate()
    assert app.test_client().get("/readyz").status_code == 200
