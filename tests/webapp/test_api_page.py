"""What ``docs/api.md`` says is typed here, and prints what it says there."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from tests.serving import served
from webapp.problems import PROBLEMS

PAGE = (Path(__file__).parents[2] / "docs" / "api.md").read_text()


@pytest.fixture
def address(app: Flask) -> Iterator[str]:
    """The address at which the application is served."""
    with served(app) as address:
        yield address


def test_every_example_prints_what_the_page_says(address: str) -> None:
    examples = "".join(re.findall(r"^```console\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL))
    for example in re.split(r"^\$ ", examples, flags=re.MULTILINE)[1:]:
        line, _, promised = example.partition("\n")
        typed = line.replace("http://127.0.0.1:5000", address)
        printed = subprocess.run(typed, shell=True, capture_output=True, text=True, check=True).stdout  # noqa: S602
        assert printed == promised, line


def test_the_table_of_problems_is_whole_and_has_the_right_statuses() -> None:
    rows = re.findall(r"^\| (`[a-z`, -]+) \| (\d{3}) \|", PAGE, re.MULTILINE)
    told = {name: int(status) for names, status in rows for name in re.findall(r"`([a-z-]+)`", names)}
    assert told == {name: problem.status for name, problem in PROBLEMS.items()}
