"""Two branches that each wrote a revision, merged: no command runs anything, and each names the files."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from storage import open_storage

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
FOLDERS = {"SQL": "alembic/versions", "MongoDB": "storage/mongo/revisions"}
COMMANDS = (
    ["upgrade"],
    ["upgrade", "0001"],
    ["downgrade", "base"],
    ["stamp", "head"],
    ["check"],
    ["current"],
    ["history"],
    ["revision", "-m", "add fins"],
)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A copy of the checkout, with its bytecode: each command would compile everything anew."""
    for folder in ("alembic", "storage", "webapp"):
        shutil.copytree(CHECKOUT / folder, tmp_path / folder)
    shutil.copy(CHECKOUT / "pyproject.toml", tmp_path)
    return tmp_path


@pytest.fixture(params=["sqlite", "mongodb"])
def url(request: pytest.FixtureRequest, make_database: Callable[[str], str]) -> str:
    return make_database(request.param)


def write_revision(root: Path, id: str, parent: str, name: str) -> None:
    (root / "alembic/versions" / f"{id}_{name}.py").write_text(SQL.format(id=id, parent=parent, name=name))
    (root / "storage/mongo/revisions" / f"{id}_{name}.py").write_text(MONGO.format(name=name))


def fork(root: Path) -> None:
    for name in ("boosters", "tanks"):
        write_revision(root, "0005", "0004", name)


def run(root: Path, url: str, *command: str) -> subprocess.CompletedProcess[str]:
    settings = {"FLASK_STORAGE_URL": url, "FLASK_SECRET_KEY": "a key of the tests", "PYTHONPATH": str(root)}
    environment = {**os.environ, **settings, "FLASK_ALLOW_ANONYMOUS_WRITES": "true"}
    return subprocess.run(
        [sys.executable, *command], cwd=root, env=environment, capture_output=True, text=True, timeout=60, check=False
    )


