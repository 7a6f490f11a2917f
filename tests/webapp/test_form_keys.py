"""A form that is sent twice is done once: double clicks, reloads, and answers that were lost."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from storage import Engine, IdempotencyKey, Storage, Unavailable
from tests.servers import MongoDB
from tests.webapp.conftest import MakeApp
from tests.webapp.people import form_token
from tests.webapp.test_pages import form


@pytest.fixture(scope="module")
def lonely() -> Iterator[MongoDB]:
    """A server that is in no replica set, and so has no transactions."""
    with closing(MongoDB("--standalone", stand_in=True)) as server:
        yield server


@pytest.fixture
def standalone(lonely: MongoDB, make_app: MakeApp) -> Flask:
    """An application there."""
    app = make_app(STORAGE_URL=lonely.new_database())
    app.extensions["storage"].migrations.upgrade()
    return app


def storage_of(app: Flask) -> Storage:
    return app.extensions["storage"]


def browser(app: Flask) -> FlaskClient:
    client = app.test_client()
    client.environ_base["HTTP_X_CSRFTOKEN"] = form_token(client)
    return client


def check_each_form(app: Flask) -> None:
    """Send each form twice, and check that both clicks lead to the same page, which says what was done."""
    storage_of(app).migrations.upgrade()
    client = browser(app)
    new = form(client.get("/engines/new")) | {"title": "Raptor"}
    assert twice(client, "/engines", new) == ("/engines/1", "Raptor was added.")
    edit = form(client.get("/engines/1/edit")) | {"title": "Merlin"}
    assert twice(client, "/engines/1/edit", edit) == ("/engines/1", "Merlin was changed.")
    fire = form(client.get("/engines/1"), "/engines/1/fire")
    assert twice(client, "/engines/1/fire", fire) == ("/engines/1", "Merlin has fired.")
    assert [(one.title, one.version) for one in storage_of(app).engines.scan()] == [("Merlin", 3)]
    delete = form(client.get("/engines/1/delete"), "/engines/1/delete")
    assert twice(client, "/engines/1/delete", delete) == ("/engines", "Engine 1 was deleted.")
    assert storage_of(app).engines.count() == 0


def twice(client: FlaskClient, path: str, fields: dict[str, str]) -> tuple[str, str]:
    """Send a form twice, and return where both answers lead to and what the page there says."""
    first, second = (client.post(path, data=fields) for _ in range(2))
    assert (first.status_code, second.status_code) == (303, 303)
    assert first.location == second.location
    page = client.get(first.location).text
    message = page.partition('role="status"><bdi>')[2].partition("</bdi>")[0]
    return first.location, message


def test_each_form_is_done_once_on_every_backend(fresh_app: Flask) -> None:
    check_each_form(fresh_app)


def test_each_form_is_done_once_without_transactions(standalone: Flask) -> None:
    check_each_form(standalone)


def test_two_forms_that_were_shown_are_two_engines(app: Flask) -> None:
    client = browser(app)
    for _ in range(2):
        client.post("/engines", data=form(client.get("/engines/new")) | {"title": "Raptor"})
    assert storage_of(app).engines.count() == 2


def test_a_form_that_is_sent_again_with_other_fields_is_another_request(app: Flask) -> None:
    client = browser(app)
    shown = form(client.get("/engines/new"))
    for title in ("Raptor", "Merlin", "Raptor"):
        client.post("/engines", data=shown | {"title": title})
    assert [one.title for one in storage_of(app).engines.scan()] == ["Raptor", "Merlin"]


def test_of_a_form_without_a_key_its_token_stands_in(app: Flask) -> None:
    client = app.test_client()
    fields = {"csrf_token": form_token(client), "title": "Raptor", "thrust": "1"}
    assert {client.post("/engines", data=fields).location for _ in range(2)} == {"/engines/1"}


def test_a_form_with_neither_is_done_each_time(make_app: MakeApp, app: Flask) -> None:
    """As by a program that signs its requests in a header."""
    client = browser(app)
    for _ in range(2):
        client.post("/engines", data={"title": "Raptor", "thrust": "1"})
    assert storage_of(app).engines.count() == 2


def test_the_key_of_one_form_does_not_answer_for_another(app: Flask) -> None:
    storage_of(app).engines.add_many([Engine("Raptor"), Engine("Merlin")])
    client = browser(app)
    fields = {"form_key": "the same", "version": "1"}
    locations = [client.post(f"/engines/{id}/fire", data=fields).location for id in (1, 2)]
    assert locations == ["/engines/1", "/engines/2"]
    assert [one.last_fired is not None for one in storage_of(app).engines.scan()] == [True, True]


def test_an_edit_that_somebody_else_made_first_is_still_shown_beside_it(app: Flask) -> None:
    storage_of(app).engines.add(Engine("Raptor"))
    client = browser(app)
    shown = form(client.get("/engines/1/edit"))
    storage_of(app).engines.update(1, {"title": "Merlin"})
    assert "Somebody else has changed" in client.post("/engines/1/edit", data=shown | {"title": "Rutherford"}).text


@pytest.mark.parametrize("kind", ["with transactions", "without"])
def test_of_clicks_that_arrive_together_one_adds_and_all_lead_to_it(
    kind: str, fresh_app_on: Callable[[str], Flask], request: pytest.FixtureRequest
) -> None:
    app = request.getfixturevalue("standalone") if kind == "without" else fresh_app_on("postgresql")
    check_together(app)


@pytest.fixture
def fresh_app_on(make_app: MakeApp, make_database: Callable[[str], str]) -> Callable[[str], Flask]:
    """``fresh_app_on(kind)`` is an application on a migrated database."""

    def make(kind: str) -> Flask:
        app = make_app(STORAGE_URL=make_database(kind))
        storage_of(app).migrations.upgrade()
        return app

    return make


def check_together(app: Flask) -> None:
    """Send one form from four threads at once."""
    clients = [app.test_client() for _ in range(4)]
    token = form_token(clients[0])
    with clients[0].session_transaction() as known:
        held = dict(known)
    barrier, answers = threading.Barrier(len(clients)), list[TestResponse]()
    fields = form(clients[0].get("/engines/new")) | {"csrf_token": token, "title": "Raptor"}
    for client in clients[1:]:
        with client.session_transaction() as other:
            other.update(held)

    def click(client: FlaskClient) -> None:
        barrier.wait()
        answers.append(client.post("/engines", data=fields))

    threads = [threading.Thread(target=click, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # Whoever came too late has used an id as well.
    (engine,) = storage_of(app).engines.scan()
    assert [(one.status_code, one.location) for one in answers] == [(303, f"/engines/{engine.id}")] * 4


class TestAnswerThatWasLost:
    """Nobody knows whether the first click was done."""

    def lose(self, app: Flask, monkeypatch: pytest.MonkeyPatch, *, applied: bool) -> None:
        """Have the next call of ``add`` be done, or not, and its answer be lost."""
        repository = type(storage_of(app).engines)
        add = repository.add

        def lost(self: Any, entity: Any) -> Any:
            if isinstance(entity, Engine):
                monkeypatch.setattr(repository, "add", add)
                if applied:
                    add(self, entity)
                raise Unavailable("the connection broke", may_have_been_applied=True)
            return add(self, entity)

        monkeypatch.setattr(repository, "add", lost)

    def test_without_transactions_the_claim_says_so(self, standalone: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("webapp.pages.form_keys.PATIENCE", 0.0)
        client = browser(standalone)
        fields = form(client.get("/engines/new")) | {"title": "Raptor"}
        self.lose(standalone, monkeypatch, applied=True)
        assert client.post("/engines", data=fields).status_code == 503
        again = client.post("/engines", data=fields)
        assert (again.status_code, "look before you send another one" in again.text) == (409, True)
        assert storage_of(standalone).engines.count() == 1

    def test_what_was_not_done_is_done_by_the_next_click(self, app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
        client = browser(app)
        fields = form(client.get("/engines/new")) | {"title": "Raptor"}
        self.lose(app, monkeypatch, applied=False)
        assert client.post("/engines", data=fields).status_code == 503
        assert client.post("/engines", data=fields).location == "/engines/1"

    def test_a_claim_that_could_not_be_completed_may_have_been_done(
        self, standalone: Flask, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        keys = type(storage_of(standalone).repository(IdempotencyKey))
        update = keys.update

        def fails(self: Any, id: int, changes: Any, version: int | None = None) -> Any:
            if "answer" in changes:
                raise Unavailable("the server went away")
            return update(self, id, changes, version)

        monkeypatch.setattr(keys, "update", fails)
        client = browser(standalone)
        fields = form(client.get("/engines/new")) | {"title": "Raptor"}
        response = client.post("/engines", data=fields)
        assert (response.status_code, "the change may have been made" in response.text) == (503, True)
