"""What other users of the machine may read of the application's files: nothing."""

from __future__ import annotations

import logging
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.webapp.conftest import MakeApp
from webapp.__main__ import write_config
from webapp.ops import private_files


@pytest.fixture(autouse=True)
def generous_umask() -> Iterator[None]:
    """New files are open to everybody, unless the code says otherwise."""
    before = os.umask(0)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def modes(folder: Path) -> dict[str, int]:
    """The permissions of a folder and of all that lies in it."""
    return {path.name: mode(path) for path in [folder, *folder.rglob("*")]}


def open_to_all(path: Path, text: str = "") -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    path.chmod(0o666)
    path.parent.chmod(0o777)
    return path


def test_a_new_database_and_the_files_beside_it_are_private(make_app: MakeApp, instance: Path) -> None:
    storage = make_app().extensions["storage"]
    storage.migrations.upgrade()
    storage.engines.count()
    assert modes(instance) == {
        "instance": 0o700,
        "engine-room.db": 0o600,
        "engine-room.db-wal": 0o600,
        "engine-room.db-shm": 0o600,
    }


def test_a_database_is_private_from_its_first_moment(tmp_path: Path) -> None:
    private_files.create_private(tmp_path / "engines.db")
    assert mode(tmp_path / "engines.db") == 0o600


def test_a_folder_within_the_instance_folder_is_private(make_app: MakeApp, instance: Path) -> None:
    make_app(STORAGE_URL="sqlite:///data/engines.db").extensions["storage"].migrations.upgrade()
    assert [mode(instance), mode(instance / "data"), mode(instance / "data/engines.db")] == [0o700, 0o700, 0o600]


def test_an_instance_folder_that_is_open_becomes_private(make_app: MakeApp, instance: Path) -> None:
    config = open_to_all(instance / "config.py", "ACCESS_LOG = False")
    make_app()
    assert (mode(instance), mode(config)) == (0o700, 0o600)


@pytest.mark.parametrize("end", ["", "-wal", "-shm", "-journal"])
def test_a_database_that_is_open_becomes_private(make_app: MakeApp, tmp_path: Path, end: str) -> None:
    file = open_to_all(tmp_path / f"elsewhere/100% of it.db{end}")
    make_app(STORAGE_URL=f"sqlite:///{tmp_path}/elsewhere/100%25 of it.db")
    assert mode(file) == 0o600


def test_what_its_owner_may_not_do_stays_so(make_app: MakeApp, instance: Path) -> None:
    open_to_all(instance / "config.py").chmod(0o444)
    make_app()
    assert mode(instance / "config.py") == 0o400


def test_a_folder_without_our_configuration_is_left_alone(make_app: MakeApp, instance: Path) -> None:
    open_to_all(instance / "of somebody else")
    make_app(STORAGE_URL="postgresql://host/spaceship")
    assert mode(instance) == 0o777


def test_a_shared_folder_stays_shared_and_is_reported(
    make_app: MakeApp, instance: Path, caplog: pytest.LogCaptureFixture
) -> None:
    open_to_all(instance / "config.py").parent.chmod(0o1777)
    with caplog.at_level(logging.WARNING):
        make_app()
    assert mode(instance) == 0o1777
    assert f"{instance} is open to other users" in caplog.text


def test_a_file_of_another_user_is_reported_and_not_changed(
    make_app: MakeApp, instance: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = open_to_all(instance / "config.py")
    owner = config.stat().st_uid
    monkeypatch.setattr(private_files.os, "geteuid", lambda: owner + 1)
    make_app()
    assert mode(config) == 0o666
    assert f"{config} is open to other users" in caplog.text


@pytest.mark.parametrize("url", ["postgresql://host/spaceship", "mongodb://host/spaceship"])
def test_a_database_without_a_file_has_none_created(make_app: MakeApp, instance: Path, url: str) -> None:
    make_app(STORAGE_URL=url)
    assert not instance.exists()


def test_a_written_configuration_is_private(instance: Path) -> None:
    write_config(instance / "config.py")
    assert modes(instance) == {"instance": 0o700, "config.py": 0o600}
