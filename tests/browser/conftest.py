"""A browser, a site on each kind of database, and pages that fail the test when they complain."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, sync_playwright

from storage import Storage
from tests.browser.browsers import start_browser
from tests.programs import Missing
from tests.running import refuse
from tests.serving import served
from webapp import create_app

OpenPage = Callable[..., Page]

NOW = datetime(2026, 1, 31, 9, 30, 0, 123_456, UTC)

# The browser repeats the status of a page that says in words what is wrong.
REPEATED_STATUS = re.compile(r"the server responded with a status of (404|422)")


@dataclass(frozen=True, slots=True)
class Site:
    """An application that is served: where, and the storage behind it."""

    address: str
    storage: Storage


# Playwright leaves an event loop running in the thread: no longer than the tests of a module last, since
# others may want one of their own.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The one browser of all tests of a module."""
    with sync_playwright() as playwright:
        try:
            browser = start_browser(playwright)
        except Missing as error:
            refuse("chromium", f"the pages are not tested: {error}")
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def sites(
    make_database: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[str], Site]]:
    """``sites(kind)`` returns the site on a kind of database, served from the first call on."""
    known: dict[str, Site] = {}
    with ExitStack() as stack:
        environment = stack.enter_context(pytest.MonkeyPatch.context())
        for name in [name for name in os.environ if name.startswith("FLASK_")]:
            environment.delenv(name)
        environment.setenv("FLASK_INSTANCE_PATH", str(tmp_path_factory.mktemp("instance")))

        def site(kind: str) -> Site:
            if kind not in known:
                app = create_app(
                    {
                        "SECRET_KEY": "a key of the tests",
                        "ALLOW_ANONYMOUS_WRITES": True,
                        "STORAGE_URL": make_database(kind),
                        "CLOCK": lambda: NOW,
                    }
                )
                storage = stack.enter_context(app.extensions["storage"])
                storage.migrations.upgrade()
                known[kind] = Site(stack.enter_context(served(app)), storage)
            return known[kind]

        yield site


@pytest.fixture
def kind() -> str:
    """The kind of database, for tests that do not ask for several."""
    return "sqlite"


@pytest.fixture
def site(sites: Callable[[str], Site], kind: str) -> Site:
    """The site of the test, without an engine; ids go on where the test before has left them."""
    site = sites(kind)
    for engine in site.storage.engines.scan():
        site.storage.engines.delete(engine.id)
    return site


@pytest.fixture
def storage(site: Site) -> Storage:
    return site.storage


@pytest.fixture
def complaints() -> Iterator[list[str]]:
    """What the pages complained of; a test that expects it takes it out."""
    found: list[str] = []
    yield found
    assert found == []


@pytest.fixture
def open_page(browser: Browser, site: Site, complaints: list[str]) -> Iterator[OpenPage]:
    """``open_page(color_scheme="dark")`` returns a page of a new visitor; it may ask nobody but the site."""

    def hear(message: ConsoleMessage) -> None:
        if message.type == "error" and not REPEATED_STATUS.search(message.text):
            complaints.append(message.text)

    def watch(request: Request) -> None:
        if urlsplit(request.url).netloc != urlsplit(site.address).netloc:
            complaints.append(f"a request to {request.url}")

    with ExitStack() as stack:

        def open(**options: Any) -> Page:
            context = stack.enter_context(browser.new_context(base_url=site.address, **options))
            context.set_default_timeout(10_000)
            page = context.new_page()
            page.on("console", hear)
            page.on("pageerror", lambda error: complaints.append(str(error)))
            page.on("request", watch)
            return page

        yield open
        heard = list(complaints)
    # A request that is cut off when the visitor leaves is nobody's fault.
    complaints[:] = heard


@pytest.fixture
def scripts() -> bool:
    """Whether the visitor's browser runs scripts, for tests that do not ask for both."""
    return True


@pytest.fixture
def page(open_page: OpenPage, scripts: bool) -> Page:
    """A page of a new visitor."""
    return open_page(java_script_enabled=scripts)
