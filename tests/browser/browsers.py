"""The browser that visits an application."""

from __future__ import annotations

import shutil

from playwright.sync_api import Browser, Playwright

from tests.programs import Missing

ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def find_chromium() -> str:
    """Return where Chromium is; ``Missing`` where it is not."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        raise Missing("chromium is not installed: install the package chromium")
    return found


def start_browser(playwright: Playwright) -> Browser:
    """Start a Chromium that asks nobody anything by itself."""
    return playwright.chromium.launch(executable_path=find_chromium(), args=ARGUMENTS)
