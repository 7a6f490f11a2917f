"""The page ``/status``, also of an application whose database fails."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from html import unescape
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from storage import Engine
from storage.transfer.records import BACKUP, note_backup, note_verification
from tests.webapp.conftest import CLOSED_PORTS, MakeApp
from tests.webapp.people import CLOSED, sign_in
from webapp.ops.probe import FREE
from webapp.ops.status import COUNTING, counted, current_status

OPERATIONS = "the-token-of-the-tests-0123456789"
SENT = {"Authorization": f"Bearer {OPERATIONS}"}


def shown(client: FlaskClient) -> str:
    """The text of the page, without its tags' whitespace."""
    response = client.get("/status")
    assert response.status_code == 200
    return unescape(response.text)


def test_it_says_which_database_serves_and_how_many_rows_it_has(fresh_app: Flask) -> None:
    storage = fresh_app.extensions["storage"]
    storage.migrations.upgrade()
    storage.engines.add_many([Engine("Raptor")] * 3)
    text = shown(fresh_app.test_client())
    assert f"<td>{storage.backend}</td>" in text
    assert storage.server_version() in text
    assert f"{storage.migrations.head()}, wanted is {storage.migrations.head()}" in text
    assert '<th scope="row">engine</th><td>3</td>' in text
    assert '<th scope="row">api_token</th><td>0</td>' in text
    assert "The database answers" in text


def test_it_says_which_revision_is_there_and_what_to_run(make_app: MakeApp) -> None:
    app = make_app()
    app.extensions["storage"].migrations.upgrade("0002")
    text = shown(app.test_client())
    assert "0002, wanted is" in text
    assert "flask db upgrade" in text


@pytest.mark.parametrize("url", CLOSED_PORTS)
def test_it_is_shown_when_the_database_is_down(make_app: MakeApp, url: str) -> None:
    text = shown(make_app(STORAGE_URL=url, STORAGE_OPTIONS={"connect_timeout": 0.1}).test_client())
    assert "The database does not answer as it should" in text
    assert "no answer" in text
    assert "tiger" not in text


def test_a_database_that_is_down_is_asked_once(make_app: MakeApp) -> None:
    app = make_app(STORAGE_URL=CLOSED_PORTS[1])
    with app.app_context():
        status = current_status()
    assert (status.server, status.found_revision, status.counts) == (None, None, {})


def test_a_count_that_took_too_long_is_the_last() -> None:
    moments = iter([0.0, 0.0, COUNTING])
    assert counted({"engine": lambda: 7, "tank": lambda: 8}, lambda: next(moments)) == {"engine": 7, "tank": None}


def test_it_shows_the_pool(make_app: MakeApp, app: Flask) -> None:
    pooled = make_app(STORAGE_URL=app.config["STORAGE_URL"], STORAGE_OPTIONS={"pool_size": 3})
    with pooled.extensions["storage"].transaction():
        assert "1 of 3 in use" in shown(pooled.test_client())


def test_it_shows_release_and_uptime(app: Flask) -> None:
    with app.app_context():
        status = current_status()
    assert re.search(rf"Engine Room {re.escape(status.version)}, up for \d+:\d\d:\d\d\.", shown(app.test_client()))


def test_without_a_backup_it_says_where_to_read_how(client: FlaskClient) -> None:
    assert "No backup yet: <code>docs/backup.md</code>" in shown(client)


def test_it_shows_the_last_backup_and_the_last_verification(app: Flask, tmp_path: Path) -> None:
    run = app.test_cli_runner().invoke
    run(args=["db", "upgrade"])
    file, scratch = str(tmp_path / "night.backup"), f"sqlite:///{tmp_path}/scratch.db"
    assert run(args=["storage", "backup", file]).exit_code == 0
    assert run(args=["storage", "copy", scratch, "--upgrade"]).exit_code == 0
    assert run(args=["storage", "verify", scratch]).exit_code == 0
    page = shown(app.test_client())
    assert re.search(rf"Last backup: <time .* UTC</time>, 0 rows, into <code>{re.escape(file)}</code>", page)
    assert re.search(r"Last verification: <time .* UTC</time>, 0 rows, with <code>sqlite:.*, no difference", page)


@pytest.mark.parametrize("name", [b"caf\xe9.backup", b"line\nline", b"\x1b[2J", "\u202eabc".encode(), b"<b>&amp;"])
def test_whatever_a_file_system_calls_a_file_can_be_shown(app: Flask, client: FlaskClient, name: bytes) -> None:
    note_backup(Path(app.instance_path), os.fsdecode(b"/srv/" + name), 1)
    note_verification(Path(app.instance_path), os.fsdecode(b"/srv/" + name), 1, well=True)
    response = client.get("/status")
    assert (response.status_code, "Last backup" in response.text, "Last verification" in response.text) == (
        200, True, True,
    )  # fmt: skip
    if name == b"caf\xe9.backup":
        assert "/srv/caf\\xe9.backup" in response.text


