"""SQLite's file where there is no room, or no leave to write."""

from __future__ import annotations

import errno
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import create_engine, event

from storage import Engine, ReadOnly, Storage, Unavailable, open_storage

MANY = [Engine("x" * 128) for _ in range(5000)]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of one megabyte."""
    mount = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", tmp_path], capture_output=True, text=True)
    if mount.returncode:
        pytest.skip(f"mounting a small disk needs root and the leave to mount: {mount.stderr.strip()}")
    yield tmp_path
    subprocess.run(["umount", tmp_path], check=True)


@contextmanager
def protected(place: Path) -> Iterator[None]:
    """Have a file or a folder take no writes for a while; root is above its mode, but not above its mount."""
    mount = subprocess.run(["mount", "--bind", "-o", "ro", place, place], capture_output=True, text=True)
    if mount.returncode:
        pytest.skip(f"mounting without leave to write needs root and the leave to mount: {mount.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", place], check=True)


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """A file with a migrated database of one engine."""
    file = tmp_path / "engines.db"
    with open_storage(f"sqlite:///{file}") as storage:
        storage.migrations.upgrade()
        storage.engines.add(Engine("Raptor"))
    return file


@pytest.fixture
def protected_file(kept: Path) -> Iterator[Path]:
    """That file, which takes no writes any more."""
    with protected(kept):
        yield kept


@pytest.fixture
def protected_folder(kept: Path) -> Iterator[Path]:
    """That file, which takes no writes any more, and neither does its folder."""
    with protected(kept.parent):
        yield kept


def refuse_for_want_of_room(storage: Storage) -> None:
    """Check that a write for which there is no room is refused as a whole."""
    with pytest.raises(Unavailable) as caught:
        storage.engines.add_many(MANY)
    assert caught.value.retryable
    assert not caught.value.may_have_been_applied
    assert [engine.title for engine in storage.engines.scan()] == ["Raptor"]


def test_a_full_disk_is_unavailable_and_nothing_is_half_written(small_disk: Path) -> None:
    with open_storage(f"sqlite:///{small_disk / 'engines.db'}") as storage:
        storage.migrations.upgrade()
        storage.engines.add(Engine("Raptor"))
        refuse_for_want_of_room(storage)


def test_a_storage_works_again_when_the_disk_has_room_again(small_disk: Path) -> None:
    filler = small_disk / "filler"
    with open_storage(f"sqlite:///{small_disk / 'engines.db'}") as storage:
        storage.migrations.upgrade()
        storage.engines.add(Engine("Raptor"))
        fill(filler)
        with pytest.raises(Unavailable):
            add_without_end(storage)
        stored = storage.engines.count()
        filler.unlink()
        storage.engines.add(Engine("Vulcain"))
        assert storage.engines.count() == stored + 1


def add_without_end(storage: Storage) -> None:
    """Add one engine after the other."""
    while True:
        storage.engines.add(Engine("x" * 128))


def fill(file: Path) -> None:
    """Write until the disk is full."""
    with file.open("wb", buffering=0) as filler:
        try:
            while True:
                filler.write(b"x" * 4096)
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise


def test_a_file_at_its_largest_size_is_unavailable_and_nothing_is_half_written(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'engines.db'}"
    with open_storage(url) as storage:
        storage.migrations.upgrade()
        storage.engines.add(Engine("Raptor"))
    engine = create_engine(url)
    event.listen(engine, "connect", lambda connection, _record: connection.execute("PRAGMA max_page_count = 40"))
    with open_storage(engine) as storage:
        refuse_for_want_of_room(storage)
    engine.dispose()


def refuse_writes(url: str) -> None:
    """Check that a file can be read, and that every write is refused."""
    with open_storage(url) as reader:
        raptor = reader.engines.get(1)
        for write in (
            lambda: reader.engines.add(Engine("Merlin")),
            lambda: reader.engines.update(1, {"thrust": 1}),
            lambda: reader.engines.delete(1),
        ):
            with pytest.raises(ReadOnly):
                write()
        assert list(reader.engines.scan()) == [raptor]


def test_a_file_opened_for_reading_only_is_read_only(kept: Path) -> None:
    refuse_writes(f"sqlite:///file:{kept}?mode=ro&uri=true")


def test_a_file_that_takes_no_writes_is_read_only(protected_file: Path) -> None:
    refuse_writes(f"sqlite:///{protected_file}")


def test_a_folder_that_takes_no_writes_either_is_unavailable_for_good(protected_folder: Path) -> None:
    # To read the log that a writer may have left behind, SQLite must write to the folder.
    with open_storage(f"sqlite:///{protected_folder}") as storage, pytest.raises(Unavailable) as caught:
        storage.engines.count()
    assert not caught.value.retryable
