"""The tokens of forms when the key changes, and when the session cookie does not arrive."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.webapp.conftest import MakeApp
from tests.webapp.people import CLOSED, PASSWORD

OLD, NEW, OTHER = "the key of last year", "the key of this year", "a key of elsewhere"


def open_form(client: FlaskClient, path: str) -> str:
    """Load a page and return the token of its form."""
    found = re.search(r'name="csrf_token" value="([^"]+)"', client.get(path).text)
    assert found is not None
    return found[1]


def cookies_of(client: FlaskClient, app: Flask) -> FlaskClient:
    """The same browser, at the application with another key."""
    name = app.config["SESSION_COOKIE_NAME"]
    cookie = client.get_cookie(name)
    other = app.test_client()
    assert cookie is not None
    other.set_cookie(name, cookie.value)
    return other


class TestRotation:
    """SECRET_KEY changes while people have pages open."""

    @pytest.fixture
    def rotated(self, make_app: MakeApp, app: Flask) -> Any:
        """``rotated(fallbacks)``: what a form answers that was opened before the key changed."""

        def send(fallbacks: list[str] | None, by_header: bool = False) -> int:
            url = {"STORAGE_URL": app.config["STORAGE_URL"], "SESSION_COOKIE_SECURE": False}
            before = make_app(**url, SECRET_KEY=OLD).test_client()
            token = open_form(before, "/engines/new")
            after = cookies_of(before, make_app(**url, SECRET_KEY=NEW, SECRET_KEY_FALLBACKS=fallbacks))
            fields = {"title": "Raptor", "thrust": "1", "last_fired": ""}
            if by_header:
                return after.post("/engines", data=fields, headers={"X-CSRFToken": token}).status_code
            return after.post("/engines", data=fields | {"csrf_token": token}).status_code

        return send

    @pytest.mark.parametrize("by_header", [False, True])
    @pytest.mark.parametrize("fallbacks", [[OLD], [OTHER, OLD], [OLD, OTHER]])
    def test_an_open_form_works_while_the_old_key_is_a_fallback(
        self, rotated: Any, fallbacks: list[str], by_header: bool
    ) -> None:
        assert rotated(fallbacks, by_header) in (201, 303)

    @pytest.mark.parametrize("fallbacks", [None, [OTHER]])
    def test_an_open_form_is_refused_without_the_old_key(self, rotated: Any, fallbacks: list[str] | None) -> None:
        assert rotated(fallbacks) == 400

    def test_a_session_goes_on_while_the_old_key_is_a_fallback(self, make_app: MakeApp, closed_app: Flask) -> None:
        url = {"STORAGE_URL": closed_app.config["STORAGE_URL"], **CLOSED, "SESSION_COOKIE_SECURE": False}
        before = make_app(**url, SECRET_KEY=OLD).test_client()
        token = open_form(before, "/login")
        before.post("/login", data={"csrf_token": token, "name": "writer", "password": PASSWORD})
        for fallbacks, status in (([OLD], 200), (None, 303)):
            app = make_app(**url, SECRET_KEY=NEW, SECRET_KEY_FALLBACKS=fallbacks)
            assert cookies_of(before, app).get("/engines").status_code == status

    def test_a_token_of_another_session_is_refused_under_an_old_key_too(self, make_app: MakeApp, app: Flask) -> None:
        url = {"STORAGE_URL": app.config["STORAGE_URL"], "SESSION_COOKIE_SECURE": False}
        old = make_app(**url, SECRET_KEY=OLD)
        token = open_form(old.test_client(), "/engines/new")
        mine = old.test_client()
        open_form(mine, "/engines/new")
        after = cookies_of(mine, make_app(**url, SECRET_KEY=NEW, SECRET_KEY_FALLBACKS=[OLD]))
        assert after.post("/engines", data={"csrf_token": token, "title": "Raptor"}).status_code == 400


class TestPlainHttp:
    """A Secure cookie does not come back over http."""

    def sign_in(self, app: Flask, base: str) -> str:
        client = app.test_client()
        token = open_form(client, "/login")
        # What a browser does with a Secure cookie; the client of the tests has none after this.
        client.delete_cookie(app.config["SESSION_COOKIE_NAME"])
        fields = {"csrf_token": token, "name": "writer", "password": PASSWORD}
        response = client.post("/login", data=fields, base_url=base)
        assert response.status_code == 400
        return response.text

    def test_the_error_names_the_cause_and_the_remedy(self, closed_app: Flask) -> None:
        text = self.sign_in(closed_app, "http://localhost")
        for said in ("SESSION_COOKIE_SECURE", "https", "TRUSTED_PROXIES"):
            assert said in text
        assert "CSRF" not in text

    def test_over_https_another_cause_is_named(self, closed_app: Flask) -> None:
        assert "SESSION_COOKIE_SECURE" not in self.sign_in(closed_app, "https://localhost")

    def test_without_a_secure_cookie_another_cause_is_named(self, make_app: MakeApp, closed_app: Flask) -> None:
        app = make_app(STORAGE_URL=closed_app.config["STORAGE_URL"], **CLOSED, SESSION_COOKIE_SECURE=False)
        assert "SESSION_COOKIE_SECURE" not in self.sign_in(app, "http://localhost")

    def test_with_the_cookie_another_cause_is_named(self, closed_app: Flask) -> None:
        client = closed_app.test_client()
        client.set_cookie(closed_app.config["SESSION_COOKIE_NAME"], "x", secure=False)
        response = client.post("/login", data={"name": "writer"})
        assert (response.status_code, "SESSION_COOKIE_SECURE" in response.text) == (400, False)
