"""A request whose COMMIT was not answered, sent again with the same ``Idempotency-Key``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from storage import Filter, Storage
from tests.bad_days.lines import url_through
from tests.proxy import Fault, Proxy
from webapp import create_app

#: What ends the unit that adds the engine and keeps the key.
COMMITS = (b"COMMIT", b"commitTransaction")


@pytest.fixture
def client(
    database: str, proxy: Proxy, quick_monitor: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[FlaskClient]:
    """A client of an application whose connections lead through the proxy, and stand already."""
    monkeypatch.setenv("FLASK_INSTANCE_PATH", str(tmp_path))
    config = {"SECRET_KEY": "a key of the tests", "ALLOW_ANONYMOUS_WRITES": True, "TESTING": True}
    app = create_app(config | {"STORAGE_URL": url_through(proxy, database)})
    client = app.test_client()
    create(client, "Warm", "a key that was never lost")
    yield client
    app.extensions["storage"].close()


def create(client: FlaskClient, title: str, key: str) -> Any:
    return client.post("/api/engines", json={"title": title}, headers={"Idempotency-Key": key.replace(" ", "-")})


def test_a_lost_answer_and_the_same_key_again_make_one_engine(
    kind: str, storage: Storage, proxy: Proxy, client: FlaskClient
) -> None:
    """Promise 3: PyMongo asks again by itself, under a number by which the server knows the transaction."""
    proxy.plan(Fault.CUT_AFTER, matching=lambda message: any(verb in message for verb in COMMITS))
    lost = create(client, f"Lost on {kind}", "a key")
    assert proxy.happened
    if kind != "mongodb":
        assert (lost.status_code, lost.get_json()["type"]) == (503, "/problems/unknown-outcome")
        assert "Retry-After" not in lost.headers
    assert create(client, f"Lost on {kind}", "a key").status_code == 201
    assert storage.engines.count(Filter("title", "eq", f"Lost on {kind}")) == 1
