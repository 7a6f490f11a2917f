"""The table of the configuration says what the code does: every key, every default, and no other."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from webapp.config import DEFAULT_URL, DEFAULTS

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs/configuration.md").read_text()
ROW = re.compile(r"^\| `(\w+)` \| (.+?) \| (.+?) \| (.+?) \|$", re.MULTILINE)

#: In the table ``none``, since they have no default: required, or their absence means something.
WITHOUT_DEFAULT = ["SECRET_KEY", "SQLALCHEMY_DATABASE_URI", "MONGO_URI", "STORAGE_OPTIONS"]

TABLE = {key: default for key, default, _, _ in ROW.findall(PAGE.partition("## The environment")[0])}
CODE = [*sorted((ROOT / "webapp").rglob("*.py")), ROOT / "storage/flask.py"]
#: ``config["KEY"]`` and ``config.get("KEY")``.
USED = re.compile(r"""config(?:\[|\.get\()"([A-Z_]+)"[\]),]""")


def as_documented(value: object) -> str:
    """Return how the table writes a default."""
    return f"`{value.__name__}`" if callable(value) else f"`{value!r}`"


def test_every_key_that_has_a_default_is_in_the_table_with_it() -> None:
    assert {key: TABLE.get(key) for key in DEFAULTS} == {key: as_documented(value) for key, value in DEFAULTS.items()}


def test_every_key_of_the_table_has_a_default_in_the_code_or_none() -> None:
    others = {"STORAGE_URL": f"`{DEFAULT_URL!r}`", "STORAGE_COMMANDS": "`'db'`"}
    expected = dict.fromkeys(WITHOUT_DEFAULT, "none") | others
    assert {key: default for key, default in TABLE.items() if key not in DEFAULTS} == expected


def test_every_key_is_there_once() -> None:
    keys = [key for key, *_ in ROW.findall(PAGE)]
    assert sorted(set(keys)) == sorted(keys)


@pytest.mark.parametrize("file", CODE, ids=lambda file: str(file.relative_to(ROOT)))
def test_every_key_that_the_code_asks_for_is_in_the_table(file: Path) -> None:
    # What it sets for an extension is not the reader's to set.
    text = re.sub(r"""config\["[A-Z_]+"\] = .*""", "", file.read_text())
    assert set(USED.findall(text)) - TABLE.keys() == set()


def test_the_code_asks_for_some_keys() -> None:
    assert {"SECRET_KEY", "ACCESS_LOG", "STORAGE_OPTIONS"} <= set(USED.findall("".join(map(Path.read_text, CODE))))
