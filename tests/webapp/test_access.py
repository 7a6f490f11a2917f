"""Who may do what."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from storage import Unavailable
from tests.webapp.conftest import CLOSED_PORTS, MakeApp
from tests.webapp.people import CLOSED, sign_in, token
from webapp.auth.access import Role, caller, may, needs

RAPTOR = {"title": "Raptor"}


@pytest.fixture
def stranger(closed_app: Flask) -> FlaskClient:
    """A client that shows neither a token nor a session."""
    return closed_app.test_client()


def page(app: Flask, role: Role | None) -> None:
    """Give an application a page at /page that needs a role, and says who calls."""

    @app.route("/page", methods=["GET", "POST"], endpoint="page")
    @needs(role)
    def show() -> str:
        return f"{caller()} {may(Role.READ)} {may(Role.WRITE)}"


def engines(app: Flask) -> int:
    return app.extensions["storage"].engines.count()


def test_every_view_says_which_role_it_needs(app: Flask) -> None:
    endpoints = {rule.endpoint for rule in app.url_map.iter_rules()} - {"static"}
    assert [name for name in endpoints if not hasattr(app.view_functions[name], "required_role")] == []


def test_a_view_that_says_nothing_is_refused_to_everybody(app: Flask, caplog: pytest.LogCaptureFixture) -> None:
    app.add_url_rule("/forgotten", "forgotten", lambda: "secret")
    response = app.test_client().get("/forgotten")
    assert (response.status_code, "secret" in response.text) == (403, False)
    assert "the view forgotten says nowhere which role it needs" in caplog.text


def test_every_view_that_writes_refuses_a_stranger(closed_app: Flask) -> None:
    closed_app.config["ALLOW_ANONYMOUS_READS"] = True
    for rule in closed_app.url_map.iter_rules():
        if getattr(closed_app.view_functions[rule.endpoint], "required_role", None) is Role.WRITE:
            path = rule.rule.replace("<id:id>", "1")
            for method in rule.methods - {"OPTIONS", "HEAD"}:
                response = closed_app.test_client().open(path, method=method)
                assert response.status_code in (303, 401), f"{method} {path}"


class TestApi:
    """Programs, and who else comes to the API."""

    @pytest.mark.parametrize("method", ["GET", "POST"])
    def test_a_stranger_is_asked_for_a_token(self, stranger: FlaskClient, method: str) -> None:
        response = stranger.open("/api/engines", method=method, json=RAPTOR)
        assert (response.status_code, response.content_type) == (401, "application/problem+json")
        assert response.headers["WWW-Authenticate"] == 'Bearer realm="Engine Room"'

    def test_nothing_is_written_for_a_stranger(self, closed_app: Flask, stranger: FlaskClient) -> None:
        stranger.post("/api/engines", json=RAPTOR)
        assert engines(closed_app) == 0

    def test_a_stranger_reads_where_the_configuration_says_so(self, closed_app: Flask, stranger: FlaskClient) -> None:
        closed_app.config["ALLOW_ANONYMOUS_READS"] = True
        assert stranger.get("/api/engines").status_code == 200
        assert stranger.post("/api/engines", json=RAPTOR).status_code == 401

    def test_a_stranger_reads_and_writes_where_the_configuration_says_so(self, client: FlaskClient) -> None:
        assert client.post("/api/engines", json=RAPTOR).status_code == 201
        assert client.get("/api/engines").status_code == 200

    def test_a_token_with_the_role_write_reads_and_writes(self, closed_app: Flask, stranger: FlaskClient) -> None:
        headers = token(closed_app, Role.WRITE)
        assert stranger.post("/api/engines", json=RAPTOR, headers=headers).status_code == 201
        assert stranger.get("/api/engines", headers=headers).status_code == 200

    def test_a_token_with_the_role_read_does_not_write(self, closed_app: Flask, stranger: FlaskClient) -> None:
        headers = token(closed_app, Role.READ)
        assert stranger.get("/api/engines", headers=headers).status_code == 200
        refused = stranger.post("/api/engines", json=RAPTOR, headers=headers)
        assert (refused.status_code, refused.get_json()["detail"]) == (
            403,
            "The role write is needed, which token 1 does not have.",
        )

    def test_it_does_not_write_either_where_strangers_may(self, app: Flask, client: FlaskClient) -> None:
        assert client.post("/api/engines", json=RAPTOR, headers=token(app, Role.READ)).status_code == 403

    def test_a_session_is_worth_nothing_there(self, stranger: FlaskClient) -> None:
        sign_in(stranger)
        assert stranger.get("/api/engines").status_code == 401

    def test_no_cookie_is_set_and_none_is_looked_at(self, app: Flask, client: FlaskClient) -> None:
        sign_in(client)
        response = client.get("/api/engines")
        assert "Set-Cookie" not in response.headers
        assert "Vary" not in response.headers

    def test_what_does_not_exist_needs_no_token(self, stranger: FlaskClient) -> None:
        assert stranger.get("/api/nothing").status_code == 404
        assert stranger.put("/api/engines").status_code == 405

    def test_another_scheme_is_somebody_else_s(self, client: FlaskClient) -> None:
        assert client.get("/api/engines", auth=("proxy", "password")).status_code == 200


class TestPages:
    """People."""

    def test_a_stranger_is_sent_to_sign_in_and_back(self, stranger: FlaskClient) -> None:
        response = stranger.get("/?cursor=x&q=é")
        assert (response.status_code, response.headers["Location"]) == (
            303,
            "/login?next=/?cursor%3Dx%26q%3D%25C3%25A9",
        )

    def test_after_a_form_they_come_back_to_the_page_that_had_it(
        self, closed_app: Flask, stranger: FlaskClient
    ) -> None:
        page(closed_app, Role.WRITE)
        response = stranger.post("/page", headers={"Referer": "http://localhost/engines/7"})
        assert response.headers["Location"] == "/login?next=/engines/7"

    @pytest.mark.parametrize("referrer", ["http://elsewhere.example/engines/7", "http://[", ""])
    def test_a_page_elsewhere_is_no_page_to_come_back_to(
        self, closed_app: Flask, stranger: FlaskClient, referrer: str
    ) -> None:
        page(closed_app, Role.WRITE)
        assert stranger.post("/page", headers={"Referer": referrer}).headers["Location"] == "/login?next=/"

    def test_htmx_is_told_where_the_browser_has_to_go(self, stranger: FlaskClient) -> None:
        headers = {"HX-Request": "true", "HX-Current-URL": "http://localhost/engines/7?edit=1"}
        response = stranger.get("/", headers=headers)
        assert (response.status_code, response.text) == (401, "")
        assert response.headers["HX-Redirect"] == "/login?next=/engines/7?edit%3D1"

    @pytest.mark.parametrize(
        ("name", "role", "status"),
        [("reader", Role.READ, 200), ("reader", Role.WRITE, 403), ("writer", Role.WRITE, 200), ("writer", None, 200)],
    )
    def test_a_person_does_what_their_role_allows(
        self, closed_app: Flask, stranger: FlaskClient, name: str, role: Role | None, status: int
    ) -> None:
        page(closed_app, role)
        sign_in(stranger, name)
        response = stranger.get("/page")
        assert (response.status_code, response.mimetype) == (status, "text/html")

    @pytest.mark.parametrize(
        ("name", "said"), [("reader", "user reader True False"), ("writer", "user writer True True")]
    )
    def test_a_view_is_told_who_calls(self, closed_app: Flask, stranger: FlaskClient, name: str, said: str) -> None:
        page(closed_app, None)
        assert stranger.get("/page").text == "anonymous False False"
        sign_in(stranger, name)
        assert stranger.get("/page").text == said

    def test_a_token_is_good_for_the_pages_too(self, closed_app: Flask, stranger: FlaskClient) -> None:
        page(closed_app, Role.READ)
        assert stranger.get("/page", headers=token(closed_app, Role.READ)).text == "token 1 True False"

    def test_a_person_who_was_taken_out_of_the_configuration_is_a_stranger(
        self, closed_app: Flask, stranger: FlaskClient, make_app: MakeApp
    ) -> None:
        sign_in(stranger)
        without = make_app(
            STORAGE_URL=closed_app.config["STORAGE_URL"], **CLOSED | {"USERS": {"reader": CLOSED["USERS"]["reader"]}}
        )
        assert visit(stranger, without).status_code == 303


def visit(client: FlaskClient, app: Flask, path: str = "/") -> TestResponse:
    """Have a client show its cookie to another application, such as the same one after a restart."""
    name = str(client.application.config["SESSION_COOKIE_NAME"])
    cookie = client.get_cookie(name)
    assert cookie is not None
    other = app.test_client()
    other.set_cookie(name, cookie.value)
    return other.get(path)


def test_the_templates_are_told_what_the_caller_may(closed_app: Flask) -> None:
    client, told = closed_app.test_client(), []

    @closed_app.route("/told")
    @needs(None)
    def show() -> str:
        context: dict[str, object] = {}
        closed_app.update_template_context(context)
        told.append([context[name] for name in ("may_write", "anonymous_writes", "username")])
        return ""

    client.get("/told")
    sign_in(client, "reader")
    client.get("/told")
    sign_in(client, "writer")
    client.get("/told")
    assert told == [[False, False, None], [False, False, "reader"], [True, False, "writer"]]


@pytest.mark.parametrize(("path", "status"), [("/", 503), ("/login", 503), ("/nothing", 404)])
def test_an_outage_makes_no_stranger_of_a_person_and_no_error_of_a_page(
    closed_app: Flask, make_app: MakeApp, path: str, status: int
) -> None:
    client = closed_app.test_client()
    sign_in(client)
    assert visit(client, make_app(STORAGE_URL=CLOSED_PORTS[1], **CLOSED), path).status_code == status


def test_in_an_outage_nobody_is_looked_up_twice_for_one_answer(
    closed_app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, client = [], closed_app.test_client()
    sign_in(client)

    def gone(cookie: object) -> None:
        asked.append(cookie)
        raise Unavailable("the database is gone")

    monkeypatch.setattr("webapp.auth.sessions.find", gone)
    assert (client.get("/").status_code, len(asked)) == (503, 1)


def test_a_log_may_ask_who_calls_whatever_they_send(client: FlaskClient) -> None:
    client.application.add_url_rule("/who", "who", needs(None)(caller))
    assert client.get("/who", headers={"Authorization": "Bearer er_1_x"}).text == "anonymous"


def test_a_token_that_cannot_be_looked_up_is_an_outage(closed_app: Flask, make_app: MakeApp) -> None:
    gone = make_app(STORAGE_URL=CLOSED_PORTS[1], **CLOSED).test_client()
    response = gone.get("/api/engines", headers=token(closed_app))
    assert (response.status_code, "Retry-After" in response.headers) == (503, True)


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/login", "/static/style.css"])
def test_what_everybody_may_see_asks_nobody(closed_app: Flask, path: str) -> None:
    with closed_app.test_client().get(path) as response:
        assert response.status_code == 200
