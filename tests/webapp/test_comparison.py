"""Somebody else was faster: what the pages show then, and what comes of it."""

from __future__ import annotations

import re
from html import unescape

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from storage import Engine, Storage
from webapp.pages.comparison import differences
from webapp.pages.forms import engine_texts

ACTIONS = ("edit", "fire", "delete")
MINE = {"title": "Raptor 3", "thrust": "2300", "last_fired": ""}


@pytest.fixture
def storage(app: Flask) -> Storage:
    return app.extensions["storage"]


@pytest.fixture
def seen(storage: Storage) -> dict[str, str]:
    """What a form was shown with, before somebody else sets the thrust to 2400."""
    raptor = storage.engines.add(Engine("Raptor", 2300))
    storage.engines.update(1, {"thrust": 2400})
    return {"version": "1"} | {f"was_{name}": text for name, text in engine_texts(raptor).items()}


def choices(page: TestResponse) -> list[tuple[str, str, bool]]:
    """What a comparison lets one choose from: the field, the value, and whether it is proposed."""
    found = re.findall(r'<input type="radio" name="(\w+)" value="([^"]*)"([^>]*)>', page.text)
    return [(name, unescape(value), "checked" in rest) for name, value, rest in found]


def test_an_edit_that_meets_another_is_compared_and_not_saved(
    seen: dict[str, str], storage: Storage, person: FlaskClient
) -> None:
    page = person.post("/engines/1/edit", data=MINE | seen)
    assert page.status_code == 200
    assert "Somebody else has changed <bdi>Raptor</bdi>" in page.text
    assert storage.engines.get(1) == Engine("Raptor", 2400, id=1, version=2)


def test_what_only_one_has_changed_is_proposed(seen: dict[str, str], person: FlaskClient) -> None:
    page = person.post("/engines/1/edit", data=MINE | seen)
    title = [("title", "Raptor 3", True), ("title", "Raptor", False)]
    assert choices(page) == [*title, ("thrust", "2300", False), ("thrust", "2400", True)]


def test_what_both_have_changed_must_be_chosen(seen: dict[str, str], person: FlaskClient) -> None:
    page = person.post("/engines/1/edit", data=MINE | seen | {"thrust": "2500"})
    assert [choice for choice in choices(page) if choice[0] == "thrust"] == [
        ("thrust", "2500", False),
        ("thrust", "2400", False),
    ]


def test_a_moment_that_a_browser_has_shortened_is_no_difference(storage: Storage, person: FlaskClient) -> None:
    person.post("/engines", data=MINE | {"last_fired": "2026-01-31T09:30:00"})
    storage.engines.update(1, {"thrust": 2400})
    page = person.post("/engines/1/edit", data=MINE | {"last_fired": "2026-01-31T09:30", "version": "1"})
    assert not [choice for choice in choices(page) if choice[0] == "last_fired"]


def test_what_was_chosen_is_saved_with_the_version_that_was_compared(
    seen: dict[str, str], storage: Storage, person: FlaskClient
) -> None:
    page = person.post("/engines/1/edit", data=MINE | seen)
    chosen = {name: value for name, value, proposed in choices(page) if proposed}
    version = re.findall(r'name="version" value="(\d+)"', page.text)
    assert version == ["2", "2"]
    response = person.post("/engines/1/edit", data={"last_fired": "", "version": "2"} | chosen)
    assert response.status_code == 303
    assert storage.engines.get(1) == Engine("Raptor 3", 2400, id=1, version=3)


def test_one_may_overwrite_knowingly(seen: dict[str, str], storage: Storage, person: FlaskClient) -> None:
    page = person.post("/engines/1/edit", data=MINE | seen)
    overwrite = re.search(r'<form id="overwrite".*?</form>', page.text, re.DOTALL)
    assert overwrite is not None
    person.post("/engines/1/edit", data=dict(re.findall(r'name="(\w+)" value="([^"]*)"', overwrite[0])))
    assert storage.engines.get(1) == Engine("Raptor 3", 2300, id=1, version=3)


def test_a_comparison_that_is_overtaken_is_compared_again(
    seen: dict[str, str], storage: Storage, person: FlaskClient
) -> None:
    person.post("/engines/1/edit", data=MINE | seen)
    storage.engines.update(1, {"title": "Raptor Vacuum"})
    page = person.post("/engines/1/edit", data=MINE | seen | {"version": "2"})
    assert ("title", "Raptor Vacuum", False) in choices(page)
    assert storage.engines.get(1).version == 3


@pytest.mark.parametrize("action", ["fire", "delete"])
def test_firing_and_deleting_ask_again_when_the_engine_has_changed(
    seen: dict[str, str], storage: Storage, person: FlaskClient, action: str
) -> None:
    page = person.post(f"/engines/1/{action}", data=seen)
    assert page.status_code == 200
    assert "nothing was done" in page.text
    assert "<mark>2400</mark>" in page.text
    assert "it all the same" in page.text
    assert storage.engines.get(1).version == 2
    assert person.post(f"/engines/1/{action}", data={"version": "2"}).status_code == 303


@pytest.mark.parametrize("action", ACTIONS)
def test_an_engine_that_was_deleted_meanwhile_can_be_added_again(
    seen: dict[str, str], storage: Storage, person: FlaskClient, action: str
) -> None:
    storage.engines.delete(1)
    page = person.post(f"/engines/1/{action}", data=MINE | seen)
    assert "Somebody deleted it meanwhile" in page.text
    kept = "Raptor 3" if action == "edit" else "Raptor"
    assert f'name="title" value="{kept}"' in page.text
    person.post("/engines", data={"title": kept, "thrust": "2300", "last_fired": ""})
    assert storage.engines.get(2).title == kept


@pytest.mark.parametrize("action", ACTIONS)
def test_a_change_of_nothing_that_is_known_offers_the_list(person: FlaskClient, action: str) -> None:
    data = {} if action != "edit" else MINE
    page = person.post(f"/engines/7/{action}", data=data | {"version": "1"})
    assert page.status_code == 404
    assert "Engine 7 was deleted" in page.text


def test_a_form_that_does_not_say_what_it_was_shown_with_is_compared_all_the_same() -> None:
    (title, *_) = differences(None, MINE, MINE | {"title": "Raptor"})
    assert (title.shown("was"), title.proposed) == ("not known", None)
