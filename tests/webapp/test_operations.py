"""Alive, and able to serve."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, cast

import pytest
from flask import Flask
from flask.testing import FlaskClient

from storage import Call, ReadOnly, Storage, Unavailable, open_storage
from tests.proxy import Fault, Proxy, SilentHost
from tests.running import RunningServers
from tests.servers import PrivateServer
from tests.webapp.conftest import CLOSED_PORTS, MakeApp
from tests.webapp.people import CLOSED, sign_in
from webapp.ops.probe import FREE, Probe


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


def test_after_readyz_failed_the_next_request_looks_at_the_schema(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("storage.flask.NOTICED_WITHIN", math.inf)
    client = app.test_client()
    before = client.get("/api/engines").status_code
    with open_storage(app.config["STORAGE_URL"]) as other:
        other.withdraw()
        client.get("/readyz")
        assert (before, client.get("/api/engines").status_code) == (200, 503)


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


SILENT = ["postgresql://scott:tiger@127.0.0.1:{}/x", "mariadb://scott:tiger@127.0.0.1:{}/x", "mongodb://127.0.0.1:{}/x"]
#: Longer than the check of the database takes at most; MongoDB's driver waits to the end, even for a closed port.
PATIENT = {"connect_timeout": 10, "timeout": 60}


@pytest.fixture
def silent_host() -> Iterator[SilentHost]:
    host = SilentHost()
    yield host
    host.close()


@pytest.mark.parametrize("url", SILENT, ids=["postgresql", "mariadb", "mongodb"])
def test_readyz_does_not_wait_as_long_as_a_request_does(make_app: MakeApp, silent_host: SilentHost, url: str) -> None:
    app = make_app(STORAGE_URL=url.format(silent_host.port), STORAGE_OPTIONS=PATIENT)
    with ThreadPoolExecutor() as threads:
        request = threads.submit(app.test_client().get, "/api/engines")
        response = app.test_client().get("/readyz")
        waits = not request.done()
        silent_host.close()
    assert (response.status_code, response.get_json()["ready"]) == (503, False)
    assert waits
    # By its own timeouts: it does not go on behind the answer.
    assert app.extensions["probe"].latest.finished.is_set()
    assert request.result().status_code == 503


@pytest.mark.parametrize("kind", ["postgresql", "mariadb", "mongodb"])
def test_readyz_notices_a_database_that_falls_silent(
    make_app: MakeApp, servers: RunningServers[PrivateServer], kind: str
) -> None:
    server = servers[kind]
    url = server.over_tcp(server.new_database())
    with Proxy(server.port) as proxy:
        app = make_app(STORAGE_URL=url.replace(str(server.port), str(proxy.port)), STORAGE_OPTIONS=PATIENT)
        app.extensions["storage"].migrations.upgrade()
        client = app.test_client()
        before = client.get("/readyz").status_code
        proxy.plan(Fault.SILENT)
        silent = client.get("/readyz").status_code
        proxy.cut()
        proxy.forget()
        assert (before, silent, client.get("/readyz").status_code) == (200, 503, 200)


def test_readyz_is_503_while_the_disk_is_full(
    app: Flask, file_size_limit: Callable[[int], AbstractContextManager[None]]
) -> None:
    client = app.test_client()
    client.get("/readyz")
    with file_size_limit(FREE // 2):
        response = client.get("/readyz")
    assert response.status_code == 503
    assert response.get_json()["detail"] == "the file system of the database takes no writes: File too large"
    assert client.get("/readyz").status_code == 200


def test_the_check_of_the_disk_leaves_no_file(app: Flask, tmp_path: Path) -> None:
    before = set(tmp_path.rglob("*"))
    app.test_client().get("/readyz")
    assert set(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_health_checks_look_at_no_credentials(make_app: MakeApp, app: Flask, path: str) -> None:
    closed = make_app(STORAGE_URL=app.config["STORAGE_URL"], **CLOSED)
    calls: list[Call] = []
    client = closed.test_client()
    sign_in(client)
    closed.extensions["storage"].observe(calls.append)
    client.get(path)
    client.get(path, headers={"Authorization": f"Bearer er_1_{'x' * 43}"})
    assert calls == []


class Gate:
    """A storage whose ``ping`` waits at a gate."""

    def __init__(self) -> None:
        self.opened = threading.Event()
        self.entered = threading.Semaphore(0)
        self.pings = 0

    def ping(self) -> None:
        self.pings += 1
        self.entered.release()
        self.opened.wait()

    def check_schema(self) -> None:
        pass

    def close(self) -> None:
        pass


class TestProbe:
    """The check of the database behind /readyz, whatever hangs."""

    @pytest.fixture
    def gate(self) -> Iterator[Gate]:
        gate = Gate()
        yield gate
        gate.opened.set()

    @pytest.fixture
    def probe(self, gate: Gate) -> Probe:
        return Probe(cast(Storage, gate), None)

    def test_a_check_that_hangs_is_given_up(self, probe: Probe) -> None:
        with pytest.raises(Unavailable, match="the database has not answered within 0 seconds"):
            probe.check(within=0)

    def test_while_a_check_hangs_no_other_is_begun(self, probe: Probe, gate: Gate) -> None:
        for _ in range(5):
            with pytest.raises(Unavailable):
                probe.check(within=0)
        gate.opened.set()
        probe.check()
        assert gate.pings == 1

    def test_after_a_check_the_next_one_looks_again(self, probe: Probe, gate: Gate) -> None:
        gate.opened.set()
        probe.check()
        probe.check()
        assert gate.pings == 2

    def test_the_error_of_a_check_reaches_every_waiter(self, probe: Probe, gate: Gate) -> None:
        def fail() -> None:
            raise ReadOnly("the file system of the database takes no writes")

        cast(Any, gate).check_schema = fail
        with ThreadPoolExecutor() as threads:
            waiting = [threads.submit(probe.check) for _ in range(3)]
            gate.entered.acquire()
            gate.opened.set()
            errors = [type(one.exception()) for one in waiting]
        assert errors == [ReadOnly] * 3

    def test_a_check_of_the_parent_process_is_not_waited_for(self, probe: Probe, gate: Gate) -> None:
        with pytest.raises(Unavailable):
            probe.check(within=0)
        assert probe.latest is not None
        probe.latest.process += 1  # as after a fork
        gate.opened.set()
        probe.check()
        assert gate.pings == 2
