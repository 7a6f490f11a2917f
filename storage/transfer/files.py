"""Writing a file so that whoever looks finds the old one whole, or the new one."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from storage.errors import Unavailable


@contextmanager
def replacing(file: Path) -> Iterator[IO[bytes]]:
    """Give a file to write in, which takes the place of ``file`` when the block is left cleanly.

    It lies beside its place, readable by its owner alone, is flushed to the disk before it is renamed, and so is
    the folder afterwards. What a killed process has left there is written over by the next. ``Unavailable`` while
    another writes to the same place.
    """
    place = Path(os.path.realpath(file))
    part = place.with_name(f".{place.name}.part")
    with open(os.open(part, os.O_RDWR | os.O_CREAT, 0o600), "r+b") as written:
        own(written, part, file)
        try:
            written.truncate()
            yield written
            written.flush()
            os.fsync(written.fileno())
            os.replace(part, place)
        except BaseException:
            with suppress(OSError):
                part.unlink()
            raise
    flush_folder(place.parent)


def own(written: IO[bytes], part: Path, file: Path) -> None:
    """Lock the part for this process; ``Unavailable`` if another has it, or has just renamed it."""
    busy = Unavailable(f"another process is writing {file}: try again when it is done")
    try:
        fcntl.flock(written, fcntl.LOCK_EX | fcntl.LOCK_NB)
        mine, there = os.fstat(written.fileno()), os.stat(part)
    except (BlockingIOError, FileNotFoundError) as error:
        raise busy from error
    if (mine.st_dev, mine.st_ino) != (there.st_dev, there.st_ino):
        raise busy


def flush_folder(folder: Path) -> None:
    """Have the disk keep the names of a folder."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
