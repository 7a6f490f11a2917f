"""A request that is sent again with the same ``Idempotency-Key`` is done once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from storage import Engine, IdempotencyKey, Repository, Unavailable
from tests.servers import MongoDB
from tests.webapp.conftest import NOW, MakeApp

KEY = {"Idempotency-Key": "5b0c7a52-8f1e"}
RAPTOR = {"title": "Raptor"}


@pytest.fixture(scope="module")
def lonely() -> Iterator[MongoDB]:
    """A server that is in no replica set, and so has no transactions."""
    with closing(MongoDB("--standalone", stand_in=True)) as server:
        yield server


@pytest.fixture
def standalone(lonely: MongoDB) -> str:
    """The URL of an empty database there."""
    return lonely.new_database()


def create(client: FlaskClient, key: str = KEY["Idempotency-Key"], body: object = RAPTOR) -> Any:
    return client.post("/api/engines", json=body, headers={"Idempotency-Key": key})


def kept(app: Flask) -> Repository[IdempotencyKey]:
    return app.extensions["storage"].repository(IdempotencyKey)


def check_repeat(app: Flask) -> None:
    """Check that a repeat gets the first answer to the byte, though the engine has changed meanwhile."""
    app.extensions["storage"].migrations.upgrade()
    client = app.test_client()
    first = create(client)
    client.patch("/api/engines/1", json={"thrust": 7})
    repeat = create(client)
    for answer in (first, repeat):
        assert (answer.status_code, answer.data) == (201, first.data)
        assert (answer.headers["Location"], answer.headers["ETag"]) == ("/api/engines/1", '"1"')
    assert app.extensions["storage"].engines.count() == 1


def test_a_repeat_gets_the_first_answer(fresh_app: Flask) -> None:
    check_repeat(fresh_app)


def test_a_repeat_gets_the_first_answer_without_transactions_too(make_app: MakeApp, standalone: str) -> None:
    check_repeat(make_app(STORAGE_URL=standalone))


def test_firing_twice_with_a_key_fires_once(client: FlaskClient) -> None:
    client.post("/api/engines", json=RAPTOR)
    answers = [client.post("/api/engines/1/fire", headers=KEY | {"If-Match": '"1"'}) for _ in range(2)]
    assert [(answer.status_code, answer.get_json()["version"]) for answer in answers] == [(200, 2)] * 2


def test_another_key_is_another_request(client: FlaskClient) -> None:
    assert [create(client, key).get_json()["id"] for key in ("a", "b", "a")] == [1, 2, 1]


@pytest.mark.parametrize("body", [{"title": "Merlin"}, {"title": "Raptor", "thrust": 0}])
def test_a_key_that_was_sent_with_another_body_is_refused(client: FlaskClient, body: object) -> None:
    create(client)
    response = create(client, body=body)
    assert (response.status_code, response.get_json()["type"]) == (422, "/problems/key-reused")


def test_a_key_that_was_sent_to_another_address_is_refused(client: FlaskClient) -> None:
    create(client)
    assert client.post("/api/engines/1/fire", headers=KEY).status_code == 422


@pytest.mark.parametrize("key", ["", " ", "a b", "a,b", "é", "x" * 256])
def test_a_key_that_cannot_be_read_is_refused(client: FlaskClient, key: str) -> None:
    response = create(client, key)
    assert (response.status_code, response.get_json()["type"]) == (400, "/problems/malformed-request")


def test_a_request_that_failed_may_be_sent_again_with_its_key(client: FlaskClient) -> None:
    assert client.post("/api/engines/1/fire", headers=KEY).status_code == 404
    client.post("/api/engines", json=RAPTOR)
    assert client.post("/api/engines/1/fire", headers=KEY).status_code == 200


def test_a_key_belongs_to_its_caller(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    create(client)
    monkeypatch.setattr("webapp.api.idempotency.caller", lambda: "token 3")
    assert create(client).get_json()["id"] == 2


def test_neither_the_key_nor_its_caller_is_kept_as_it_is(app: Flask, client: FlaskClient) -> None:
    create(client)
    (row,) = kept(app).scan()
    assert KEY["Idempotency-Key"] not in repr(row)
    assert len(row.digest) == 64


def test_a_key_is_forgotten_after_its_time(app: Flask, client: FlaskClient) -> None:
    create(client)
    app.config["CLOCK"] = lambda: NOW + timedelta(seconds=app.config["IDEMPOTENCY_KEEP_SECONDS"])
    assert create(client).get_json()["id"] == 2


def test_keys_that_have_expired_are_removed_a_few_at_a_time(app: Flask, client: FlaskClient) -> None:
    for number in range(12):
        create(client, f"key-{number}")
    app.config["CLOCK"] = lambda: NOW + timedelta(days=2)
    counts = []
    for number in range(2):
        create(client, f"late-{number}")
        counts.append(kept(app).count())
    assert counts == [3, 2]


def test_of_twins_that_arrive_together_one_adds_and_both_get_its_answer(fresh_app: Flask) -> None:
    fresh_app.extensions["storage"].migrations.upgrade()
    barrier, answers = threading.Barrier(4), []

    def send() -> None:
        barrier.wait()
        answers.append(create(fresh_app.test_client()))

    threads = [threading.Thread(target=send) for _ in range(barrier.parties)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {(answer.status_code, answer.data) for answer in answers} == {(201, answers[0].data)}
    assert fresh_app.extensions["storage"].engines.count() == 1


def test_of_twins_that_fire_together_both_get_the_answer_of_the_one_that_did(fresh_app: Flask) -> None:
    """The second finds another version than it asks for, because of the first."""
    storage = fresh_app.extensions["storage"]
    storage.migrations.upgrade()
    storage.engines.add(Engine("Raptor"))
    barrier, answers = threading.Barrier(4), []

    def send() -> None:
        client = fresh_app.test_client()
        barrier.wait()
        answers.append(client.post("/api/engines/1/fire", headers=KEY | {"If-Match": '"1"'}))

    threads = [threading.Thread(target=send) for _ in range(barrier.parties)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [(answer.status_code, answer.json["version"]) for answer in answers] == [(200, 2)] * 4


class TestWithoutTransactions:
    """The key is claimed first and completed last."""

    @pytest.fixture
    def app(self, make_app: MakeApp, standalone: str) -> Flask:
        """An application on a server without transactions."""
        app = make_app(STORAGE_URL=standalone)
        app.extensions["storage"].migrations.upgrade()
        return app

    def test_a_claim_that_has_no_answer_says_so(self, app: Flask) -> None:
        create(app.test_client())
        (row,) = kept(app).scan()
        kept(app).update(row.id or 0, {"answer": None})
        response = create(app.test_client())
        assert (response.status_code, response.get_json()["type"]) == (409, "/problems/unfinished-request")
        assert app.extensions["storage"].engines.count() == 1

    def test_a_claim_whose_request_failed_is_given_up(self, app: Flask) -> None:
        client = app.test_client()
        assert client.post("/api/engines/1/fire", headers=KEY).status_code == 404
        assert kept(app).count() == 0

    def test_a_claim_whose_precondition_did_not_hold_is_given_up(self, app: Flask) -> None:
        client = app.test_client()
        client.post("/api/engines", json=RAPTOR)
        client.patch("/api/engines/1", json={"thrust": 7})
        refused = client.post("/api/engines/1/fire", headers=KEY | {"If-Match": '"1"'})
        assert (refused.status_code, kept(app).count()) == (412, 0)
        assert client.post("/api/engines/1/fire", headers=KEY).status_code == 200

    def test_a_claim_is_given_up_after_an_error_that_nobody_foresaw(
        self, app: Flask, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def broken(*_: object) -> None:
            raise RuntimeError("a bug")

        app.config["PROPAGATE_EXCEPTIONS"] = False
        monkeypatch.setattr(type(app.extensions["storage"].engines), "update", broken)
        assert app.test_client().post("/api/engines/1/fire", headers=KEY).status_code == 500
        assert kept(app).count() == 0

    def test_the_error_of_the_request_is_told_where_its_claim_cannot_be_given_up(
        self, app: Flask, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def away(*_: object, **__: object) -> None:
            raise Unavailable("the server went away")

        monkeypatch.setattr(type(kept(app)), "delete", away)
        assert app.test_client().post("/api/engines/1/fire", headers=KEY).status_code == 404

    def test_a_claim_stays_when_nobody_knows_whether_it_was_done(
        self, app: Flask, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def lost(*_: object) -> None:
            raise Unavailable("the answer was lost", may_have_been_applied=True)

        monkeypatch.setattr(type(app.extensions["storage"].engines), "update", lost)
        response = app.test_client().post("/api/engines/1/fire", headers=KEY)
        assert response.get_json()["type"] == "/problems/unknown-outcome"
        assert [row.answer for row in kept(app).scan()] == [None]


def test_a_key_of_one_engine_does_not_answer_for_another(client: FlaskClient) -> None:
    first, second = (create(client, key, {"title": key}).json["id"] for key in ("key-one", "key-two"))
    assert client.post(f"/api/engines/{first}/fire", headers=KEY).status_code == 200
    assert client.post(f"/api/engines/{second}/fire", headers=KEY).status_code == 422
    assert client.get(f"/api/engines/{second}").json["last_fired"] is None
