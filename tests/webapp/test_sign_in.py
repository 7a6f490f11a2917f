"""People sign in and out."""

from __future__ import annotations

import hashlib
import re
import threading
from datetime import timedelta
from typing import Any

import pytest
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from storage import NotFound, SignIn
from tests.webapp.conftest import CLOSED_PORTS, NOW, MakeApp
from tests.webapp.people import CLOSED, PASSWORD, entry, form_token, post, sign_in
from webapp.auth.access import Role, caller, needs
from webapp.auth.users import cost, user_with

COOKIE = "__Host-session"
WRONG = "The name or the password is wrong."


@pytest.fixture
def people(closed_app: Flask) -> FlaskClient:
    """A browser at an application that says at /who who calls."""
    closed_app.add_url_rule("/who", "who", needs(None)(caller))
    return closed_app.test_client()


def cookie(client: FlaskClient) -> str:
    """The session's cookie of a browser."""
    found = client.get_cookie(COOKIE)
    return "" if found is None else found.value


def who(client: FlaskClient, shown: str | None = None) -> str:
    """Who a browser is, with its own cookie or another one."""
    if shown is not None:
        client = client.application.test_client()
        client.set_cookie(COOKIE, shown)
    return client.get("/who").text


def sessions(app: Flask) -> list[SignIn]:
    return list(app.extensions["storage"].repository(SignIn).scan())


def test_people_sign_in_and_out_on_every_backend(make_app: MakeApp, fresh_app: Flask) -> None:
    fresh_app.extensions["storage"].migrations.upgrade()
    app = make_app(STORAGE_URL=fresh_app.config["STORAGE_URL"], **CLOSED)
    app.add_url_rule("/who", "who", needs(None)(caller))
    client = app.test_client()
    assert sign_in(client).status_code == 303
    assert (who(client), len(sessions(app))) == ("user writer", 1)
    app.config["CLOCK"] = lambda: NOW + timedelta(hours=12)
    assert who(client) == "anonymous"
    sign_in(client)
    assert (who(client), len(sessions(app))) == ("user writer", 1)
    post(client, "/logout")
    assert (who(client), len(sessions(app))) == ("anonymous", 0)


