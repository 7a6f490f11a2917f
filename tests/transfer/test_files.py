"""A full disk, an I/O error or a kill at any write, flush or rename leaves the old backup whole, or the new one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from storage import Storage
from tests.programs import Missing, find_program
from tests.running import refuse
from tests.transfer.everything import backup, open_backup
from tests.transfer.samples import engines

ROOT = Path(__file__).parents[2]

CALLS = [("fsync", 1), ("rename", 1), ("fsync", 2)]
#: Each call that leaves the file in another state, and what happens at it. No flush or rename wants room.
INJECTIONS = [
    ("write", 1, "error=EIO"),
    ("write", 1, "error=ENOSPC"),
    ("write", 2, "signal=SIGKILL"),
    *[(call, number, what) for call, number in CALLS for what in ("error=EIO", "signal=SIGKILL")],
]


@pytest.fixture(scope="module")
def strace() -> str:
    """The program that disturbs the calls of another."""
    try:
        return find_program("strace", "install the package strace")
    except Missing as error:
        refuse(f"a backup whose writes fail is not tested: {error}")


@pytest.mark.parametrize(("call", "number", "error"), INJECTIONS)
def test_the_old_backup_is_whole_or_the_new_one(
    source: Storage, tmp_path: Path, strace: str, call: str, number: int, error: str
) -> None:
    source.engines.put_many(engines(2))
    file = tmp_path / "backup"
    backup(source, file)
    old = file.read_bytes()
    source.engines.put_many(engines(3000))
    done = back_up_disturbed(strace, source, file, f"inject={call}:{error}:when={number}")
    assert done.returncode != 0
    if "error" in error:
        assert done.stderr.count("Error: ") == 1
        assert "Traceback" not in done.stderr
        assert list(tmp_path.glob(".*")) == []
    with open_backup(file, source) as opened:
        # The last flush is that of the folder, when the new backup has its name.
        assert (file.read_bytes() == old) is ((call, number) != ("fsync", 2))
        assert opened.manifest.contents.rows["engine"] in (2, 3000)
    backup(source, file)


def back_up_disturbed(strace: str, storage: Storage, file: Path, injection: str) -> subprocess.CompletedProcess[str]:
    """Make a backup in a process of its own, whose calls on the file and its folder are disturbed."""
    places = [file, file.with_name(f".{file.name}.part"), file.parent]
    only = [option for place in places for option in ("-P", str(place))]
    disturbing = [strace, "-f", "-qq", "-o", "/dev/null", *only]
    command = [sys.executable, "-m", "storage", "backup", storage.address, str(file)]
    disturbed = [*disturbing, "-e", "trace=write,fsync,rename", "-e", injection, *command]
    return subprocess.run(disturbed, cwd=ROOT, capture_output=True, text=True, check=False)