def run_flask(root: Path, url: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return run(root, url, "-m", "flask", "--app", "webapp", "db", *arguments)


def assert_refused(done: subprocess.CompletedProcess[str], sentence: str) -> None:
    assert done.returncode == 1
    assert done.stderr.startswith("Error: ")
    assert sentence in done.stderr
    assert len(done.stderr.splitlines()) == 1


def assert_nothing_was_run(url: str) -> None:
    with open_storage(url) as storage:
        assert storage.migrations.current() is None
        # Nothing has been begun either, or this would go on with it.
        storage.migrations.upgrade()
        assert storage.migrations.differences() == []
        assert storage.migrations.stored_entities() == ["api_token", "engine", "idempotency_key", "sign_in"]


def test_one_number_twice_is_refused_by_both_names(root: Path, url: str) -> None:
    fork(root)
    for arguments in COMMANDS:
        done = run_flask(root, url, *arguments)
        assert_refused(done, "0005_boosters.py and 0005_tanks.py are both revision 0005: rename one of them")
    assert_nothing_was_run(url)
    assert not list(root.rglob("0006*"))


def test_the_first_use_of_the_data_refuses_a_forked_history(root: Path, url: str) -> None:
    assert run_flask(root, url, "upgrade").returncode == 0
    fork(root)
    program = "import sys; from storage import open_storage; open_storage(sys.argv[1]).engines.count()"
    assert "0005_boosters.py and 0005_tanks.py are both" in run(root, url, "-c", program, url).stderr


def test_a_database_is_not_withdrawn_by_a_forked_history(root: Path, url: str) -> None:
    assert run_flask(root, url, "upgrade").returncode == 0
    fork(root)
    program = "import sys; from storage import open_storage; open_storage(sys.argv[1]).migrations.withdraw()"
    assert "0005_boosters.py and 0005_tanks.py are both" in run(root, url, "-c", program, url).stderr
    with open_storage(url) as storage:
        assert storage.engines.count() == 0


def test_the_history_of_a_fork_is_listed_before_it_is_refused(root: Path, url: str) -> None:
    fork(root)
    listed = run_flask(root, url, "history").stdout.splitlines()
    assert listed[-2:] == ["0005  Add boosters.", "0005  Add tanks."]


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_the_command_alembic_refuses_one_number_twice(root: Path, url: str) -> None:
    fork(root)
    for arguments in (["upgrade", "head"], ["stamp", "head"], ["current"]):
        done = run(root, url, "-m", "alembic", *arguments)
        assert done.returncode != 0
        assert "0005_boosters.py and 0005_tanks.py are both" in done.stdout + done.stderr
    assert_nothing_was_run(url)


def test_a_missing_revision_is_refused_by_the_file_that_follows_it(root: Path, url: str) -> None:
    write_revision(root, "0006", "0005", "tanks")
    assert_refused(run_flask(root, url, "upgrade"), "0006_tanks.py follows 0005, which is missing")
    assert_nothing_was_run(url)


@pytest.mark.parametrize("side", FOLDERS)
def test_a_missing_twin_is_refused_on_both_sides(root: Path, url: str, side: str) -> None:
    write_revision(root, "0005", "0004", "tanks")
    (root / FOLDERS[side] / "0005_tanks.py").unlink()
    assert_refused(run_flask(root, url, "upgrade"), "0005_tanks.py in ")
    assert_nothing_was_run(url)


@pytest.mark.parametrize("side", FOLDERS)
def test_a_module_without_a_number_is_refused_on_both_sides(root: Path, url: str, side: str) -> None:
    write_revision(root, "0005", "0004", "tanks")
    (root / FOLDERS[side] / "0005_tanks.py").rename(root / FOLDERS[side] / "tanks.py")
    assert_refused(run_flask(root, url, "upgrade"), "tanks.py in ")
    assert_nothing_was_run(url)


@pytest.mark.parametrize("before", ['("0003", "0004")', "str(4).zfill(4)"])
def test_a_predecessor_that_is_not_plainly_one_is_refused_on_both_sides(root: Path, url: str, before: str) -> None:
    write_revision(root, "0005", "0004", "tanks")
    file = root / FOLDERS["SQL"] / "0005_tanks.py"
    file.write_text(file.read_text().replace('"0004"', before))
    assert_refused(run_flask(root, url, "upgrade"), '0005_tanks.py must have one line revision = "0005"')
    assert_nothing_was_run(url)


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_a_predecessor_that_is_changed_out_of_sight_is_refused_by_name(root: Path, url: str) -> None:
    write_revision(root, "0005", "0004", "tanks")
    with (root / FOLDERS["SQL"] / "0005_tanks.py").open("a") as file:
        file.write('globals()["down_revision"] = "0003"')
    assert_refused(run_flask(root, url, "upgrade"), '0005_tanks.py must have one line revision = "0005"')
    assert_nothing_was_run(url)


# MariaDB too: it commits each statement by itself, so that a note of what was begun could be left behind.
@pytest.mark.parametrize("url", ["sqlite", "mariadb", "mongodb"], indirect=True)
@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        ("raise RuntimeError('a fault')", "0005_tanks.py cannot be imported: RuntimeError: a fault"),
        ("this is no Python", "0005_tanks.py cannot be imported: SyntaxError"),
        ("del downgrade", "0005_tanks.py has no function downgrade"),
    ],
)
def test_a_revision_that_cannot_be_imported_is_refused_by_name(root: Path, url: str, fault: str, sentence: str) -> None:
    write_revision(root, "0005", "0004", "tanks")
    for folder in FOLDERS.values():
        with (root / folder / "0005_tanks.py").open("a") as file:
            file.write(fault)
    for command in (["upgrade"], ["stamp", "0001"]):
        assert_refused(run_flask(root, url, *command), sentence)
    assert_nothing_was_run(url)


@pytest.mark.parametrize("url", ["sqlite", "mariadb", "mongodb"], indirect=True)
def test_a_revision_that_cannot_be_imported_stops_a_downgrade_before_it_begins(root: Path, url: str) -> None:
    assert run_flask(root, url, "upgrade").returncode == 0
    for folder in FOLDERS.values():
        with (root / folder / "0001_engine.py").open("a") as file:
            file.write("raise RuntimeError('a fault')")
    assert_refused(run_flask(root, url, "downgrade", "0003"), "0001_engine.py cannot be imported: RuntimeError")
    with open_storage(url) as storage:
        assert storage.migrations.current() == storage.migrations.head()
        assert storage.migrations.differences() == []