class TestForm:
    """What is typed, and where it leads."""

    def test_the_page_has_a_form_that_browsers_fill_in(self, people: FlaskClient) -> None:
        text = people.get("/login").text
        assert 'autocomplete="username"' in text
        assert 'type="password" autocomplete="current-password"' in text
        assert WRONG not in text

    @pytest.mark.parametrize(
        ("name", "password"),
        [
            ("writer", "wrong"),
            ("writer", ""),
            ("writer", PASSWORD + "x"),
            ("writer", PASSWORD + "\x00"),
            ("writer", PASSWORD.upper()),
            ("Writer", PASSWORD),
            ("nobody", PASSWORD),
            ("", ""),
            ("writer\x00", PASSWORD),
            ("writer ", PASSWORD),
            ("x" * 30_000, "x" * 30_000),
            ("é\ufffd", "\U0001f680"),
        ],
        ids=range(12),
    )
    def test_a_wrong_name_and_a_wrong_password_are_told_alike(
        self, people: FlaskClient, name: str, password: str
    ) -> None:
        response = sign_in(people, name, password)
        assert (response.status_code, WRONG in response.text) == (403, True)
        assert who(people) == "anonymous"
        assert sessions(people.application) == []

    def test_a_name_that_nobody_has_costs_a_hash_as_well(
        self, people: FlaskClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        verified: list[object] = []
        verify = PasswordHasher.verify
        monkeypatch.setattr(PasswordHasher, "verify", lambda *args: verified.append(args) or verify(*args))
        sign_in(people, "nobody")
        sign_in(people, "writer", "wrong")
        assert len(verified) == 2

    @pytest.mark.parametrize("name", ["quick", "slow", "memory", "nobody"])
    @pytest.mark.parametrize("password", [PASSWORD, "wrong"])
    def test_every_name_costs_a_hash_of_each_cost_that_there_is(
        self, make_app: MakeApp, monkeypatch: pytest.MonkeyPatch, name: str, password: str
    ) -> None:
        costs = {"quick": (8, 1, 1), "slow": (8, 3, 1), "memory": (64, 1, 1), "second": (8, 1, 1)}
        users = {
            user: {"password_hash": PasswordHasher(rounds, memory, threads).hash(PASSWORD), "role": "read"}
            for user, (memory, rounds, threads) in costs.items()
        }
        verified: list[tuple[int, int, int]] = []
        verify = PasswordHasher.verify

        def noting(self: PasswordHasher, password_hash: str, tried: str) -> bool:
            verified.append(cost(password_hash))
            return verify(self, password_hash, tried)

        monkeypatch.setattr(PasswordHasher, "verify", noting)
        with make_app(USERS=users).app_context():
            found = user_with(name, password)
        assert sorted(verified) == sorted(set(costs.values()))
        assert (found is not None) == (password == PASSWORD and name in users)

    @pytest.mark.parametrize("fields", [b"name=%ff&password=%00%ff", b"", b"name[$ne]=x&password[$ne]=x", b"&&==&"])
    def test_rubbish_in_the_form_lets_nobody_in(self, people: FlaskClient, fields: bytes) -> None:
        headers = {"X-CSRFToken": form_token(people)}
        response = people.post("/login", data=fields, headers=headers, content_type="application/x-www-form-urlencoded")
        assert response.status_code == 403

    def test_json_is_no_form(self, people: FlaskClient) -> None:
        body = {"name": "writer", "password": {"$ne": ""}}
        response = people.post("/login", json=body, headers={"X-CSRFToken": form_token(people)})
        assert response.status_code == 403

    def test_the_password_stands_neither_in_the_page_nor_in_a_log(
        self, people: FlaskClient, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level("DEBUG")
        assert "a wrong password" not in sign_in(people, "writer", "a wrong password").text
        sign_in(people)
        assert "a wrong password" not in caplog.text
        assert PASSWORD not in caplog.text

    def test_the_log_says_who_signed_in_and_who_did_not(
        self, people: FlaskClient, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level("INFO")
        sign_in(people, "writer", "wrong")
        sign_in(people, "my password, in the wrong field")
        sign_in(people)
        said = [record.getMessage() for record in caplog.records if record.name == "webapp"]
        assert said == [
            "an attempt to sign in as 'writer' failed, from 127.0.0.1",
            "an attempt to sign in as a name that nobody has failed, from 127.0.0.1",
            "user 'writer' signed in, from 127.0.0.1",
        ]

    @pytest.mark.parametrize("target", ["/", "/engines/7", "/?q=a&cursor=x", "http://localhost/engines/7"])
    def test_whoever_came_from_a_page_of_ours_goes_back(self, people: FlaskClient, target: str) -> None:
        location = sign_in(people, next=target).headers["Location"]
        assert location == target.removeprefix("http://localhost")

    @pytest.mark.parametrize(
        "target",
        [
            "https://elsewhere.example/",
            "//elsewhere.example/",
            "///elsewhere.example",
            "////elsewhere.example",
            "/\\elsewhere.example",
            "\\\\elsewhere.example",
            "/\t/elsewhere.example",
            "\n//elsewhere.example",
            " //elsewhere.example",
            "\x01//elsewhere.example",
            "http:elsewhere.example",
            "http:///elsewhere.example",
            "http://localhost@elsewhere.example/",
            "http://localhost.elsewhere.example/",
            "http://localhost:81/",
            "javascript:alert(1)",
            "data:text/html,x",
            "elsewhere.example",
            "http://[",
            "/\r\nSet-Cookie: a=b",
            "",
        ],
    )
    def test_nobody_is_sent_to_another_site(self, people: FlaskClient, target: str) -> None:
        location = sign_in(people, next=target).headers["Location"]
        assert re.fullmatch(r"/([A-Za-z][!-~]*)?", location)

    def test_the_form_keeps_where_to_go_and_nothing_else(self, people: FlaskClient) -> None:
        assert 'name="next" value="/engines/7"' in people.get("/login?next=/engines/7").text
        assert 'name="next" value="/"' in people.get("/login?next=//elsewhere.example").text
        assert 'name="next" value="/engines/7"' in sign_in(people, "writer", "wrong", next="/engines/7").text

    def test_whoever_has_signed_in_already_goes_on(self, people: FlaskClient) -> None:
        sign_in(people)
        response = people.get("/login?next=/engines/7")
        assert (response.status_code, response.headers["Location"]) == (303, "/engines/7")

    @pytest.mark.parametrize("path", ["/login", "/logout"])
    def test_without_the_form_s_token_nothing_happens(self, people: FlaskClient, path: str) -> None:
        sign_in(people)
        before = sessions(people.application)
        response = people.post(path, data={"name": "reader", "password": PASSWORD})
        assert (response.status_code, response.mimetype) == (400, "text/html")
        assert (who(people), sessions(people.application)) == ("user writer", before)

    def test_signing_out_is_nothing_that_a_link_can_do(self, people: FlaskClient) -> None:
        sign_in(people)
        assert people.get("/logout").status_code == 405
        assert who(people) == "user writer"

    @pytest.mark.parametrize("url", CLOSED_PORTS[1:])
    def test_an_outage_is_no_wrong_password(self, make_app: MakeApp, url: str) -> None:
        response = sign_in(make_app(STORAGE_URL=url, **CLOSED).test_client())
        assert (response.status_code, WRONG in response.text) == (503, False)


class TestSession:
    """What a browser holds, and what the storage holds."""

    def test_of_the_secret_only_a_digest_is_kept(self, people: FlaskClient) -> None:
        sign_in(people)
        with people.session_transaction() as held:
            secret = held["sign_in"].partition(".")[2]
        (kept,) = sessions(people.application)
        digest = hashlib.sha256(f"{secret}\n{CLOSED['USERS']['writer']['password_hash']}".encode()).hexdigest()
        assert (len(secret), kept.digest) == (43, digest)
        assert secret not in repr(kept)

    def test_signing_in_leaves_nothing_of_the_session_before(self, people: FlaskClient) -> None:
        with people.session_transaction() as held:
            held["planted"] = "by somebody else"
        before = form_token(people)
        sign_in(people)
        with people.session_transaction() as held:
            assert "planted" not in held
            assert "csrf_token" not in held
        assert people.post("/logout", data={"csrf_token": before}).status_code == 400

    def test_signing_in_again_ends_the_session_before(self, people: FlaskClient) -> None:
        sign_in(people)
        before = cookie(people)
        sign_in(people, "reader")
        assert (who(people), who(people, before)) == ("user reader", "anonymous")
        assert len(sessions(people.application)) == 1

    def test_two_browsers_have_two_sessions(self, people: FlaskClient) -> None:
        other = people.application.test_client()
        sign_in(people)
        sign_in(other)
        post(other, "/logout")
        assert (who(people), who(other)) == ("user writer", "anonymous")

    def test_after_signing_out_the_cookie_is_good_for_nothing(self, people: FlaskClient) -> None:
        sign_in(people)
        before = cookie(people)
        response = post(people, "/logout")
        assert (response.status_code, response.headers["Location"]) == (303, "/")
        assert (who(people), who(people, before)) == ("anonymous", "anonymous")

    def test_signing_out_twice_is_no_harm(self, people: FlaskClient) -> None:
        sign_in(people)
        post(people, "/logout")
        assert post(people, "/logout").status_code == 303

    def test_a_session_that_cannot_be_ended_is_not_said_to_be(self, people: FlaskClient, make_app: MakeApp) -> None:
        sign_in(people)
        gone = make_app(STORAGE_URL=CLOSED_PORTS[1], **CLOSED).test_client()
        gone.set_cookie(COOKIE, cookie(people))
        assert post(gone, "/logout").status_code == 503
        assert "sign_in" in held_by(gone)

    def test_it_ends_when_its_hours_are_over(self, people: FlaskClient) -> None:
        sign_in(people)
        people.application.config["CLOCK"] = lambda: NOW + timedelta(hours=12, seconds=-1)
        assert who(people) == "user writer"
        people.application.config["CLOCK"] = lambda: NOW + timedelta(hours=12)
        assert who(people) == "anonymous"

    def test_it_is_over_at_the_very_moment_of_its_end(self, people: FlaskClient) -> None:
        sign_in(people)
        end = sessions(people.application)[0].expires
        people.application.config["CLOCK"] = lambda: end
        assert who(people) == "anonymous"

    def test_its_hours_can_be_configured(self, people: FlaskClient) -> None:
        people.application.config["SESSION_HOURS"] = 0.5
        sign_in(people)
        assert sessions(people.application)[0].expires == NOW.replace(microsecond=123_000) + timedelta(minutes=30)

    def test_another_password_ends_every_session(self, people: FlaskClient, make_app: MakeApp) -> None:
        sign_in(people)
        url = people.application.config["STORAGE_URL"]
        after = make_app(STORAGE_URL=url, **CLOSED | {"USERS": {"writer": entry("write", "another password")}})
        after.add_url_rule("/who", "who", needs(None)(caller))
        assert who(after.test_client(), cookie(people)) == "anonymous"

    def test_another_role_holds_at_once(self, people: FlaskClient, make_app: MakeApp) -> None:
        sign_in(people)
        users = {"writer": CLOSED["USERS"]["writer"] | {"role": "read"}}
        after = make_app(STORAGE_URL=people.application.config["STORAGE_URL"], **CLOSED | {"USERS": users})
        after.add_url_rule("/who", "who", needs(Role.WRITE)(caller))
        assert "which user writer does not have" in who(after.test_client(), cookie(people))

    @pytest.mark.parametrize(
        "spoil",
        [
            lambda held: held[:-1] + ("A" if held[-1] != "A" else "B"),
            lambda held: held.replace("1.", "2."),
            lambda held: held.replace("1.", "99999999999999999999."),
            lambda held: held.replace("1.", "9223372036854775808."),
            lambda held: held.partition(".")[2],
            lambda held: "1.",
            lambda held: "",
            lambda held: 1,
            lambda held: {"$gt": ""},
            lambda held: None,
        ],
        ids=range(10),
    )
    def test_what_is_no_good_secret_is_nobody_even_with_a_good_signature(self, people: FlaskClient, spoil: Any) -> None:
        sign_in(people)
        with people.session_transaction() as held:
            held["sign_in"] = spoil(held["sign_in"])
        assert who(people) == "anonymous"

    @pytest.mark.parametrize("spoil", ["", "x", "x.y.z", "\xff", "x" * 4000])
    def test_a_cookie_that_was_not_signed_by_us_is_nobody(self, people: FlaskClient, spoil: str) -> None:
        assert who(people, spoil) == "anonymous"

    def test_expired_sessions_are_removed_a_few_at_a_time(self, people: FlaskClient) -> None:
        repository = people.application.extensions["storage"].repository(SignIn)
        past = NOW - timedelta(days=1)
        repository.add_many(SignIn("reader", "0" * 64, past, past + timedelta(hours=1)) for _ in range(15))
        sign_in(people)
        assert repository.count() == 6
        sign_in(people.application.test_client())
        assert repository.count() == 2

    def test_expired_sessions_that_cannot_be_removed_keep_nobody_out(
        self, people: FlaskClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        repository = people.application.extensions["storage"].repository(SignIn)
        repository.add(SignIn("reader", "0" * 64, NOW - timedelta(days=2), NOW - timedelta(days=1)))

        def gone(self: object, id: int, version: int | None = None) -> None:
            raise NotFound("another process was faster")

        monkeypatch.setattr(type(repository), "delete", gone)
        assert sign_in(people).status_code == 303
        assert who(people) == "user writer"


def held_by(client: FlaskClient) -> dict[str, object]:
    with client.session_transaction() as held:
        return dict(held)


class TestAttempts:
    """How often somebody may be wrong."""

    @pytest.fixture
    def bounded(self, make_app: MakeApp, closed_app: Flask) -> Flask:
        """An application where three attempts from an address may fail, and five for a name."""
        limits = {"SIGN_IN_LIMIT_ADDRESS": "3 per hour", "SIGN_IN_LIMIT_NAME": "5 per hour"}
        return make_app(STORAGE_URL=closed_app.config["STORAGE_URL"], **CLOSED, **limits)

    def attempt(self, app: Flask, address: str, name: str = "writer", password: str | None = None) -> TestResponse:
        """Try to sign in, without the right password unless one is given."""
        client = app.test_client()
        fields = {"csrf_token": form_token(client), "name": name, "password": password or "wrong"}
        return client.post("/login", data=fields, environ_base={"REMOTE_ADDR": address})

    def test_an_address_is_told_to_wait_and_how_long(self, bounded: Flask) -> None:
        assert [self.attempt(bounded, "192.0.2.1").status_code for _ in range(4)] == [403, 403, 403, 429]
        refused = self.attempt(bounded, "192.0.2.1", password=PASSWORD)
        assert (refused.status_code, refused.mimetype) == (429, "text/html")
        assert 0 < int(refused.headers["Retry-After"]) <= 3601

    def test_another_name_at_each_attempt_does_not_help(self, bounded: Flask) -> None:
        names = ["writer", "reader", "nobody", "somebody"]
        assert [self.attempt(bounded, "192.0.2.1", name).status_code for name in names] == [403, 403, 403, 429]

    def test_nor_does_a_header_that_names_another_address(self, bounded: Flask) -> None:
        client = bounded.test_client()
        statuses = []
        for number in range(4):
            fields = {"csrf_token": form_token(client), "name": f"name {number}", "password": "wrong"}
            headers = {"X-Forwarded-For": f"192.0.2.{number}", "X-Real-IP": f"192.0.2.{number}"}
            statuses.append(client.post("/login", data=fields, headers=headers).status_code)
        assert statuses == [403, 403, 403, 429]

    def test_another_address_is_another_matter(self, bounded: Flask) -> None:
        for _ in range(4):
            self.attempt(bounded, "192.0.2.1")
        assert self.attempt(bounded, "192.0.2.2", password=PASSWORD).status_code == 303

    def test_of_ipv6_a_whole_network_is_one_address(self, bounded: Flask) -> None:
        addresses = ["2001:db8::1", "2001:db8::2", "2001:db8::ffff:3", "2001:db8:0:0:1::"]
        assert [self.attempt(bounded, address).status_code for address in addresses] == [403, 403, 403, 429]

    def test_addresses_of_ipv4_within_ipv6_count_one_by_one(self, bounded: Flask) -> None:
        addresses = [f"::ffff:192.0.2.{number}" for number in range(4)]
        names = ["a", "b", "c", "d"]
        pairs = zip(addresses, names, strict=True)
        assert [self.attempt(bounded, address, name).status_code for address, name in pairs] == [403] * 4
        assert [self.attempt(bounded, "192.0.2.0", name).status_code for name in names[1:]] == [403, 403, 429]

    @pytest.mark.parametrize("address", ["192.0.2.1:{}", "[2001:db8::1]:{}", "[2001:db8::1]", "fe80::1%eth0"])
    def test_the_port_of_a_client_makes_no_other_caller_of_it(self, bounded: Flask, address: str) -> None:
        attempts = [self.attempt(bounded, address.format(4000 + number)).status_code for number in range(4)]
        assert attempts == [403, 403, 403, 429]

    def test_attempts_that_arrive_together_do_not_exceed_the_bound_together(self, bounded: Flask) -> None:
        clients = [bounded.test_client() for _ in range(8)]
        tokens = [form_token(client) for client in clients]
        barrier, statuses = threading.Barrier(len(clients)), []

        def guess(client: FlaskClient, token: str) -> None:
            fields = {"csrf_token": token, "name": "writer", "password": "wrong"}
            barrier.wait()
            statuses.append(client.post("/login", data=fields).status_code)

        threads = [threading.Thread(target=guess, args=pair) for pair in zip(clients, tokens, strict=True)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(statuses) == [403] * 3 + [429] * 5

    def test_while_the_place_of_the_counts_is_away_each_process_counts_for_itself(
        self, bounded: Flask, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        def away(*_: object, **__: object) -> bool:
            raise ConnectionError

        monkeypatch.setattr(bounded.extensions["limits"].shared, "hit", away)
        statuses = [self.attempt(bounded, "192.0.2.1").status_code for _ in range(4)]
        assert statuses == [403, 403, 403, 429]
        assert "calls are counted in this process alone: ConnectionError" in caplog.text

    def test_once_it_answers_it_counts_again(self, bounded: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
        limits = bounded.extensions["limits"]
        with monkeypatch.context() as patched:
            patched.setattr(limits.shared, "hit", lambda *_, **__: 1 / 0)
            self.attempt(bounded, "192.0.2.1")
        limits.again_at = 0.0
        statuses = [self.attempt(bounded, "192.0.2.1").status_code for _ in range(4)]
        assert statuses == [403, 403, 403, 429]

    def test_a_wait_that_cannot_be_asked_for_is_a_second(self, bounded: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(bounded.extensions["limits"].shared, "get_window_stats", lambda *_: 1 / 0)
        answers = [self.attempt(bounded, "192.0.2.1") for _ in range(4)]
        assert answers[-1].headers["Retry-After"] == "1"

    def test_many_addresses_together_do_not_guess_at_one_name_for_long(self, bounded: Flask) -> None:
        statuses = [self.attempt(bounded, f"192.0.2.{number}").status_code for number in range(6)]
        assert statuses == [403] * 5 + [429]
        assert self.attempt(bounded, "192.0.2.9", "reader", PASSWORD).status_code == 303

    def test_who_succeeds_may_do_so_as_often_as_they_like(self, bounded: Flask) -> None:
        assert {self.attempt(bounded, "192.0.2.1", password=PASSWORD).status_code for _ in range(7)} == {303}

    def test_the_form_itself_can_be_seen_at_any_time(self, bounded: Flask) -> None:
        for _ in range(4):
            self.attempt(bounded, "192.0.2.1")
        assert bounded.test_client().get("/login", environ_base={"REMOTE_ADDR": "192.0.2.1"}).status_code == 200

    def test_two_applications_count_apart(self, bounded: Flask, closed_app: Flask) -> None:
        for _ in range(4):
            self.attempt(bounded, "192.0.2.1")
        assert self.attempt(closed_app, "192.0.2.1").status_code == 403

    @pytest.mark.parametrize("address", ["", "@gunicorn"])
    def test_who_comes_by_a_socket_without_an_address_is_bounded_too(self, bounded: Flask, address: str) -> None:
        assert [self.attempt(bounded, address).status_code for _ in range(4)] == [403, 403, 403, 429]
