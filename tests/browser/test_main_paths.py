"""What people come for: with scripts and without, on SQL, and the most of it on MongoDB."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from storage import Engine, NotFound, Storage
from tests.browser.fleet import fleet

with_and_without_scripts = pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
everywhere = pytest.mark.parametrize(
    ("kind", "scripts"),
    [("sqlite", True), ("sqlite", False), ("mongodb", True)],
    ids=["scripts", "no-scripts", "mongodb"],
)


@pytest.fixture
def raptor(storage: Storage) -> Engine:
    return storage.engines.add(Engine("Raptor", 2300))


def titles(page: Page) -> list[str]:
    """The titles in the list."""
    return page.locator("#list tbody th").all_inner_texts()


@everywhere
def test_the_empty_fleet_takes_its_first_engine(page: Page, storage: Storage) -> None:
    page.goto("/")
    expect(page.get_by_role("heading", name="No engines yet")).to_be_visible()
    page.get_by_label("Title").fill("Raptor")
    page.get_by_label("Thrust").fill("2300")
    page.get_by_role("button", name="Add the first engine").click()
    expect(page.get_by_role("status")).to_have_text("Raptor was added.")
    assert [engine.thrust for engine in storage.engines.scan()] == [2300]


@with_and_without_scripts
def test_an_engine_is_added_from_the_list(page: Page, storage: Storage) -> None:
    page.goto("/engines")
    page.get_by_role("link", name="Add an engine").click()
    # The list has a field of nearly that name.
    expect(page.get_by_role("heading", name="A new engine")).to_be_visible()
    page.get_by_label("Title").fill("Vulcain")
    page.get_by_label("Last fired").fill("2026-01-31T09:30:15")
    page.get_by_label("Title").press("Enter")
    expect(page.get_by_role("heading", name="Vulcain")).to_be_visible()
    expect(page.locator("time")).to_have_attribute("datetime", "2026-01-31T09:30:15.000Z")


@with_and_without_scripts
def test_what_is_wrong_is_said_beside_its_field(page: Page, storage: Storage) -> None:
    page.goto("/engines/new")
    page.get_by_label("Title").fill("   ")
    page.get_by_label("Thrust").fill("7")
    page.get_by_role("button", name="Add the engine").click()
    expect(page.locator("#title-problem")).to_have_text("Title must have 1 to 128 characters, not 0.")
    expect(page.get_by_label("Thrust")).to_have_value("7")
    assert storage.engines.count() == 0


@everywhere
def test_an_engine_is_edited(page: Page, raptor: Engine, storage: Storage) -> None:
    page.goto(f"/engines/{raptor.id}")
    page.get_by_role("link", name="Edit").click()
    page.get_by_label("Title").fill("Raptor 3")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status")).to_have_text("Raptor 3 was changed.")
    assert storage.engines.get(raptor.id) == Engine("Raptor 3", 2300, id=raptor.id, version=2)


@everywhere
def test_an_engine_is_fired(page: Page, raptor: Engine) -> None:
    page.goto(f"/engines/{raptor.id}")
    page.get_by_role("button", name="Fire").click()
    expect(page.get_by_role("status")).to_have_text("Raptor has fired.")
    expect(page.locator("time")).to_have_text("2026-01-31 09:30:00 UTC")


@everywhere
def test_a_deletion_is_confirmed(page: Page, raptor: Engine, storage: Storage) -> None:
    page.goto(f"/engines/{raptor.id}")
    page.get_by_role("link", name="Delete").click()
    page.get_by_role("link", name="Keep it").click()
    assert storage.engines.count() == 1
    page.get_by_role("link", name="Delete").click()
    page.get_by_role("button", name="Delete it").click()
    expect(page.get_by_text(f"Engine {raptor.id} was deleted.")).to_be_visible()
    assert storage.engines.count() == 0


@everywhere
def test_the_list_is_searched(page: Page, storage: Storage) -> None:
    storage.engines.add_many(fleet())
    page.goto("/engines?sort=title")
    page.get_by_role("searchbox").fill("MERLIN")
    page.get_by_role("button", name="Search").click()
    expect(page.get_by_text("2 engines with “MERLIN” in the title")).to_be_visible()
    assert titles(page) == ["Merlin", "Merlin Vacuum"]


@with_and_without_scripts
def test_the_list_is_sorted_by_its_headings(page: Page, storage: Storage) -> None:
    storage.engines.add_many(fleet())
    page.goto("/engines")
    page.get_by_role("link", name="Thrust").click()
    expect(page.get_by_role("columnheader", name="Thrust")).to_have_attribute("aria-sort", "descending")
    assert titles(page)[:2] == ["Nova", "Raptor"]
    page.get_by_role("link", name="Thrust").click()
    expect(page.get_by_role("columnheader", name="Thrust")).to_have_attribute("aria-sort", "ascending")
    assert titles(page)[:2] == ["Peregrine", "Sparrow"]


@everywhere
def test_the_list_is_paged(page: Page, storage: Storage) -> None:
    storage.engines.add_many(fleet())
    page.goto("/engines?sort=-thrust")
    first = titles(page)
    page.get_by_role("link", name="Next page").click()
    expect(page.get_by_role("link", name="First page")).to_be_visible()
    second = titles(page)
    by_thrust = sorted(fleet(), key=lambda engine: -engine.thrust)
    assert first + second == [engine.title for engine in by_thrust]
    page.get_by_role("link", name="First page").click()
    expect(page.get_by_role("link", name="Next page")).to_be_visible()
    assert titles(page) == first


@everywhere
def test_two_edits_are_compared_field_by_field(page: Page, raptor: Engine, storage: Storage) -> None:
    page.goto(f"/engines/{raptor.id}/edit")
    page.get_by_label("Title").fill("Raptor 3")
    page.get_by_label("Thrust").fill("2500")
    storage.engines.update(raptor.id, {"thrust": 2400})
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", name="Somebody else has changed Raptor")).to_be_visible()
    expect(page.get_by_label("Title: yours")).to_be_checked()
    page.get_by_label("Thrust: theirs").check()
    page.get_by_role("button", name="Save what is chosen").click()
    expect(page.get_by_role("status")).to_have_text("Raptor 3 was changed.")
    assert storage.engines.get(raptor.id) == Engine("Raptor 3", 2400, id=raptor.id, version=3)


@with_and_without_scripts
def test_one_may_overwrite_knowingly(page: Page, raptor: Engine, storage: Storage) -> None:
    page.goto(f"/engines/{raptor.id}/edit")
    page.get_by_label("Thrust").fill("2500")
    storage.engines.update(raptor.id, {"title": "Raptor Vacuum", "thrust": 2400})
    page.get_by_role("button", name="Save").click()
    page.get_by_role("button", name="Overwrite with all of mine").click()
    expect(page.get_by_role("status")).to_have_text("Raptor was changed.")
    assert storage.engines.get(raptor.id) == Engine("Raptor", 2500, id=raptor.id, version=3)


@with_and_without_scripts
def test_a_deletion_of_what_somebody_has_changed_asks_again(page: Page, raptor: Engine, storage: Storage) -> None:
    page.goto(f"/engines/{raptor.id}/delete")
    storage.engines.update(raptor.id, {"thrust": 2400})
    page.get_by_role("button", name="Delete it").click()
    expect(page.locator("mark")).to_have_text("2400")
    page.get_by_role("button", name="Delete it all the same").click()
    expect(page.get_by_text(f"Engine {raptor.id} was deleted.")).to_be_visible()


@with_and_without_scripts
def test_an_edit_of_what_somebody_has_deleted_can_be_added_again(page: Page, raptor: Engine, storage: Storage) -> None:
    page.goto(f"/engines/{raptor.id}/edit")
    page.get_by_label("Title").fill("Raptor 3")
    storage.engines.delete(raptor.id)
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", name=f"Engine {raptor.id} was deleted")).to_be_visible()
    page.get_by_role("button", name="Add it again").click()
    expect(page.get_by_role("status")).to_have_text("Raptor 3 was added.")
    with pytest.raises(NotFound):
        storage.engines.get(raptor.id)


@with_and_without_scripts
def test_an_id_that_scripts_cannot_hold_is_kept_to_the_last_digit(page: Page, storage: Storage) -> None:
    # Not the largest of all: later tests are given the ids after it.
    id = storage.engines.last_id() + 1 if storage.engines.last_id() > 2**62 else 2**63 - 2**20 - 1
    storage.engines.put_many([Engine("Largest", id=id, version=1)])
    page.goto("/engines")
    expect(page.get_by_role("cell", name=re.compile(rf"^{id}$"))).to_be_visible()
    page.get_by_role("link", name="Largest").click()
    page.get_by_role("button", name="Fire").click()
    expect(page.get_by_role("status")).to_have_text("Largest has fired.")
    assert storage.engines.get(id).version == 2
