"""Words that were replaced do not come back: ``docs/glossary.md`` has the terms."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = ("storage", "webapp", "alembic", "docs", "benchmarks", "tests", "tools")
FILES = sorted(
    file
    for folder in FOLDERS
    for kind in ("*.py", "*.md", "*.html")
    for file in (ROOT / folder).rglob(kind)
    if "vendor" not in file.parts and file != Path(__file__)
) + [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")]

#: What was said before, and what is said now.
REPLACED = {
    r"nobody may anything": "access is denied unless configured",
    r"is it well|not well": "health checks, degraded",
    r"of nothing it makes nothing": "an empty iterable is a no-op",
    r"found everywhere": "matches every row",
    r"otherwise than it should be": "success, no differences",
    r"somebody was faster": "edit conflict, version conflict",
    r"nobody has signed in": "authentication required",
    r"others were in the way": "transaction conflict",
    r"who is in whose way": "resolve unique-key conflicts",
    r"was bound for": "target of an interrupted migration",
    r"somebody should look at": "warnings and errors",
    r"\bpassing (entity|entities|rows)\b": "transient",
}


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_no_word_comes_back_that_was_replaced(file: Path) -> None:
    text = re.sub(r"\s+", " ", file.read_text()).lower()
    found = {said: now for said, now in REPLACED.items() if re.search(said, text)}
    assert found == {}
