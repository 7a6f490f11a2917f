"""The pages for people, as a browser without scripts gets them."""

from __future__ import annotations

import re
from html import unescape

import pytest
from flask import Flask, render_template
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from storage import Engine, Storage
from tests.webapp.conftest import MakeApp

LARGEST_ID = 2**63 - 1


@pytest.fixture
def storage(app: Flask) -> Storage:
    return app.extensions["storage"]


@pytest.fixture
def raptor(storage: Storage) -> Engine:
    return storage.engines.add(Engine("Raptor", 2300))


def form(response: TestResponse, action: str = "") -> dict[str, str]:
    """The fields of a page's form and what they hold, as a browser would send them."""
    (found,) = re.findall(rf'<form[^>]*method="post"[^>]*action="{action}[^>]*>(.*?)</form>', response.text, re.DOTALL)
    fields = re.findall(r'<input[^>]* name="([^"]+)"[^>]*? value="([^"]*)"', found)
    return {name: unescape(value) for name, value in fields}


def titles(response: TestResponse) -> list[str]:
    """The titles in the list of a page."""
    return [unescape(title) for title in re.findall(r'class="title"><a[^>]*><bdi>([^<]*)</bdi>', response.text)]


# The fleet


def test_the_first_page_says_which_backend_serves_it(fresh_app: Flask) -> None:
    storage = fresh_app.extensions["storage"]
    storage.migrations.upgrade()
    text = fresh_app.test_client().get("/").text
    assert f"Served by {storage.server_version()} (<code>{storage.backend}</code>)" in text


def test_an_empty_fleet_begins_with_a_form(person: FlaskClient) -> None:
    page = person.get("/")
    assert "No engines yet" in page.text
    person.post("/engines", data=form(page) | {"title": "Raptor", "thrust": "2300"})
    assert titles(person.get("/")) == ["Raptor"]


def test_the_fleet_shows_the_strongest_of_many(storage: Storage, person: FlaskClient) -> None:
    storage.engines.add_many(Engine(f"Engine {number}", number) for number in range(1, 31))
    page = person.get("/")
    assert "Thrust of the 12 strongest" in page.text
    assert titles(page) == [f"Engine {number}" for number in range(30, 18, -1)]


def test_the_fleet_names_those_that_were_fired_lately(raptor: Engine, person: FlaskClient) -> None:
    assert "None has fired yet" in person.get("/").text
    person.post("/engines/1/fire", data={"version": "1"})
    assert '<time datetime="2026-01-31T09:30:00.123Z">2026-01-31 09:30:00 UTC</time>' in person.get("/").text


# The list


def test_the_list_shows_every_field_of_an_engine(raptor: Engine, person: FlaskClient) -> None:
    person.post("/engines/1/fire", data={"version": "1"})
    text = person.get("/engines").text
    assert '<a href="/engines/1"><bdi>Raptor</bdi></a>' in text
    assert '<data value="2300">2,300</data>' in text
    assert '<time datetime="2026-01-31T09:30:00.123Z">2026-01-31 09:30:00 UTC</time>' in text


@pytest.mark.parametrize(
    "path", ["/", "/engines", "/engines/1", "/engines/1/edit", "/engines/1/delete", "/engines?q=<"]
)
def test_a_title_that_looks_like_a_script_is_shown_as_text(storage: Storage, person: FlaskClient, path: str) -> None:
    storage.engines.add(Engine('<script>alert("1")</script>'))
    text = person.get(path).text
    assert "&lt;script&gt;alert(&#34;1&#34;)&lt;/script&gt;" in text
    assert "<script>" not in text


def test_the_link_to_the_next_page_shows_the_rest_and_leads_back_to_the_first(
    storage: Storage, person: FlaskClient
) -> None:
    storage.engines.add_many(Engine(f"Engine {number:02}") for number in range(1, 27))
    link = re.search(r'<a rel="next" href="([^"]+)"', person.get("/engines?q=engine&sort=title").text)
    assert link is not None
    second = person.get(unescape(link[1]))
    assert titles(second) == ["Engine 26"]
    assert 'rel="next"' not in second.text
    first = re.search(r'<a rel="first" href="([^"]+)"', second.text)
    assert first is not None
    assert titles(person.get(unescape(first[1])))[0] == "Engine 01"


