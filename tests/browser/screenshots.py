"""Take the pictures of docs/tour.md anew: ``make screenshots``."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from tests.browser.browsers import start_browser
from tests.browser.fleet import fleet
from tests.serving import served
from webapp import create_app

PICTURES = Path(__file__).parents[2] / "docs/pictures"
DESKTOP = {"width": 1000, "height": 680}
TALL = {"width": 1000, "height": 1000}
SHORT = {"width": 1000, "height": 440}
PHONE = {"width": 360, "height": 740}
NOW = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)


def path(address: str) -> Callable[[Page], None]:
    """Return what opens a page."""

    def visit(page: Page) -> None:
        page.goto(address, wait_until="networkidle")

    return visit


def fired(page: Page) -> None:
    """Fire an engine."""
    page.goto("/engines/2")
    page.get_by_role("button", name="Fire").click()
    page.get_by_role("status").wait_for()


def edited(page: Page) -> None:
    """Open the form of an engine in its place."""
    page.goto("/engines/2")
    page.get_by_role("link", name="Edit").click()
    page.get_by_label("Title").fill("Merlin 1D")


def compared(page: Page) -> None:
    """Have somebody else save while the form is open."""
    page.goto("/engines/3/edit")
    page.request.patch("/api/engines/3", data={"title": "Merlin 1D Vacuum", "thrust": 990})
    page.get_by_label("Thrust").fill("1001")
    page.get_by_role("button", name="Save").click()
    page.get_by_role("heading", name="Somebody else").wait_for()


#: Each picture: what is to be seen on it, light or dark, and how large the screen is.
SHOTS = {
    "fleet": (path("/"), "light", TALL),
    "engines": (path("/engines?sort=-thrust"), "light", DESKTOP),
    "fired": (fired, "light", SHORT),
    "edited": (edited, "light", DESKTOP),
    "compared": (compared, "light", DESKTOP),
    "phone": (path("/engines?q=me"), "dark", PHONE),
}


def main(folder: Path) -> None:
    """Take every picture."""
    with tempfile.TemporaryDirectory() as data, sync_playwright() as playwright:
        app = create_app(
            {
                "SECRET_KEY": "a key of the pictures",
                "ALLOW_ANONYMOUS_WRITES": True,
                "STORAGE_URL": f"sqlite:///{data}/engines.db",
                "CLOCK": lambda: NOW,
            }
        )
        storage = app.extensions["storage"]
        storage.migrations.upgrade()
        with served(app) as address:
            browser = start_browser(playwright)
            take(browser.new_page(base_url=address, viewport=DESKTOP), path("/"), folder / "empty.png")
            storage.engines.add_many(fleet())
            for name, (prepare, scheme, size) in SHOTS.items():
                page = browser.new_page(base_url=address, viewport=size, color_scheme=scheme, reduced_motion="reduce")
                take(page, prepare, folder / f"{name}.png")
            browser.close()
        storage.close()


def take(page: Page, prepare: Callable[[Page], None], file: Path) -> None:
    """Take one picture."""
    prepare(page)
    page.screenshot(path=file)
    page.close()
    sys.stdout.write(f"{file.name}: {file.stat().st_size // 1000} kB\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else PICTURES)
