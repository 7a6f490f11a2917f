"""The wheel, as somebody installs it: it can migrate in an empty folder and hides no other package."""

import os
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).parents[1]

MIGRATE = """
import storage
assert "installed" in storage.__file__, storage.__file__
with storage.open_storage("sqlite:///spaceship.db") as opened:
    opened.migrations.upgrade()
    assert opened.migrations.current() == opened.migrations.head()
    assert list(opened.migrations.differences()) == []
    print(opened.engines.add(storage.Engine("Raptor")).id)
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel as an installer would."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    return next(folder.glob("*.whl"))


def test_the_wheel_holds_the_revisions_of_both_histories_and_the_kit(wheel):
    names = ZipFile(wheel).namelist()
    for wanted in ("storage/sql/alembic/env.py", "storage/testing/__init__.py", "storage/py.typed"):
        assert wanted in names
    sql = {name.split("/")[-1][:4] for name in names if name.startswith("storage/sql/alembic/versions/0")}
    mongo = {name.split("/")[-1][:4] for name in names if name.startswith("storage/mongo/revisions/0")}
    assert sql == mongo >= {"0001", "0002", "0003"}


def test_the_wheel_holds_the_pages_and_all_that_they_load(wheel):
    here = {
        str(path.relative_to(ROOT)) for folder in ("templates", "static") for path in files(ROOT / "webapp" / folder)
    }
    assert here <= set(ZipFile(wheel).namelist())
    assert {"webapp/static/vendor/htmx.min.js", "webapp/static/vendor/htmx.LICENSE.txt"} <= here


def files(folder: Path) -> list[Path]:
    """The files of a folder, however deep."""
    return [path for path in folder.rglob("*") if path.is_file()]


def test_the_wheel_does_not_hide_the_library_alembic(wheel):
    assert not [name for name in ZipFile(wheel).namelist() if name.startswith(("alembic/", "tests/"))]


def test_an_installed_wheel_migrates_in_an_empty_folder(wheel, tmp_path):
    installed, empty = tmp_path / "installed", tmp_path / "empty"
    empty.mkdir()
    ZipFile(wheel).extractall(installed)
    environment = {**os.environ, "PYTHONPATH": str(installed)}
    done = subprocess.run(
        [sys.executable, "-c", MIGRATE], cwd=empty, env=environment, capture_output=True, text=True, check=False
    )
    assert (done.stdout.strip(), done.stderr) == ("1", "")
