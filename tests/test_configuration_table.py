"""The table of the configuration in the documentation is the table of the code, and the code reads no other key."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from flask import Flask

from webapp.settings import SETTINGS, Setting, check_settings

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs/configuration.md").read_text()
HEAD = "| key | type | default | meaning | used by |\n| --- | --- | --- | --- | --- |\n"

CODE = [*sorted((ROOT / "webapp").rglob("*.py")), ROOT / "storage/flask.py"]
#: ``config["KEY"]`` and ``config.get("KEY")``.
USED = re.compile(r"""config(?:\[|\.get\()"([A-Z_]+)"[\]),]""")
NAMES = {setting.name for setting in SETTINGS}


def default_of(setting: Setting) -> str:
    """How the page writes a default."""
    return setting.default.__name__ if callable(setting.default) else repr(setting.default)


def row(setting: Setting) -> str:
    """The line of the page for a setting."""
    cells = [f"`{setting.name}`", setting.kind.name, f"`{default_of(setting)}`", setting.meaning, setting.used_by]
    return f"| {' | '.join(cells)} |\n"


def test_the_page_has_the_table_of_the_code() -> None:
    written = PAGE.partition(HEAD)[2].partition("\n\n")[0] + "\n"
    assert written == "".join(map(row, SETTINGS))


def test_every_key_is_there_once() -> None:
    assert len(NAMES) == len(SETTINGS)


def test_every_default_is_accepted() -> None:
    check_settings({setting.name: setting.default for setting in SETTINGS})


def test_a_default_of_flask_stays_unless_the_page_says_otherwise() -> None:
    changed = {s.name for s in SETTINGS if Flask.default_config.get(s.name, s.default) != s.default}
    assert changed == {"SESSION_COOKIE_SAMESITE", "SESSION_COOKIE_SECURE", "MAX_CONTENT_LENGTH"}


@pytest.mark.parametrize("file", CODE, ids=lambda file: str(file.relative_to(ROOT)))
def test_every_key_that_the_code_asks_for_is_in_the_table(file: Path) -> None:
    # What it sets for an extension is not the reader's to set.
    text = re.sub(r"""config\["[A-Z_]+"\] = .*""", "", file.read_text())
    assert set(USED.findall(text)) - NAMES == set()


def test_the_code_asks_for_some_keys() -> None:
    assert {"SECRET_KEY", "ACCESS_LOG", "STORAGE_OPTIONS"} <= set(USED.findall("".join(map(Path.read_text, CODE))))
