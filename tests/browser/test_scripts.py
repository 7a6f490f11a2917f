"""What scripts add: the same pages, quicker, and a picture."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, Route, expect

from storage import Engine, Storage
from tests.browser.conftest import OpenPage
from tests.browser.fleet import fleet

#: What is set on a window is gone with the next page that is loaded.
MARK = "window.marked = true"
IS_MARKED = "window.marked === true"

COLOURED = """(colour) => {
    const canvas = document.querySelector("#chart canvas");
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    let found = 0;
    for (let i = 0; i < data.length; i += 4) {
        if (data[i] === colour[0] && data[i + 1] === colour[1] && data[i + 2] === colour[2]) found += 1;
    }
    return found;
}"""
# Playwright's own waiting evaluates text within the page, which the policy forbids.
SOON = f"""async (colour) => {{
    const count = {COLOURED};
    for (let frame = 0; frame < 300 && !count(colour); frame += 1) await new Promise(requestAnimationFrame);
    return count(colour);
}}"""
ACCENT = [0xE2, 0x62, 0x2B]


@pytest.fixture
def engines(storage: Storage) -> list[Engine]:
    return storage.engines.add_many(fleet())


@pytest.mark.usefixtures("engines")
def test_the_list_follows_what_is_typed_and_keeps_the_focus(page: Page) -> None:
    page.goto("/engines")
    page.evaluate(MARK)
    page.get_by_role("searchbox").press_sequentially("merl")
    expect(page.locator("#list tbody tr")).to_have_count(2)
    expect(page).to_have_url("/engines?q=merl")
    expect(page.get_by_role("searchbox")).to_be_focused()
    assert page.evaluate(IS_MARKED)


@pytest.mark.usefixtures("engines")
def test_what_was_typed_keeps_the_order(page: Page) -> None:
    page.goto("/engines?sort=-thrust")
    page.get_by_role("searchbox").press_sequentially("merl")
    expect(page.locator("#list tbody th")).to_have_text(["Merlin Vacuum", "Merlin"])


@pytest.mark.usefixtures("engines")
def test_a_heading_sorts_without_another_page_and_back_undoes_it(page: Page) -> None:
    page.goto("/engines")
    page.evaluate(MARK)
    page.get_by_role("link", name="Title").click()
    expect(page).to_have_url("/engines?sort=title")
    expect(page.locator("#list tbody th").first).to_have_text("Aeon")
    page.go_back()
    expect(page.locator("#list tbody th").first).to_have_text("Raptor")
    assert page.evaluate(IS_MARKED)


def test_an_engine_is_edited_in_place(page: Page, engines: list[Engine]) -> None:
    page.goto(f"/engines/{engines[0].id}")
    page.evaluate(MARK)
    page.get_by_role("link", name="Edit").click()
    expect(page.get_by_label("Title")).to_be_focused()
    expect(page).to_have_url(f"/engines/{engines[0].id}")
    page.get_by_label("Thrust").fill("2400")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("2,400")).to_be_visible()
    assert page.evaluate(IS_MARKED)


def test_an_edit_that_is_cancelled_shows_the_engine_again(page: Page, engines: list[Engine]) -> None:
    page.goto(f"/engines/{engines[0].id}")
    page.get_by_role("link", name="Edit").click()
    page.get_by_label("Thrust").fill("2400")
    page.get_by_role("link", name="Cancel").click()
    expect(page.get_by_text("2,300")).to_be_visible()


def test_a_page_that_was_fetched_has_its_title_and_the_focus(page: Page, engines: list[Engine]) -> None:
    page.goto("/engines")
    page.get_by_role("link", name="Raptor").click()
    expect(page).to_have_title("Raptor – Engine Room")
    expect(page.locator("#main")).to_be_focused()


def test_a_slash_leads_to_the_search_and_is_a_letter_there(page: Page) -> None:
    page.goto("/engines")
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox")).to_have_value("/")


def test_when_nobody_answers_the_page_says_so_and_keeps_its_input(
    page: Page, engines: list[Engine], complaints: list[str]
) -> None:
    page.goto(f"/engines/{engines[0].id}/edit")
    page.get_by_label("Title").fill("Raptor 3")
    page.route("**/edit", lambda route: route.abort())
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_contain_text("The server did not answer as it should")
    expect(page.get_by_label("Title")).to_have_value("Raptor 3")
    page.unroute_all()
    complaints.clear()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Raptor 3 was changed.")).to_be_visible()
    expect(page.locator("#trouble")).to_be_hidden()


def test_a_page_without_the_part_that_was_asked_for_is_loaded_whole(
    page: Page, engines: list[Engine], storage: Storage
) -> None:
    page.goto(f"/engines/{engines[0].id}")
    storage.engines.delete(engines[0].id)
    page.get_by_role("link", name="Edit").click()
    expect(page.get_by_role("heading", name="Not Found")).to_be_visible()


def test_a_button_is_pressed_once(page: Page, engines: list[Engine], storage: Storage) -> None:
    page.goto(f"/engines/{engines[0].id}")
    waiting: list[Route] = []
    page.route("**/fire", lambda route: waiting.append(route))
    page.get_by_role("button", name="Fire").click()
    expect(page.get_by_role("button", name="Fire")).to_be_disabled()
    waiting.pop().continue_()
    expect(page.get_by_text("Raptor has fired.")).to_be_visible()
    expect(page.get_by_role("button", name="Fire")).to_be_enabled()


def test_a_page_that_is_not_ours_replaces_nothing(page: Page, engines: list[Engine], complaints: list[str]) -> None:
    def answer(route: Route) -> None:
        route.fulfill(status=502, content_type="text/html", body="<h1>Bad gateway</h1>")

    page.goto(f"/engines/{engines[0].id}/edit")
    page.route("**/edit", answer)
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.get_by_label("Title")).to_have_value("Raptor")
    assert len(complaints) == 1
    assert "502" in complaints.pop()


@pytest.mark.usefixtures("engines")
def test_the_thrust_of_the_fleet_is_drawn(page: Page) -> None:
    page.goto("/")
    expect(page.locator("#chart canvas")).to_be_visible()
    expect(page.locator("#figures table")).to_be_hidden()
    assert page.evaluate(COLOURED, ACCENT) > 10_000
    page.get_by_text("The figures").click()
    expect(page.locator("#figures tbody tr")).to_have_count(12)


@pytest.mark.usefixtures("engines")
def test_the_picture_follows_the_width_and_the_light(page: Page) -> None:
    page.goto("/")
    page.set_viewport_size({"width": 400, "height": 800})
    expect(page.locator("#chart .uplot")).to_have_css("width", "368px")
    for scheme, muted in (("light", [0x58, 0x62, 0x71]), ("dark", [0x97, 0xA1, 0xB3])):
        page.emulate_media(color_scheme=scheme)
        assert page.evaluate(SOON, muted) > 0


def test_thrusts_below_zero_are_drawn_too(page: Page, storage: Storage) -> None:
    storage.engines.add_many([Engine("Brake", -500), Engine("Idle", 0), Engine("x" * 128, -(2**31))])
    page.goto("/")
    assert page.evaluate(COLOURED, ACCENT) > 1000


@pytest.mark.parametrize("path", ["/", "/engines", "/engines/{id}", "/engines/{id}/edit", "/engines/{id}/delete"])
def test_a_title_that_looks_like_a_script_runs_nowhere(page: Page, storage: Storage, path: str) -> None:
    attack = storage.engines.add(Engine("\"><img src=x onerror='window.hit=1'><script>window.hit=1</script>"))
    page.goto(path.format(id=attack.id))
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    assert page.evaluate("window.hit") is None


def test_two_visitors_meet_in_a_comparison(open_page: OpenPage, engines: list[Engine], storage: Storage) -> None:
    ours, theirs = open_page(), open_page()
    for page, thrust in ((ours, "2400"), (theirs, "2500")):
        page.goto(f"/engines/{engines[0].id}/edit")
        page.get_by_label("Thrust").fill(thrust)
    theirs.get_by_role("button", name="Save").click()
    expect(theirs.get_by_text("Raptor was changed.")).to_be_visible()
    ours.get_by_role("button", name="Save").click()
    ours.get_by_role("button", name="Save what is chosen").click()
    expect(ours.get_by_label("Thrust: yours")).not_to_be_checked()
    expect(ours.get_by_role("heading", name="Somebody else has changed Raptor")).to_be_visible()
    assert storage.engines.get(engines[0].id).thrust == 2500
