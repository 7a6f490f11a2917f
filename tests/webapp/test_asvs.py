"""The items of OWASP's ASVS 5.0 that docs/security.md lists, one test each; the docstring begins with the number."""

from __future__ import annotations

import ast
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from argon2 import extract_parameters
from argon2.low_level import Type
from click.testing import CliRunner
from flask import Flask, url_for
from flask.testing import FlaskClient

from storage import SignIn
from tests.webapp.conftest import CLOSED_PORTS, NOW, MakeApp
from tests.webapp.people import CLOSED, PASSWORD, form_token, post, sign_in, token
from webapp.auth.access import caller, needs
from webapp.new_user import print_entry

ROOT = Path(__file__).parents[2]
ROW = re.compile(r"^\| (\d+\.\d+\.\d+) \| .+ \| `(\w+)` \|$", re.MULTILINE)
COOKIE = "__Host-session"


def add(client: FlaskClient, **fields: Any) -> int:
    return client.post("/api/engines", json=fields).status_code


def policy(response: Any) -> list[str]:
    return response.headers["Content-Security-Policy"].split("; ")


def held(client: FlaskClient) -> str:
    """The secret of a browser's session."""
    with client.session_transaction() as session:
        return str(session.get("sign_in"))


@pytest.fixture
def person(closed_app: Flask) -> FlaskClient:
    """The browser of somebody who has signed in."""
    closed_app.add_url_rule("/who", "who", needs(None)(caller))
    client = closed_app.test_client()
    sign_in(client)
    return client


def test_values_are_never_part_of_a_query(client: FlaskClient) -> None:
    """1.2.4 Whatever a value holds, it is found as itself and finds nothing else."""
    for title in ("'; DROP TABLE engine; --", '" OR 1=1 --', "$where", '{"$gt": ""}', "%", "_"):
        assert add(client, title=title) == 201
        for parameter in ("title", "q"):
            found = client.get("/api/engines", query_string={parameter: title}).get_json()["items"]
            assert [engine["title"] for engine in found if engine["title"] == title] == [title]
            assert all(title in engine["title"] for engine in found)
    assert client.get("/api/engines?title[$ne]=x").status_code == 400


def test_input_is_what_is_expected_or_refused(client: FlaskClient) -> None:
    """2.2.1 Each field has its rule, each parameter its values, and nothing unknown is passed over."""
    assert [add(client, title=title) for title in ("", "x" * 129, "a\x00b", " a")] == [422] * 4
    assert [add(client, title="a", thrust=thrust) for thrust in (2**31, "7", 1.5)] == [422] * 3
    for query in ("sort=password", "limit=0", "limit=1001", "colour=red", "fired=perhaps", "cursor=x"):
        assert client.get(f"/api/engines?{query}").status_code == 400, query


def test_no_call_is_without_bounds(make_app: MakeApp, app: Flask) -> None:
    """2.4.1 A call reads and sends so much and no more, and the calls of an address can be bounded."""
    client = make_app(STORAGE_URL=app.config["STORAGE_URL"], RATELIMIT_DEFAULT="3 per hour").test_client()
    assert client.get("/api/engines?limit=1001").status_code == 400
    assert add(client, title="x" * 100_000) == 413
    client = client.application.test_client()
    statuses = [client.get("/api/engines/7", environ_base={"REMOTE_ADDR": "192.0.2.1"}) for _ in range(4)]
    assert [response.status_code for response in statuses] == [404, 404, 404, 429]
    assert int(statuses[-1].headers["Retry-After"]) > 0
    assert [client.get("/healthz").status_code for _ in range(5)] == [200] * 5


def test_the_cookie_goes_over_tls_alone_and_to_this_host(closed_app: Flask) -> None:
    """3.3.1 It is Secure, and its name begins with __Host-."""
    set_cookie = closed_app.test_client().get("/login").headers["Set-Cookie"]
    assert set_cookie.startswith("__Host-")
    assert "; Secure" in set_cookie


def test_the_cookie_is_not_sent_with_what_other_sites_ask_for(closed_app: Flask) -> None:
    """3.3.2 SameSite is Lax: a link from elsewhere may lead here, a form from elsewhere is nobody's."""
    assert "; SameSite=Lax" in closed_app.test_client().get("/login").headers["Set-Cookie"]


def test_no_script_reads_the_session(person: FlaskClient) -> None:
    """3.3.4 It is HttpOnly, and stands on no page."""
    assert "; HttpOnly" in sign_in(person).headers["Set-Cookie"]
    assert held(person) not in person.get("/").text + person.get("/who").text


