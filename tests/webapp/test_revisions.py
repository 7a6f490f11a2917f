"""Writing a new revision and its twin."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from storage import Invalid, Unsupported
from storage.migrations import create_twins

CHECKOUT = Path(__file__).parents[2]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A source checkout of which only the revisions are there."""
    for folder in ("alembic", "storage/mongo/revisions"):
        shutil.copytree(CHECKOUT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(CHECKOUT / "pyproject.toml", tmp_path)
    return tmp_path


def last_id(folder: Path) -> int:
    return max(int(file.name[:4]) for file in folder.glob("[0-9]*.py"))


def test_both_twins_have_the_next_number_and_the_same_name(root: Path) -> None:
    following = f"{last_id(root / 'alembic/versions') + 1:04d}"
    names = [file.relative_to(root).as_posix() for file in create_twins("Add the boosters", root)]
    assert names == [
        f"alembic/versions/{following}_add_the_boosters.py",
        f"storage/mongo/revisions/{following}_add_the_boosters.py",
    ]


def test_the_revisions_follow_each_other(root: Path) -> None:
    first, _ = create_twins("add the boosters", root)
    second, _ = create_twins("add the tanks", root)
    assert f'down_revision = "{first.name[:4]}"' in second.read_text()


def test_both_twins_are_python_and_begin_with_the_message(root: Path) -> None:
    for file in create_twins("add the boosters", root):
        compile(file.read_text(), file, "exec")
        assert file.read_text().startswith('"""add the boosters')


def test_a_message_without_a_word_is_invalid(root: Path) -> None:
    with pytest.raises(Invalid, match="in one line of words"):
        create_twins("?!", root)


@pytest.mark.parametrize("message", ['say """ it', "two\nlines", "back\\slash"])
def test_a_message_that_would_end_the_docstring_is_invalid(root: Path, message: str) -> None:
    with pytest.raises(Invalid, match="in one line of words"):
        create_twins(message, root)


def test_a_history_that_lacks_a_twin_is_invalid(root: Path) -> None:
    _, twin = create_twins("add the boosters", root)
    twin.unlink()
    with pytest.raises(Invalid, match="has no twin: write a file of the same name"):
        create_twins("add the tanks", root)


def test_outside_a_source_checkout_it_is_unsupported(tmp_path: Path) -> None:
    with pytest.raises(Unsupported, match="in a source checkout"):
        create_twins("add the boosters", tmp_path)


@pytest.mark.parametrize("url", ["sqlite:///engines.db", "mongodb://127.0.0.1:1/spaceship"])
def test_a_revision_that_the_command_wrote_is_in_the_history_of_both(root: Path, url: str) -> None:
    for folder in ("storage", "webapp"):
        shutil.copytree(CHECKOUT / folder, root / folder, dirs_exist_ok=True)
    following = f"{last_id(root / 'alembic/versions') + 1:04d}"
    wrote = run_flask(root, url, "revision", "-m", "Add the boosters")
    assert f"{following}_add_the_boosters.py" in wrote
    assert run_flask(root, url, "history").splitlines()[-1] == f"{following}  Add the boosters."


def run_flask(root: Path, url: str, *arguments: str) -> str:
    settings = {"FLASK_STORAGE_URL": url, "FLASK_SECRET_KEY": "a key of the tests", "PYTHONPATH": str(root)}
    settings["FLASK_ALLOW_ANONYMOUS_WRITES"] = "true"
    command = [sys.executable, "-m", "flask", "--app", "webapp", "db", *arguments]
    environment = {**os.environ, **settings}
    return subprocess.run(
        command, cwd=root, env=environment, stdout=subprocess.PIPE, text=True, check=True, timeout=60
    ).stdout
