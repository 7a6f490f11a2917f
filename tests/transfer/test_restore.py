"""A restore ends with what the backup holds, verified, and nobody is served before."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from storage import Engine, IdempotencyKey, Invalid, SchemaOutOfDate, SignIn, Storage, open_storage
from storage.migrations import WITHDRAWN
from storage.transfer import Progress, Restoration, restore, restoring
from storage.transfer.progress import Silence
from tests.servers import KINDS
from tests.transfer.conftest import MakeStorage
from tests.transfer.everything import backup, open_backup, verify
from tests.transfer.planting import run_on_sql
from tests.transfer.samples import NOON, all_rows, engines, fill_with_limits
from webapp import create_app


class Stopped(Exception):
    """The restore is cut short here."""


class StoppedBefore(Silence):
    """Cuts a restore short when a part of it begins."""

    def __init__(self, part: str) -> None:
        self.part = part

    def begin(self, what: str, total: int) -> None:
        if what == self.part:
            raise Stopped


def restored(
    source: Storage, destination: Storage, progress: Progress | None = None, *, replace: bool = False
) -> Restoration:
    """Back up one storage and restore it into another."""
    file = io.BytesIO()
    backup(source, file)
    with open_backup(io.BytesIO(file.getvalue()), destination) as opened:
        return restore(opened, destination, replace=replace, progress=progress, notice=0)


@pytest.mark.parametrize("kind", KINDS)
def test_a_restored_database_holds_all_of_it_and_serves(kind: str, source: Storage, make_storage: MakeStorage) -> None:
    fill_with_limits(source)
    destination = make_storage(kind)
    assert restored(source, destination).verification.differing() == 0
    assert all_rows(destination) == all_rows(source)
    assert verify(source, destination).differing() == 0
    assert destination.migrations.current() == destination.migrations.head()


def test_a_destination_that_has_rows_is_refused(source: Storage, destination: Storage) -> None:
    destination.engines.add(Engine("Raptor"))
    with pytest.raises(Invalid, match=r"has rows \(1 of engine\): restore into an empty one, or --replace"):
        restored(source, destination)
    assert [engine.title for engine in destination.engines.scan()] == ["Raptor"]
    assert destination.migrations.current() != WITHDRAWN


def test_with_replace_its_rows_go_and_transient_rows_with_them(source: Storage, destination: Storage) -> None:
    source.engines.put_many(engines(3))
    destination.engines.put_many([Engine("newer", id=2, version=9), Engine("further", id=7, version=1)])
    destination.repository(SignIn).add(SignIn("ada", "a" * 64, NOON, NOON))
    destination.repository(IdempotencyKey).add(IdempotencyKey("a" * 64, "b" * 64, NOON, "{}"))
    restored(source, destination, replace=True)
    assert list(destination.engines.scan()) == engines(3)
    assert destination.engines.last_id() == 7
    assert destination.repository(SignIn).count() == destination.repository(IdempotencyKey).count() == 0


def test_what_an_application_writes_before_it_notices_is_not_lost(
    source: Storage, make_url: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    source.engines.put_many(engines(2))
    url = make_url()
    with open_storage(url) as destination, open_storage(url) as application:
        assert application.engines.count() == 0
        monkeypatch.setattr("storage.transfer.restoring.sleep", lambda _: application.engines.add(Engine("Raptor")))
        with pytest.raises(Invalid, match=r"has rows \(1 of engine\): restore into an empty one, or --replace"):
            restored(source, destination)
        assert destination.migrations.current() == destination.migrations.head()
        assert [engine.title for engine in destination.engines.scan()] == ["Raptor"]


def test_of_two_restores_that_begin_at_once_one_is_refused(
    source: Storage, make_url: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    url = make_url()
    with open_storage(url) as destination, open_storage(url) as other:
        refuse = restoring.refuse_rows

        def refuse_and_be_overtaken(*given: Any) -> None:
            refuse(*given)
            other.withdraw()

        monkeypatch.setattr(restoring, "refuse_rows", refuse_and_be_overtaken)
        with pytest.raises(Invalid, match=r"another restore of .* has just begun: run one at a time"):
            restored(source, destination)
        assert destination.migrations.current() == WITHDRAWN


def test_transient_rows_that_cannot_be_read_go_as_well(source: Storage, destination: Storage) -> None:
    for username in ("ada", "grace", "jean"):
        destination.repository(SignIn).add(SignIn(username, username[0] * 64, NOON, NOON))
    run_on_sql(destination, "UPDATE sign_in SET expires = 'tomorrow' WHERE id < 3")
    assert restored(source, destination).verification.differing() == 0
    assert destination.repository(SignIn).count() == 0


class ReinstatedAt(Silence):
    """Has another restore end at a moment of this one."""

    def __init__(self, moment: str, other: Storage) -> None:
        self.moment = moment
        self.other = other

    def at(self, moment: str) -> None:
        if moment == self.moment:
            self.other.reinstate()

    def begin(self, what: str, total: int) -> None:
        self.what = what
        self.at(f"begin {what}")

    def end(self) -> None:
        self.at(f"end {self.what}")


@pytest.mark.parametrize(
    ("moment", "written"),
    [
        ("notice", 0),
        ("begin copying engine", 0),
        ("begin copying api_token", 2),
        ("end copying api_token", 2),
        ("end verifying api_token", 2),
    ],
)
def test_a_restore_goes_no_further_in_a_database_that_another_puts_into_service(
    source: Storage, make_url: Callable[..., str], monkeypatch: pytest.MonkeyPatch, moment: str, written: int
) -> None:
    source.engines.put_many(engines(2))
    url = make_url()
    with open_storage(url) as destination, open_storage(url) as other:
        other.repository(SignIn).add(SignIn("ada", "a" * 64, NOON, NOON))
        other.withdraw()
        progress = ReinstatedAt(moment, other)
        monkeypatch.setattr("storage.transfer.restoring.sleep", lambda _: progress.at("notice"))
        with pytest.raises(Invalid, match="was put into service by somebody else"):
            restored(source, destination, progress)
        assert other.engines.count() == written
        assert other.repository(SignIn).count() == (moment == "notice")


PARTS = ["copying engine", "copying api_token", "verifying engine"]


@pytest.mark.parametrize("part", PARTS)
def test_a_restore_that_was_cut_short_is_not_served_and_can_be_run_again(
    source: Storage, make_url: Callable[..., str], part: str
) -> None:
    fill_with_limits(source)
    url = make_url()
    with pytest.raises(Stopped), open_storage(url) as destination:
        restored(source, destination, StoppedBefore(part))
    with open_storage(url) as destination:
        with pytest.raises(SchemaOutOfDate, match="a restore into it is under way, or was cut short"):
            destination.engines.count()
        # It has rows by now, and they are the restore's own.
        assert restored(source, destination).verification.differing() == 0
        assert all_rows(destination) == all_rows(source)


def test_another_backup_may_end_what_one_has_begun(
    source: Storage, make_storage: MakeStorage, destination: Storage
) -> None:
    other = make_storage()
    source.engines.put_many(engines(5))
    other.engines.put_many(engines(2, first=3))
    with pytest.raises(Stopped):
        restored(source, destination, StoppedBefore("copying api_token"))
    restored(other, destination)
    assert list(destination.engines.scan()) == engines(2, first=3)


def test_what_does_not_verify_is_not_served(source: Storage, destination: Storage) -> None:
    source.engines.put_many(engines(2))

    class Meddling(Silence):
        def begin(self, what: str, total: int) -> None:
            if what == "verifying engine":
                destination.engines.update(2, {"thrust": 9})

    done = restored(source, destination, Meddling())
    assert done.verification.differing() == 1
    assert destination.migrations.current() == WITHDRAWN


@pytest.fixture
def app(make_url: Callable[..., str], monkeypatch: pytest.MonkeyPatch) -> Flask:
    """An application that looks at its database again at every request, and not once a second."""
    monkeypatch.setattr("storage.flask.NOTICED_WITHIN", 0)
    return create_app({"STORAGE_URL": make_url(), "SECRET_KEY": "a key of the tests", "ALLOW_ANONYMOUS_WRITES": True})


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """Its client."""
    return app.test_client()


def test_an_application_that_runs_refuses_every_request_until_the_restore_has_ended(
    source: Storage, app: Flask, client: FlaskClient
) -> None:
    source.engines.put_many(engines(2))
    assert client.get("/api/engines").status_code == 200
    with open_storage(app.config["STORAGE_URL"]) as destination:
        with pytest.raises(Stopped):
            restored(source, destination, StoppedBefore("verifying engine"))
        assert [client.get(path).status_code for path in ("/api/engines", "/api/engines/1", "/readyz")] == [503] * 3
        assert client.post("/api/engines", json={"title": "Raptor"}).status_code == 503
        assert "a restore into it is under way" in client.get("/readyz").get_json()["detail"]
        assert client.get("/healthz").status_code == 200
        restored(source, destination)
    assert [client.get(path).status_code for path in ("/api/engines/1", "/readyz")] == [200] * 2


def test_no_command_migrates_a_database_that_is_being_restored(source: Storage, app: Flask) -> None:
    with open_storage(app.config["STORAGE_URL"]) as destination, pytest.raises(Stopped):
        restored(source, destination, StoppedBefore("copying engine"))
    result = app.test_cli_runner().invoke(args=["db", "upgrade"])
    assert (result.exit_code, "a restore into it is under way" in result.stderr) == (1, True)


def test_who_does_not_look_again_goes_on_as_before(source: Storage, app: Flask, client: FlaskClient) -> None:
    """14.5 Which is why a restore waits for as long as applications may take to look."""
    with open_storage(app.config["STORAGE_URL"]) as other:
        other.engines.count()
        app.extensions["storage"].withdraw()
        assert other.engines.count() == 0