def test_a_page_runs_nothing_that_is_not_ours(client: FlaskClient) -> None:
    """3.4.3 The policy lists what may be loaded, which is ours, and nothing inline."""
    for path in ("/", "/login", "/nothing", "/api/engines"):
        directives = policy(client.get(path))
        assert {"default-src 'none'", "object-src 'none'", "base-uri 'none'", "script-src 'self'"} <= set(directives)
        assert not any("unsafe" in directive or "*" in directive for directive in directives)


def test_no_browser_guesses_at_types(client: FlaskClient) -> None:
    """3.4.4 Every answer says nosniff, and what it is."""
    for path in ("/", "/nothing", "/healthz", "/api/engines", "/api/engines/7", "/static/style.css"):
        with client.get(path) as response:
            assert (response.headers["X-Content-Type-Options"], bool(response.mimetype)) == ("nosniff", True)


def test_nobody_else_is_told_which_page_somebody_came_from(client: FlaskClient) -> None:
    """3.4.5 The referrer is for this host alone."""
    assert client.get("/").headers["Referrer-Policy"] == "same-origin"


def test_no_page_can_be_put_into_another_one(client: FlaskClient) -> None:
    """3.4.6 No site may frame us, this one included."""
    for path in ("/", "/login", "/nothing", "/healthz", "/api/engines"):
        assert "frame-ancestors 'none'" in policy(client.get(path))


def test_a_form_from_elsewhere_changes_nothing(person: FlaskClient) -> None:
    """3.5.1 Without the session's own token, and from another site even with it."""
    assert person.post("/logout").status_code == 400
    headers = {"X-CSRFToken": form_token(person), "Origin": "https://elsewhere.example"}
    assert person.post("/logout", headers=headers).status_code == 403
    assert person.get("/who").text == "user writer"


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
def test_nothing_that_goes_without_a_preflight_changes_anything(app: Flask, client: FlaskClient, kind: str) -> None:
    """3.5.2 What a form can send is no JSON; JSON from another site is refused by its Origin."""
    assert client.post("/api/engines", data=b'{"title": "Raptor"}', content_type=kind).status_code == 415
    assert client.post("/api/engines", json={"title": "Raptor"}, headers={"Origin": "null"}).status_code == 403
    assert app.extensions["storage"].engines.count() == 0


def test_reading_methods_change_nothing(app: Flask, client: FlaskClient) -> None:
    """3.5.3 Every address is asked with each of them, and the engine is as it was."""
    assert add(client, title="Raptor") == 201
    before = client.get("/api/engines/1").get_json()
    for rule in app.url_map.iter_rules():
        with app.test_request_context():
            path = url_for(rule.endpoint, **{name: 1 if name == "id" else "style.css" for name in rule.arguments})
        for method in ("GET", "HEAD", "OPTIONS"):
            with client.open(path, method=method) as response:
                assert response.status_code < 500
    assert client.get("/api/engines/1").get_json() == before
    assert app.extensions["storage"].engines.last_id() == 1


def test_passwords_cannot_be_guessed_by_trying(make_app: MakeApp, closed_app: Flask) -> None:
    """6.3.1 After some attempts that failed the right password is not looked at either."""
    client = make_app(STORAGE_URL=closed_app.config["STORAGE_URL"], **CLOSED).test_client()
    assert [sign_in(client, f"name {number}", "wrong").status_code for number in range(10)] == [403] * 10
    assert sign_in(client, "writer", PASSWORD).status_code == 429


def test_a_session_cannot_be_guessed(person: FlaskClient) -> None:
    """7.2.3 Its secret has 256 random bits, and no two are alike."""
    secrets = []
    for _ in range(5):
        sign_in(person)
        secrets.append(held(person).partition(".")[2])
    assert (len(set(secrets)), {len(secret) for secret in secrets}) == (5, {43})


def test_signing_in_makes_a_new_session_and_ends_the_one_before(person: FlaskClient) -> None:
    """7.2.4 Also for somebody who has signed in already."""
    before = person.get_cookie(COOKIE)
    sign_in(person)
    after = person.get_cookie(COOKIE)
    assert before is not None
    assert after is not None
    assert before.value != after.value
    person.set_cookie(COOKIE, before.value)
    assert person.get("/who").text == "anonymous"


def test_a_session_that_is_over_is_over_at_the_server(person: FlaskClient) -> None:
    """7.4.1 After signing out, and after its time, a copy of the cookie opens nothing."""
    other = person.application.test_client()
    cookie = person.get_cookie(COOKIE)
    assert cookie is not None
    post(person, "/logout")
    person.set_cookie(COOKIE, cookie.value)
    assert person.get("/who").text == "anonymous"
    assert person.application.extensions["storage"].repository(SignIn).count() == 0
    sign_in(other)
    person.application.config["CLOCK"] = lambda: NOW + timedelta(hours=12)
    assert other.get("/who").text == "anonymous"


