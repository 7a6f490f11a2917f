"""How the pages look and are reached: by everybody, on every screen, with little on the wire."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Response, Route, expect

from storage import Engine, Storage
from tests.browser.conftest import OpenPage
from tests.browser.fleet import fleet

AXE = (Path(__file__).parent / "vendor/axe.min.js").read_text()
SERIOUS = ("serious", "critical")
PHONE = {"width": 360, "height": 740}

#: As wide as a title can be, with nowhere to break it, and written from the right.
LONG = "W" * 128
HEBREW = "מנוע \u202e(7)"


def empty(page: Page, storage: Storage) -> None:
    page.goto("/")


def fleet_page(page: Page, storage: Storage) -> None:
    seed(storage)
    page.goto("/")
    page.get_by_text("The figures").click()


def list_page(page: Page, storage: Storage) -> None:
    seed(storage)
    page.goto("/engines?sort=-thrust")


def nothing_found(page: Page, storage: Storage) -> None:
    page.goto(f"/engines?q={LONG}")


def engine_page(page: Page, storage: Storage) -> None:
    page.goto(f"/engines/{seed(storage)}")
    page.get_by_role("button", name="Fire").click()
    expect(page.get_by_role("status")).to_be_visible()


def refused(page: Page, storage: Storage) -> None:
    page.goto("/engines/new")
    page.get_by_label("Title").fill("  ")
    page.get_by_role("button", name="Add the engine").click()
    expect(page.locator("#title-problem")).to_be_visible()


def editing(page: Page, storage: Storage) -> None:
    page.goto(f"/engines/{seed(storage)}/edit")


def deleting(page: Page, storage: Storage) -> None:
    page.goto(f"/engines/{seed(storage)}/delete")


def comparing(page: Page, storage: Storage) -> None:
    id = seed(storage)
    page.goto(f"/engines/{id}/edit")
    page.get_by_label("Thrust").fill("7")
    storage.engines.update(id, {"thrust": 8, "title": "V" * 128})
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("button", name="Save what is chosen")).to_be_visible()


def looking_again(page: Page, storage: Storage) -> None:
    id = seed(storage)
    page.goto(f"/engines/{id}")
    storage.engines.update(id, {"thrust": 8})
    page.get_by_role("button", name="Fire").click()
    expect(page.get_by_role("button", name="Fire it all the same")).to_be_visible()


def gone(page: Page, storage: Storage) -> None:
    id = seed(storage)
    page.goto(f"/engines/{id}")
    storage.engines.delete(id)
    page.get_by_role("button", name="Fire").click()
    expect(page.get_by_role("button", name="Add it again")).to_be_visible()


def missing(page: Page, storage: Storage) -> None:
    page.goto("/engines/9223372036854775807")


VIEWS = [
    empty, fleet_page, list_page, nothing_found, engine_page, refused, editing, deleting, comparing, looking_again,
    gone, missing,
]  # fmt: skip
Visit = Callable[[Page, Storage], None]
each_view = pytest.mark.parametrize("visit", VIEWS, ids=lambda visit: visit.__name__)


def seed(storage: Storage) -> int:
    """Fill the list with engines of every kind, and return the id of one whose title is as long as can be."""
    return storage.engines.add_many([*fleet(), Engine(HEBREW, -5), Engine(LONG, 2**31 - 1)])[-1].id or 0


def faults(page: Page) -> list[str]:
    """What axe-core finds that keeps people from using a page."""
    # Evaluated rather than added to the page, whose policy admits no script of ours.
    page.evaluate(AXE)
    found: dict[str, Any] = page.evaluate("axe.run()")
    return [
        f"{fault['id']}: {node['html']}"
        for fault in found["violations"]
        if fault["impact"] in SERIOUS
        for node in fault["nodes"]
    ]


@each_view
def test_nothing_keeps_people_from_using_a_page_in_light_and_in_dark(
    open_page: OpenPage, storage: Storage, visit: Visit
) -> None:
    page = open_page(reduced_motion="reduce")
    visit(page, storage)
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        assert (scheme, faults(page)) == (scheme, [])


@each_view
def test_a_page_fits_a_phone(open_page: OpenPage, storage: Storage, visit: Visit) -> None:
    page = open_page(viewport=PHONE)
    visit(page, storage)
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]


def test_dark_is_dark_and_light_is_light(page: Page) -> None:
    page.goto("/engines")
    grounds = []
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        grounds.append(page.evaluate("getComputedStyle(document.documentElement).backgroundColor"))
    assert grounds == ["rgb(255, 255, 255)", "rgb(19, 23, 31)"]


def test_the_first_stop_of_the_keyboard_skips_to_the_content(page: Page) -> None:
    page.goto("/engines")
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to the content")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Add an engine")).to_be_focused()


def test_every_stop_of_the_keyboard_is_seen(page: Page, storage: Storage) -> None:
    storage.engines.add(Engine("Raptor", 2300))
    page.goto("/engines")
    stops = page.locator("a, button, input:not([type=hidden])").count()
    for _ in range(stops):
        page.keyboard.press("Tab")
        seen = "getComputedStyle(document.activeElement)"
        assert page.evaluate(f"{seen}.outlineStyle !== 'none' && {seen}.outlineWidth !== '0px'")


def test_an_engine_is_added_with_the_keyboard_alone(page: Page, storage: Storage) -> None:
    page.goto("/engines/new")
    page.keyboard.type("Raptor")
    page.keyboard.press("Tab")
    page.keyboard.type("2300")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Raptor was added.")).to_be_visible()
    assert [engine.thrust for engine in storage.engines.scan()] == [2300]


def test_a_title_from_right_to_left_turns_nothing_beside_it(page: Page, storage: Storage) -> None:
    storage.engines.add(Engine(HEBREW, -5))
    page.goto("/engines")
    expect(page.locator("tbody bdi")).to_have_css("unicode-bidi", "isolate")
    title, thrust = page.locator("tbody bdi").bounding_box(), page.locator("tbody data").bounding_box()
    assert title is not None
    assert thrust is not None
    assert title["x"] < thrust["x"]


def test_the_list_takes_less_than_100_kb_over_the_wire(page: Page, storage: Storage) -> None:
    storage.engines.add_many(fleet())
    answers: list[Response] = []
    page.on("response", lambda answer: answers.append(answer))
    page.goto("/engines", wait_until="networkidle")
    assert len({answer.url for answer in answers}) == 6
    sizes = [answer.request.sizes() for answer in answers]
    assert sum(size["responseBodySize"] + size["responseHeadersSize"] for size in sizes) < 100_000


def test_the_list_does_not_load_what_draws(page: Page, storage: Storage) -> None:
    storage.engines.add_many(fleet())
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto("/engines", wait_until="networkidle")
    assert not [url for url in asked if "uPlot" in url or "chart" in url]


def test_a_second_page_fetches_no_file_again(page: Page) -> None:
    transferred = "performance.getEntriesByType('resource').map((entry) => entry.transferSize)"
    page.goto("/engines", wait_until="networkidle")
    assert sum(page.evaluate(transferred)) > 20_000
    page.goto("/engines/new", wait_until="networkidle")
    assert set(page.evaluate(transferred)) == {0}


# Whether there is a first paint, some frames from now at the latest.
PAINTED = """async () => {
    const painted = () => performance.getEntriesByName("first-contentful-paint").length === 1;
    for (let frame = 0; frame < 300 && !painted(); frame += 1) await new Promise(requestAnimationFrame);
    return painted();
}"""


def test_what_is_painted_first_waits_for_no_script(page: Page, storage: Storage) -> None:
    storage.engines.add_many(fleet())
    waiting: list[Route] = []
    page.route("**/*.js*", lambda route: waiting.append(route))
    page.goto("/engines", wait_until="commit")
    expect(page.locator("#list tbody tr")).to_have_count(25)
    assert page.evaluate(PAINTED)
    assert len(waiting) == 2
    for route in waiting:
        route.continue_()
    page.wait_for_load_state("networkidle")


def test_the_policy_holds_on_every_page(page: Page, storage: Storage) -> None:
    storage.engines.add_many(fleet())
    page.add_init_script(
        "window.broken = []; addEventListener('securitypolicyviolation', e => broken.push(e.blockedURI))"
    )
    for path in ("/", "/engines", "/engines/new"):
        page.goto(path, wait_until="networkidle")
        assert page.evaluate("window.broken") == []
