"""A full disk, an I/O error or a kill at any write, flush or rename leaves the old backup whole, or the new one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from storage import Storage, open_storage
from storage.transfer import open_backup
from tests.programs import find_program
from tests.transfer.samples import engines

ROOT = Path(__file__).parents[2]

ERRORS = ["error=EIO", "error=ENOSPC", "signal=SIGKILL"]
CALLS = [("write", 1), ("write", 2), ("fsync", 1), ("fsync", 2), ("rename", 1)]


@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize(("call", "number"), CALLS)
def test_the_old_backup_is_whole_or_the_new_one(
    source: Storage, tmp_path: Path, call: str, number: int, error: str
) -> None:
    source.engines.put_many(engines(2))
    file = tmp_path / "backup"
    back_up(source, file)
    old = file.read_bytes()
    source.engines.put_many(engines(3000))
    done = back_up(source, file, "-e", f"inject={call}:{error}:when={number}", folder=tmp_path)
    assert done.returncode != 0
    if "error" in error:
        assert done.stderr.count("Error: ") == 1
        assert "Traceback" not in done.stderr
        assert list(tmp_path.glob(".*")) == []
    with open_storage(source.url.render_as_string()) as storage, open_backup(file, storage) as opened:  # type: ignore[attr-defined]
        # The last flush is that of the folder, when the new backup has its name.
        assert (file.read_bytes() == old) is ((call, number) != ("fsync", 2))
        assert opened.manifest.contents.rows["engine"] in (2, 3000)
    assert back_up(source, file).returncode == 0


def back_up(
    storage: Storage, file: Path, *injection: str, folder: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Make a backup in a process of its own, whose calls on the folder are disturbed."""
    command = [sys.executable, "-m", "storage", "backup", storage.url.render_as_string(), str(file)]  # type: ignore[attr-defined]
    if injection:
        strace = find_program("strace", "install the package strace")
        places = [
            option for place in (file, file.with_name(f".{file.name}.part"), folder) for option in ("-P", str(place))
        ]
        command = [
            strace,
            "-f",
            "-qq",
            "-o",
            "/dev/null",
            *places,
            "-e",
            "trace=write,fsync,rename",
            *injection,
            *command,
        ]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
