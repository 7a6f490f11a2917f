"""Two branches that each wrote a revision, merged: no command runs anything, and each names the files."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]

SQL = '''"""Add {name}."""
revision = "{id}"
down_revision = "{parent}"
def upgrade(): raise AssertionError("it was run")
def downgrade(): raise AssertionError("it was run")
'''
MONGO = '''"""Add {name}."""
def upgrade(database): raise AssertionError("it was run")
def downgrade(database): raise AssertionError("it was run")
'''


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A copy of the checkout, with its bytecode: each command would compile everything anew."""
    for folder in ("alembic", "storage", "webapp"):
        shutil.copytree(CHECKOUT / folder, tmp_path / folder)
    return tmp_path


@pytest.fixture(params=["sqlite", "mongodb"])
def url(request: pytest.FixtureRequest, make_database: Callable[[str], str]) -> str:
    return make_database(request.param)


def write_revision(root: Path, id: str, parent: str, name: str) -> None:
    (root / "alembic/versions" / f"{id}_{name}.py").write_text(SQL.format(id=id, parent=parent, name=name))
    (root / "storage/mongo/revisions" / f"{id}_{name}.py").write_text(MONGO.format(name=name))


def run_flask(root: Path, url: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    settings = {"FLASK_STORAGE_URL": url, "FLASK_SECRET_KEY": "a key of the tests", "PYTHONPATH": str(root)}
    command = [sys.executable, "-m", "flask", "--app", "webapp", "db", *arguments]
    environment = {**os.environ, **settings, "FLASK_ALLOW_ANONYMOUS_WRITES": "true"}
    return subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, timeout=60)


# The way down first: after the others it would take away what they should not have done.
COMMANDS = (["downgrade", "base"], ["upgrade"], ["upgrade", "0001"], ["stamp", "head"], ["check"])


def test_one_number_twice_is_refused_by_both_names(root: Path, url: str) -> None:
    for name in ("boosters", "tanks"):
        write_revision(root, "0005", "0004", name)
    for arguments in COMMANDS:
        done = run_flask(root, url, *arguments)
        assert done.returncode == 1, arguments
        assert "0005_boosters.py and 0005_tanks.py are both 0005" in done.stderr, arguments
        assert "Traceback" not in done.stderr, arguments
    assert run_flask(root, url, "current").stdout.startswith("no revision")


def test_the_first_use_of_the_data_refuses_a_forked_history(root: Path, url: str) -> None:
    assert run_flask(root, url, "upgrade").returncode == 0
    for name in ("boosters", "tanks"):
        write_revision(root, "0005", "0004", name)
    program = "import sys; from storage import open_storage; open_storage(sys.argv[1]).engines.count()"
    done = subprocess.run([sys.executable, "-c", program, url], cwd=root, capture_output=True, text=True, timeout=60)
    assert "0005_boosters.py and 0005_tanks.py are both 0005" in done.stderr


def test_the_history_of_a_fork_lists_both(root: Path, url: str) -> None:
    for name in ("boosters", "tanks"):
        write_revision(root, "0005", "0004", name)
    listed = run_flask(root, url, "history").stdout.splitlines()
    assert listed[-2:] == ["0005  Add boosters.", "0005  Add tanks."]


def test_a_missing_revision_is_refused_by_the_file_that_follows_it(root: Path, url: str) -> None:
    write_revision(root, "0006", "0005", "tanks")
    done = run_flask(root, url, "upgrade")
    assert done.returncode == 1
    assert "0006_tanks.py follows 0005, which is not there before it" in done.stderr


@pytest.mark.parametrize("fault", ["raise RuntimeError('a secret')", "this is no Python"])
def test_a_revision_that_cannot_be_imported_is_refused_before_anything_is_run(root: Path, url: str, fault: str) -> None:
    write_revision(root, "0005", "0004", "tanks")
    for folder in ("alembic/versions", "storage/mongo/revisions"):
        with (root / folder / "0005_tanks.py").open("a") as file:
            file.write(fault)
    done = run_flask(root, url, "upgrade")
    assert done.returncode == 1
    assert "cannot be imported" in done.stderr
    assert "Traceback" not in done.stderr
    assert run_flask(root, url, "current").stdout.startswith("no revision")
