"""What keeps a browser from being used against its owner."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.webapp.conftest import MakeApp
from tests.webapp.people import form_token, post, sign_in
from webapp.auth.access import Role, needs

RAPTOR = {"title": "Raptor"}
ANSWERS = ["/", "/login", "/nothing", "/healthz", "/api/engines", "/api/nothing", "/static/style.css"]


@pytest.fixture
def written(app: Flask) -> list[str]:
    """What has reached the page /write, which changes something."""
    reached: list[str] = []

    @app.post("/write")
    @needs(Role.WRITE)
    def write() -> str:
        reached.append("written")
        return ""

    return reached


class TestForms:
    """Every form carries a token of its session."""

    def test_a_form_of_ours_is_taken(self, client: FlaskClient, written: list[str]) -> None:
        assert (post(client, "/write").status_code, len(written)) == (200, 1)

    def test_a_header_does_for_htmx(self, client: FlaskClient, written: list[str]) -> None:
        response = client.post("/write", headers={"X-CSRFToken": form_token(client)})
        assert (response.status_code, len(written)) == (200, 1)

    @pytest.mark.parametrize("token", [None, "", "x", "IjAi.x.y", "\x00", "é"])
    def test_without_its_token_nothing_is_changed(
        self, client: FlaskClient, written: list[str], token: str | None
    ) -> None:
        form_token(client)
        response = client.post("/write", data={} if token is None else {"csrf_token": token})
        assert (response.status_code, response.mimetype, written) == (400, "text/html", [])

    def test_the_token_of_another_session_is_worth_nothing(
        self, app: Flask, client: FlaskClient, written: list[str]
    ) -> None:
        form_token(client)
        response = client.post("/write", data={"csrf_token": form_token(app.test_client())})
        assert (response.status_code, written) == (400, [])

    def test_a_bearer_token_is_no_form_s_token(self, client: FlaskClient, written: list[str]) -> None:
        assert client.post("/write", headers={"X-CSRFToken": "er_1_x"}).status_code == 400

    @pytest.mark.parametrize(("path", "status"), [("/nothing", 404), ("/healthz", 405)])
    def test_what_does_not_exist_is_told_so_without_a_token(self, client: FlaskClient, path: str, status: int) -> None:
        assert client.post(path).status_code == status

    def test_a_browser_that_keeps_its_referrer_to_itself_is_served_over_tls(
        self, client: FlaskClient, written: list[str]
    ) -> None:
        headers = {"X-CSRFToken": form_token(client), "Sec-Fetch-Site": "same-origin"}
        assert client.post("/write", headers=headers, base_url="https://localhost").status_code == 200

    def test_the_api_needs_none(self, client: FlaskClient) -> None:
        assert client.post("/api/engines", json=RAPTOR).status_code == 201


class TestOtherSites:
    """A page of another site asks the browser for a change here."""

    OTHERS = (
        {"Origin": "https://elsewhere.example"},
        {"Origin": "http://localhost:8000"},
        {"Origin": "http://localhost.elsewhere.example"},
        {"Origin": "null"},
        {"Origin": "http://["},
        {"Origin": ""},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "rubbish"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"},
    )
    OURS = (
        {},
        {"Origin": "http://localhost"},
        {"Origin": "https://localhost"},
        {"Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "none"},
        # Behind a proxy that changes the host, the browser's own word is the better one.
        {"Sec-Fetch-Site": "same-origin", "Origin": "https://engines.example"},
    )

    @pytest.mark.parametrize("headers", OTHERS, ids=range(len(OTHERS)))
    def test_the_api_changes_nothing_for_it(self, app: Flask, client: FlaskClient, headers: dict[str, str]) -> None:
        response = client.post("/api/engines", json=RAPTOR, headers=headers)
        assert (response.status_code, response.content_type) == (403, "application/problem+json")
        assert app.extensions["storage"].engines.count() == 0

    @pytest.mark.parametrize("headers", OURS, ids=range(len(OURS)))
    def test_our_own_pages_and_programs_are_served(self, client: FlaskClient, headers: dict[str, str]) -> None:
        assert client.post("/api/engines", json=RAPTOR, headers=headers).status_code == 201

    @pytest.mark.parametrize(
        ("host", "origin"),
        [("H.example", "http://h.example"), ("h.example", "http://H.EXAMPLE"), ("h.example:80", "http://h.example")],
    )
    def test_our_own_host_is_ours_however_it_is_spelled(self, make_app: MakeApp, host: str, origin: str) -> None:
        app = make_app(TRUSTED_HOSTS=["h.example"])
        app.extensions["storage"].migrations.upgrade()
        headers = {"Host": host, "Origin": origin}
        assert app.test_client().post("/api/engines", json=RAPTOR, headers=headers).status_code == 201

    def test_nor_do_the_pages_even_with_a_form_s_token(self, client: FlaskClient, written: list[str]) -> None:
        headers = {"Origin": "https://elsewhere.example", "X-CSRFToken": form_token(client)}
        assert client.post("/write", headers=headers).status_code == 403
        assert written == []

    @pytest.mark.parametrize("method", ["POST", "PATCH", "DELETE"])
    def test_no_method_that_changes_is_forgotten(self, client: FlaskClient, method: str) -> None:
        client.post("/api/engines", json=RAPTOR)
        path = "/api/engines" if method == "POST" else "/api/engines/1"
        response = client.open(path, method=method, json=RAPTOR, headers={"Sec-Fetch-Site": "cross-site"})
        assert response.status_code == 403
        assert client.get("/api/engines/1").get_json()["version"] == 1

    def test_a_link_from_elsewhere_may_lead_here(self, client: FlaskClient) -> None:
        assert client.get("/", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 200


class TestHosts:
    """A page elsewhere gives our address a name of its own."""

    @pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:5000", "localhost:5000"])
    def test_the_hosts_that_are_configured_are_served(self, make_app: MakeApp, host: str) -> None:
        app = make_app(TRUSTED_HOSTS=["127.0.0.1", "localhost"])
        assert app.test_client().get("/login", headers={"Host": host}).status_code == 200

    @pytest.mark.parametrize(
        ("trusted", "host"),
        [
            ("localhost", "LocalHost"),
            ("Engines.Example", "engines.example"),
            ("Engines.Example", "ENGINES.EXAMPLE:8443"),
            (".Engines.Example", "engines.example"),
            (".engines.example", "First.Engines.example"),
            ("[::1]", "[::1]:5000"),
            ("[2001:DB8:0::1]", "[2001:db8::1]"),
            ("b\u00fccher.example", "xn--bcher-kva.example"),
        ],
    )
    def test_names_are_compared_without_regard_to_case_and_addresses_by_what_they_mean(
        self, make_app: MakeApp, trusted: str, host: str
    ) -> None:
        client = make_app(TRUSTED_HOSTS=[trusted]).test_client()
        assert client.get("/login", headers={"Host": host}).status_code == 200

    @pytest.mark.parametrize(
        ("trusted", "host"),
        [
            ("engines.example", "first.engines.example"),
            ("engines.example", "notengines.example"),
            (".engines.example", "notengines.example"),
            ("[::1]", "[::2]"),
            ("[::1]", "[::1"),
            ("127.0.0.1", "127.0.0.1.engines.example"),
        ],
    )
    def test_what_only_looks_like_a_trusted_name_is_refused(self, make_app: MakeApp, trusted: str, host: str) -> None:
        client = make_app(TRUSTED_HOSTS=[trusted]).test_client()
        assert client.get("/login", headers={"Host": host}).status_code == 400

    @pytest.mark.parametrize(
        "host", ["elsewhere.example", "localhost.elsewhere.example", "127.0.0.2", "x<y", "[::", ""]
    )
    @pytest.mark.parametrize("path", ["/", "/nothing", "/login", "/api/engines", "/status", "/metrics"])
    def test_another_one_is_refused_in_plain_text(self, make_app: MakeApp, host: str, path: str) -> None:
        client = make_app(TRUSTED_HOSTS=["127.0.0.1", "localhost"]).test_client()
        for response in (client.get(path, headers={"Host": host}), client.post(path, headers={"Host": host})):
            assert (response.status_code, response.mimetype) == (400, "text/plain")
            assert "TRUSTED_HOSTS" in response.text

    @pytest.mark.parametrize("host", ["elsewhere.example", "127.0.0.2:8000", "[::1]:8000", "", "x<y"])
    @pytest.mark.parametrize("path", ["/healthz", "/readyz", "/healthz?from=balancer"])
    @pytest.mark.parametrize("method", ["GET", "HEAD"])
    def test_health_checks_are_answered_under_every_name(
        self, make_app: MakeApp, app: Flask, host: str, path: str, method: str
    ) -> None:
        client = make_app(TRUSTED_HOSTS=["engines.example"], STORAGE_URL=app.config["STORAGE_URL"]).test_client()
        assert client.open(path, method=method, headers={"Host": host}).status_code == 200

    @pytest.mark.parametrize("path", ["/healthz", "/readyz"])
    def test_health_checks_by_another_method_are_refused(self, make_app: MakeApp, path: str) -> None:
        client = make_app(TRUSTED_HOSTS=["engines.example"]).test_client()
        assert client.post(path, headers={"Host": "elsewhere.example"}).status_code == 400


class TestHeaders:
    """What each answer says to a browser."""

    @pytest.mark.parametrize("path", ANSWERS)
    def test_every_answer_has_them(self, client: FlaskClient, path: str) -> None:
        with client.get(path) as response:
            assert response.headers["X-Content-Type-Options"] == "nosniff"
            assert response.headers["Referrer-Policy"] == "same-origin"
            assert response.headers["Cross-Origin-Opener-Policy"] == "same-origin"
            assert response.headers["Cross-Origin-Resource-Policy"] == "same-origin"
            assert "frame-ancestors 'none'" in response.headers["Content-Security-Policy"]
            assert "unsafe" not in response.headers["Content-Security-Policy"]

    def test_an_unexpected_error_has_them_too(self, make_app: MakeApp) -> None:
        app = make_app(TESTING=False)

        @app.get("/fail")
        @needs(None)
        def fail() -> str:
            raise ZeroDivisionError

        response = app.test_client().get("/fail")
        assert (response.status_code, response.headers["X-Content-Type-Options"]) == (500, "nosniff")

    def test_a_view_may_have_a_header_of_its_own(self, app: Flask, client: FlaskClient) -> None:
        app.add_url_rule("/own", "own", needs(None)(lambda: ("", {"Cache-Control": "max-age=60"})))
        assert client.get("/own").headers.getlist("Cache-Control") == ["max-age=60"]

    def test_only_over_tls_is_tls_asked_for(self, client: FlaskClient) -> None:
        assert "Strict-Transport-Security" not in client.get("/").headers
        secure = client.get("/", base_url="https://localhost")
        assert secure.headers["Strict-Transport-Security"] == "max-age=31536000"

    def test_no_page_has_scripts_or_styles_in_it(self, client: FlaskClient) -> None:
        for path in ("/", "/login", "/nothing"):
            text = client.get(path).text
            assert re.findall(r"<script(?![^>]* src=)|<style| style=| on\w+=", text) == [], path

    @pytest.mark.parametrize("path", ["/", "/login", "/nothing"])
    def test_no_cache_gives_one_person_s_page_to_another(self, closed_app: Flask, path: str) -> None:
        client = closed_app.test_client()
        sign_in(client)
        response = client.get(path)
        assert "Cookie" in response.headers["Vary"]
        assert response.headers["Cache-Control"] == "no-store"

    def test_files_are_cached_by_whoever_likes(self, client: FlaskClient) -> None:
        with client.get("/static/style.css") as response:
            assert "no-store" not in response.headers["Cache-Control"]
            assert "Set-Cookie" not in response.headers


class TestCookie:
    """How a browser is told to treat the session's cookie."""

    def cookie(self, app: Flask, base_url: str = "https://localhost") -> str:
        return app.test_client().get("/login", base_url=base_url).headers["Set-Cookie"]

    def test_it_stays_on_this_host_over_tls_and_away_from_scripts(self, closed_app: Flask) -> None:
        name, *attributes = self.cookie(closed_app).split("; ")
        assert name.startswith("__Host-session=")
        assert set(attributes) == {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"}

    def test_without_tls_it_must_be_said_to_be_insecure(self, make_app: MakeApp) -> None:
        name, *attributes = self.cookie(make_app(SESSION_COOKIE_SECURE=False), "http://localhost").split("; ")
        assert name.startswith("session=")
        assert set(attributes) == {"HttpOnly", "Path=/", "SameSite=Lax"}

    def test_while_debugging_it_is_insecure(self, make_app: MakeApp) -> None:
        assert "Secure" not in self.cookie(make_app(DEBUG=True))

    @pytest.mark.parametrize("settings", [{"SESSION_COOKIE_PATH": "/engines"}, {"APPLICATION_ROOT": "/engines"}])
    def test_below_a_path_it_cannot_be_the_whole_host_s(self, make_app: MakeApp, settings: dict[str, str]) -> None:
        assert make_app(**settings).config["SESSION_COOKIE_NAME"] == "__Secure-session"

    def test_it_can_have_another_name(self, make_app: MakeApp) -> None:
        assert make_app(SESSION_COOKIE_NAME="engines").config["SESSION_COOKIE_NAME"] == "engines"