@pytest.mark.parametrize(
    ("sort", "wanted", "state"),
    [
        ("thrust", ["Vinci", "Raptor"], "ascending"),
        ("-thrust", ["Raptor", "Vinci"], "descending"),
        ("title", ["Raptor", "Vinci"], "ascending"),
        ("-id", ["Vinci", "Raptor"], "descending"),
    ],
)
def test_the_list_says_by_which_column_it_is_sorted(
    storage: Storage, person: FlaskClient, sort: str, wanted: list[str], state: str
) -> None:
    storage.engines.add_many([Engine("Raptor", 2300), Engine("Vinci", 180)])
    page = person.get(f"/engines?sort={sort}")
    assert titles(page) == wanted
    assert re.findall(r'aria-sort="(\w+)"><a id="sort-(\w+)"', page.text) == [(state, sort.removeprefix("-"))]


def test_a_search_that_finds_nothing_says_so_and_leads_back(raptor: Engine, person: FlaskClient) -> None:
    text = person.get("/engines?q=<vulcain>").text
    assert "No engine has “<bdi>&lt;vulcain&gt;</bdi>” in its title" in text
    assert 'href="/engines">Show all of them' in text


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("/engines?cursor=x", "cursor is damaged"),
        ("/engines?sort=version", "sort must be one of"),
        ("/engines?q=a%00b", "q the text to search for"),
        ("/engines?sort=id&sort=title", "sort is given more than once"),
        ("/?colour=red", "colour is no parameter"),
    ],
)
def test_a_wrong_parameter_is_a_page_with_400_and_a_way_back(person: FlaskClient, path: str, problem: str) -> None:
    response = person.get(path)
    assert (response.status_code, response.mimetype) == (400, "text/html")
    assert problem.split()[0] in response.text
    assert 'href="/engines"' in response.text


# One engine


def test_an_added_engine_is_shown_after_a_redirection(person: FlaskClient) -> None:
    response = person.post("/engines", data={"title": " Raptor ", "thrust": "2300", "last_fired": "2026-01-31T09:30"})
    assert (response.status_code, response.headers["Location"]) == (303, "/engines/1")
    text = person.get("/engines/1").text
    assert "Raptor was added." in text
    assert '<time datetime="2026-01-31T09:30:00.000Z">' in text


@pytest.mark.parametrize(
    ("field", "text", "problem"),
    [
        ("title", "", "Title must have 1 to 128 characters, not 0."),
        ("title", "x" * 129, "Title must have 1 to 128 characters, not 129."),
        ("title", "a\x00b", "Title must not hold the control character U+0000."),
        ("thrust", "strong", "Thrust must be a whole number."),
        ("thrust", "", "Thrust must be a whole number."),
        ("thrust", "1.5", "Thrust must be a whole number."),
        ("thrust", "2147483648", "Thrust must be from -2147483648 to 2147483647."),
        ("thrust", "9" * 5000, "Thrust must be a whole number."),
        ("last_fired", "yesterday", "Last fired must be a date and a time in UTC"),
        ("last_fired", "2026-02-30T09:30", "Last fired names no moment that exists: 2026-02-30T09:30."),
        ("last_fired", "0999-12-31T09:30", "Last fired must be in the years 1000 to 9999."),
    ],
)
def test_what_is_wrong_stands_beside_its_field_and_the_input_is_kept(
    person: FlaskClient, field: str, text: str, problem: str
) -> None:
    sent = {"title": "Merlin", "thrust": "914", "last_fired": ""} | {field: text}
    response = person.post("/engines", data=sent)
    assert response.status_code == 422
    marked = re.search(rf'<input id="{field}"[^>]* aria-describedby="{field}-problem"', response.text)
    said = re.search(rf'<small id="{field}-problem"[^>]*>([^<]*)</small>', response.text)
    assert marked
    assert said is not None
    assert problem in unescape(said[1])
    assert form(response).items() >= sent.items()


def test_an_edit_that_is_wrong_keeps_its_input_and_its_version(raptor: Engine, person: FlaskClient) -> None:
    sent = form(person.get("/engines/1/edit")) | {"title": "Merlin", "thrust": "strong"}
    response = person.post("/engines/1/edit", data=sent)
    assert "Thrust must be a whole number." in response.text
    for name in ("csrf_token", "form_key"):
        sent.pop(name)
    assert form(response).items() >= sent.items()