def test_a_note_of_an_earlier_release_can_be_shown_too(app: Flask, client: FlaskClient) -> None:
    note_backup(Path(app.instance_path), "/srv/cafe.backup", 1)
    file = Path(app.instance_path) / BACKUP
    file.write_text(file.read_text().replace("cafe", r"caf\udce9"))
    assert "/srv/caf\\xe9.backup" in client.get("/status").text


def test_it_says_that_the_disk_is_full(
    app: Flask, file_size_limit: Callable[[int], AbstractContextManager[None]]
) -> None:
    client = app.test_client()
    client.get("/status")
    with file_size_limit(FREE // 2):
        text = shown(client)
    assert "Degraded. the file system of the database takes no writes" in re.sub(r"<[^>]+>", "", text)
    assert '<th scope="row">engine</th><td>0</td>' in text


def test_it_is_never_cached(client: FlaskClient) -> None:
    assert client.get("/status").headers["Cache-Control"] == "no-store"


class TestWhoSeesIt:
    """Those who operate the application, also while the database that knows them is down."""

    def test_anonymous_reads_do_not_open_it(self, closed_app: Flask) -> None:
        closed_app.config["ALLOW_ANONYMOUS_READS"] = True
        response = closed_app.test_client().get("/status")
        assert (response.status_code, response.location) == (303, "/login?next=/status")

    def test_a_reader_is_refused_and_sees_no_link_to_it(self, closed_app: Flask) -> None:
        client = closed_app.test_client()
        sign_in(client, "reader")
        assert client.get("/status").status_code == 403
        assert 'href="/status"' not in client.get("/").text

    def test_a_writer_sees_it_and_a_link_to_it(self, closed_app: Flask) -> None:
        client = closed_app.test_client()
        sign_in(client, "writer")
        assert "The database answers" in shown(client)
        assert 'href="/status"' in client.get("/").text

    def test_whoever_sends_the_operations_token_sees_it(self, make_app: MakeApp, closed_app: Flask) -> None:
        app = make_app(STORAGE_URL=closed_app.config["STORAGE_URL"], **CLOSED, OPERATIONS_TOKEN=OPERATIONS)
        assert app.test_client().get("/status", headers=SENT).status_code == 200

    @pytest.mark.parametrize("url", CLOSED_PORTS)
    def test_the_operations_token_shows_it_while_the_database_is_down(self, make_app: MakeApp, url: str) -> None:
        quick = {"STORAGE_OPTIONS": {"connect_timeout": 0.2}}
        app = make_app(STORAGE_URL=url, **CLOSED, **quick, OPERATIONS_TOKEN=OPERATIONS)
        response = app.test_client().get("/status", headers=SENT)
        assert (response.status_code, "The database does not answer as it should" in response.text) == (200, True)

    @pytest.mark.parametrize("path", ["/status", "/metrics"])
    @pytest.mark.parametrize("url", CLOSED_PORTS)
    def test_without_a_database_other_callers_learn_the_reason(self, make_app: MakeApp, url: str, path: str) -> None:
        app = make_app(STORAGE_URL=url, **CLOSED, STORAGE_OPTIONS={"connect_timeout": 0.2})
        bearer = {"Authorization": f"Bearer er_1_{'x' * 43}"}
        response = app.test_client().get(path, headers=bearer)
        assert (response.status_code, "OPERATIONS_TOKEN" in response.text) == (503, True)
        assert int(response.headers["Retry-After"]) > 0
        assert "Engine Room 0" not in response.text

    @pytest.mark.parametrize("sent", [OPERATIONS[:-1], OPERATIONS + "x", "", "ä" * 32])
    def test_another_token_is_refused(self, make_app: MakeApp, closed_app: Flask, sent: str) -> None:
        app = make_app(STORAGE_URL=closed_app.config["STORAGE_URL"], **CLOSED, OPERATIONS_TOKEN=OPERATIONS)
        bearer = {"Authorization": f"Bearer {sent}".encode().decode("latin-1")}
        assert app.test_client().get("/status", headers=bearer).status_code == 401

    @pytest.mark.parametrize("path", ["/api/engines", "/engines", "/"])
    def test_the_operations_token_opens_nothing_else(self, make_app: MakeApp, closed_app: Flask, path: str) -> None:
        app = make_app(STORAGE_URL=closed_app.config["STORAGE_URL"], **CLOSED, OPERATIONS_TOKEN=OPERATIONS)
        assert app.test_client().get(path, headers=SENT).status_code == 401

    def test_without_a_configured_token_none_is_accepted(self, closed_app: Flask) -> None:
        assert closed_app.test_client().get("/status", headers={"Authorization": "Bearer None"}).status_code == 401
