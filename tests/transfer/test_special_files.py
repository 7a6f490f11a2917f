"""Where a backup is written: pipes, devices, links, and file systems that can do less."""

from __future__ import annotations

import errno
import fcntl
import os
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from storage import Engine, Invalid, Storage, Unavailable, open_storage
from storage.transfer.atomic_write import is_stream
from tests.transfer.everything import backup, open_backup, verify


@pytest.fixture
def source(tmp_path: Path) -> Iterator[Storage]:
    """A database of one engine."""
    with open_storage(f"sqlite:///{tmp_path / 'source.db'}") as storage:
        storage.migrations.upgrade()
        storage.engines.add(Engine("Raptor"))
        yield storage


def command(*arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
    """Run ``python -m storage``."""
    words = [sys.executable, "-m", "storage", *arguments]
    return subprocess.run(words, capture_output=True, text=True, check=False, timeout=60, **options)  # type: ignore[call-overload, no-any-return]


def test_a_named_pipe_is_written_into_and_stays_one(source: Storage, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    got: list[bytes] = []
    reader = threading.Thread(target=lambda: got.append(pipe.read_bytes()))
    reader.start()
    backup(source, pipe)
    reader.join()
    plain = tmp_path / "plain"
    plain.write_bytes(got[0])
    assert command("verify", str(plain), source.address).returncode == 0
    assert stat.S_ISFIFO(os.lstat(pipe).st_mode)


def test_a_pipe_that_is_named_by_its_descriptor_is_written_into(source: Storage) -> None:
    reading, writing = os.pipe()
    done = command("backup", source.address, f"/dev/fd/{writing}", pass_fds=[writing])
    os.close(writing)
    assert done.returncode == 0, done.stderr
    with open(reading, "rb") as opened:
        assert opened.read(4) == b"\x28\xb5\x2f\xfd"


def test_a_character_device_is_written_in_place() -> None:
    assert is_stream(Path("/dev/null"))


def test_a_socket_is_refused_and_left_alone(source: Storage, tmp_path: Path) -> None:
    place = tmp_path / "socket"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(place))
        with pytest.raises(Invalid, match="no regular file, pipe or character device"):
            backup(source, place)
        assert stat.S_ISSOCK(os.lstat(place).st_mode)


def test_a_backup_is_verified_from_a_process_substitution(source: Storage, tmp_path: Path) -> None:
    file = tmp_path / "kept.backup"
    backup(source, file)
    line = f"exec {sys.executable} -m storage verify <(cat {file}) {source.address}"
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("make", [os.symlink, os.link], ids=["a symbolic link", "a second name"])
def test_a_part_that_is_somebody_elses_file_is_not_written_through(
    source: Storage, tmp_path: Path, make: object
) -> None:
    precious = tmp_path / "precious"
    precious.write_text("kept")
    part = tmp_path / ".x.backup.part"
    make(precious, part)  # type: ignore[operator]
    with pytest.raises(Invalid, match="remove it, and try again"):
        backup(source, tmp_path / "x.backup")
    assert part not in [one.resolve() for one in Path("/proc/self/fd").iterdir()]
    assert precious.read_text() == "kept"
    assert not (tmp_path / "x.backup").exists()


def bind(place: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(place))


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir, bind], ids=["a pipe", "a folder", "a socket"])
def test_a_part_that_is_no_regular_file_is_left_alone(source: Storage, tmp_path: Path, make: object) -> None:
    part = tmp_path / ".x.backup.part"
    make(part)  # type: ignore[operator]
    before = part.stat()
    with pytest.raises(Invalid, match="remove it, and try again"):
        backup(source, tmp_path / "x.backup")
    assert (part.stat().st_ino, part.stat().st_mode) == (before.st_ino, before.st_mode)