def test_a_saved_form_that_nobody_touched_changes_no_field(storage: Storage, person: FlaskClient) -> None:
    person.post("/engines", data={"title": "Raptor", "thrust": "-7", "last_fired": "2026-01-31 09:30:00.123"})
    before = storage.engines.get(1)
    person.post("/engines/1/edit", data=form(person.get("/engines/1/edit")))
    after = storage.engines.get(1)
    assert (after.title, after.thrust, after.last_fired) == (before.title, before.thrust, before.last_fired)
    assert after.version == 2


def test_a_deletion_asks_first(raptor: Engine, storage: Storage, person: FlaskClient) -> None:
    question = person.get("/engines/1/delete")
    assert storage.engines.count() == 1
    response = person.post("/engines/1/delete", data=form(question))
    assert (response.status_code, response.headers["Location"]) == (303, "/engines")
    assert storage.engines.count() == 0
    assert "Engine 1 was deleted." in person.get("/engines").text


@pytest.mark.parametrize("path", ["/engines/7", "/engines/7/edit", "/engines/7/delete", "/engines/9223372036854775808"])
def test_an_engine_that_does_not_exist_is_a_page_with_404(person: FlaskClient, path: str) -> None:
    response = person.get(path)
    assert (response.status_code, response.mimetype) == (404, "text/html")
    assert 'href="/engines"' in response.text


def test_an_id_that_scripts_cannot_hold_is_kept_to_the_last_digit(storage: Storage, person: FlaskClient) -> None:
    storage.engines.put_many([Engine("Last", id=LARGEST_ID, version=1)])
    assert f'href="/engines/{LARGEST_ID}"' in person.get("/engines").text
    person.post(f"/engines/{LARGEST_ID}/fire", data=form(person.get(f"/engines/{LARGEST_ID}")))
    assert storage.engines.get(LARGEST_ID).version == 2


@pytest.mark.parametrize("version", [{}, {"version": ""}, {"version": "0"}, {"version": "9223372036854775808"}])
@pytest.mark.parametrize("action", ["edit", "fire", "delete"])
def test_a_form_without_a_version_is_refused(
    raptor: Engine, storage: Storage, person: FlaskClient, action: str, version: dict[str, str]
) -> None:
    response = person.post(f"/engines/1/{action}", data={"title": "Merlin", "thrust": "1"} | version)
    assert (response.status_code, storage.engines.get(1)) == (400, raptor)
    assert "load its page again" in response.text


@pytest.mark.parametrize("problems", [{"thrust": "is wrong"}, [{"field": "thrust", "detail": "is wrong"}]])
def test_the_page_of_an_error_lists_the_problems_in_either_form(app: Flask, problems: object) -> None:
    with app.test_request_context("/"):
        text = render_template("error.html", title="Unprocessable Entity", detail="", problems=problems)
    assert "<li>thrust is wrong</li>" in text


# Who may, and from where


@pytest.mark.parametrize("path", ["/engines", "/engines/1/edit", "/engines/1/fire", "/engines/1/delete"])
def test_a_form_without_its_token_is_a_page_with_400(
    raptor: Engine, client: FlaskClient, storage: Storage, path: str
) -> None:
    response = client.post(path, data={"title": "Merlin", "thrust": "1", "version": "1"})
    assert (response.status_code, response.mimetype) == (400, "text/html")
    assert list(storage.engines.scan()) == [raptor]


def test_every_page_says_that_anybody_can_write(raptor: Engine, person: FlaskClient) -> None:
    for path in ("/", "/engines", "/engines/1", "/engines/1/edit", "/engines/7"):
        assert "Anybody who reaches this address can add, change and delete engines." in person.get(path).text


@pytest.mark.parametrize("path", ["/", "/engines", "/engines/1"])
def test_who_may_only_read_is_shown_nothing_to_write_with(
    make_app: MakeApp, raptor: Engine, app: Flask, path: str
) -> None:
    reading = make_app(STORAGE_URL=app.config["STORAGE_URL"])
    reading.context_processor(lambda: {"may_write": False, "anonymous_writes": False})
    text = reading.test_client().get(path).text
    assert "Raptor" in text
    assert 'method="post"' not in text
    assert not re.search(r"/new|/edit|/delete|Anybody", text)


def test_an_empty_fleet_says_to_who_may_only_read_that_others_fill_it(make_app: MakeApp, app: Flask) -> None:
    reading = make_app(STORAGE_URL=app.config["STORAGE_URL"])
    reading.context_processor(lambda: {"may_write": False})
    text = reading.test_client().get("/").text
    assert "once somebody who may write has added an engine" in text
    assert "<form" not in text