def test_passwords_are_hashed_to_be_costly() -> None:
    """11.4.2 With argon2id, in memory and time what OWASP asks for at least."""
    printed = CliRunner().invoke(print_entry, ["ada"], input=f"{PASSWORD}\n{PASSWORD}\n").stdout
    found = re.search(r"\$argon2id[^\"]+", printed)
    assert found is not None
    parameters = extract_parameters(found[0])
    assert parameters.type is Type.ID
    assert parameters.memory_cost * parameters.time_cost >= 19 * 1024 * 2


def test_nothing_is_debugged_unless_asked_for(make_app: MakeApp, monkeypatch: pytest.MonkeyPatch) -> None:
    """13.4.2 Debugging is off by itself, and whatever else than true leaves it off or is refused."""
    assert not make_app().debug
    monkeypatch.setenv("FLASK_DEBUG", "no")
    assert not make_app().debug


def test_no_cache_keeps_what_a_person_has_seen(person: FlaskClient, closed_app: Flask) -> None:
    """14.3.2 Pages and the API's answers are not stored."""
    headers = token(closed_app)
    for response in (person.get("/"), person.get("/login"), person.get("/api/engines", headers=headers)):
        assert {"no-store", "private"} & set(response.headers["Cache-Control"].split(", "))


def test_a_body_sets_what_it_is_meant_to_and_nothing_else(client: FlaskClient) -> None:
    """15.3.3 The id, the version and what is unknown are refused, at first and later."""
    assert add(client, title="Raptor") == 201
    before = client.get("/api/engines/1").get_json()
    for extra in ({"id": 7}, {"version": 7}, {"title_key": "x"}, {"__proto__": {}}, {"role": "write"}):
        assert add(client, title="Merlin", **extra) == 422
        assert client.patch("/api/engines/1", json=extra).status_code == 422
    assert client.get("/api/engines/1").get_json() == before


def test_no_type_is_taken_for_another(client: FlaskClient) -> None:
    """15.3.5 Text is no number, true is no 1, and an object is no text; in a form all is text."""
    assert [add(client, title="a", thrust=thrust) for thrust in ("7", True, 1.5, [7], {"$gt": 0})] == [422] * 5
    assert [add(client, title=title) for title in (7, True, ["a"], {"$ne": ""})] == [422] * 4
    body = {"name": "writer", "password": {"$ne": ""}}
    assert client.post("/login", json=body, headers={"X-CSRFToken": form_token(client)}).status_code == 403


def test_an_unexpected_error_tells_nothing(make_app: MakeApp) -> None:
    """16.5.1 Neither what went wrong nor where stands in the answer."""
    app = make_app(TESTING=False)

    @app.get("/api/fail", endpoint="api_fail")
    @app.get("/fail", endpoint="fail")
    @needs(None)
    def fail() -> str:
        raise ZeroDivisionError("the secret of the driver")

    for path in ("/fail", "/api/fail"):
        response = app.test_client().get(path)
        assert response.status_code == 500
        assert not re.search("secret of the driver|Traceback|ZeroDivision|File ", response.text)


def test_while_the_database_is_gone_nobody_is_let_in(make_app: MakeApp, closed_app: Flask, person: FlaskClient) -> None:
    """16.5.2 A stranger stays one, a token or a session that cannot be looked up opens nothing, the process lives."""
    gone = make_app(STORAGE_URL=CLOSED_PORTS[1], **CLOSED).test_client()
    assert gone.get("/api/engines").status_code == 401
    assert gone.get("/api/engines", headers=token(closed_app)).status_code == 503
    cookie = person.get_cookie(COOKIE)
    assert cookie is not None
    gone.set_cookie(COOKIE, cookie.value)
    assert gone.get("/").status_code == 503
    assert gone.get("/healthz").status_code == 200


def numbered_tests() -> dict[str, str]:
    """The tests of this module, by the number that opens the docstring."""
    functions = [node for node in ast.parse(Path(__file__).read_text()).body if isinstance(node, ast.FunctionDef)]
    cited = [(re.match(r"(\d+\.\d+\.\d+) ", ast.get_docstring(node) or ""), node.name) for node in functions]
    return {found[1]: name for found, name in cited if found}


def test_the_table_and_the_tests_are_the_same() -> None:
    rows = ROW.findall((ROOT / "docs/security.md").read_text())
    assert dict(rows) == numbered_tests()
    assert len(rows) == len(numbered_tests()) == 24