def test_a_part_of_another_user_is_not_written_through(
    source: Storage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    part, user = tmp_path / ".x.backup.part", os.geteuid()
    part.write_bytes(b"theirs")
    monkeypatch.setattr(os, "geteuid", lambda: user + 1)
    with pytest.raises(Invalid, match="not a file of this user's own"):
        backup(source, tmp_path / "x.backup")
    assert part.read_bytes() == b"theirs"


def test_a_part_that_others_may_read_is_made_private(source: Storage, tmp_path: Path) -> None:
    part = tmp_path / ".x.backup.part"
    part.touch(0o644)
    backup(source, tmp_path / "x.backup")
    assert stat.S_IMODE((tmp_path / "x.backup").stat().st_mode) == 0o600


def test_all_of_a_backup_is_flushed_to_the_disk_before_it_takes_its_place(
    source: Storage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, flush, rename = tmp_path / "x.backup", os.fsync, os.replace
    steps: list[tuple[str, bytes]] = []

    def noted_flush(descriptor: int) -> None:
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            steps.append(("flushed", os.pread(descriptor, 1 << 20, 0)))
        flush(descriptor)

    def noted_rename(part: Path, new: Path) -> None:
        steps.append(("renamed", part.read_bytes()))
        rename(part, new)

    monkeypatch.setattr(os, "fsync", noted_flush)
    monkeypatch.setattr(os, "replace", noted_rename)
    backup(source, place)
    assert steps == [("flushed", place.read_bytes()), ("renamed", place.read_bytes())]


def test_nothing_is_kept_of_a_longer_part_that_a_killed_process_has_left(source: Storage, tmp_path: Path) -> None:
    (tmp_path / ".x.backup.part").write_bytes(b"x" * 100_000)
    backup(source, tmp_path / "x.backup")
    with open_backup(tmp_path / "x.backup", source) as opened:
        assert verify(opened, source).differing() == 0


@pytest.mark.parametrize("begins_anew", [False, True], ids=["renamed", "renamed and begun anew"])
def test_a_backup_that_another_process_has_just_finished_is_not_written_through(
    source: Storage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, begins_anew: bool
) -> None:
    place, part, lock = tmp_path / "x.backup", tmp_path / ".x.backup.part", fcntl.flock

    def finish_first(*arguments: int) -> None:
        part.write_bytes(b"theirs")
        part.rename(place)
        if begins_anew:
            part.touch(0o600)
        lock(*arguments)

    monkeypatch.setattr(fcntl, "flock", finish_first)
    with pytest.raises(Unavailable, match="another process is writing"):
        backup(source, place)
    assert place.read_bytes() == b"theirs"


@pytest.mark.parametrize("code", [errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP])
def test_without_locks_a_backup_is_written_with_a_warning(
    source: Storage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(fcntl, "flock", refuse)
    warnings: list[str] = []
    backup(source, tmp_path / "x.backup", warn=warnings.append)
    assert (tmp_path / "x.backup").exists()
    assert len(warnings) == 1
    assert "x.backup: its file system has no locks" in warnings[0]


def test_a_lock_that_fails_in_any_other_way_stops_the_backup(
    source: Storage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(fcntl, "flock", fail)
    with pytest.raises(OSError, match=os.strerror(errno.EIO)):
        backup(source, tmp_path / "x.backup")
    assert not (tmp_path / "x.backup").exists()


def fail_at_folders(monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    """Have each flush of a folder fail."""
    flush = os.fsync

    def fail(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(code, os.strerror(code))
        flush(descriptor)

    monkeypatch.setattr(os, "fsync", fail)


@pytest.mark.parametrize("code", [errno.EINVAL, errno.EBADF])
def test_a_folder_that_cannot_be_flushed_is_a_warning_that_names_the_file(
    source: Storage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    fail_at_folders(monkeypatch, code)
    warnings: list[str] = []
    backup(source, tmp_path / "x.backup", warn=warnings.append)
    assert len(warnings) == 1
    assert "x.backup is replaced, but its folder could not be flushed" in warnings[0]


def test_a_folder_whose_disk_fails_is_an_error_that_says_what_the_file_has_become(
    source: Storage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail_at_folders(monkeypatch, errno.EIO)
    with pytest.raises(Unavailable, match="is replaced, but its folder could not be flushed"):
        backup(source, tmp_path / "x.backup")
