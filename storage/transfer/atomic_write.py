"""Writing a file so that a reader finds the old one whole, or the new one."""

from __future__ import annotations

import errno
import fcntl
import logging
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from storage.errors import Invalid, Unavailable

#: Receives a sentence about what the file system could not do.
Warn = Callable[[str], None]

log_warning: Warn = logging.getLogger("engine_room.transfer").warning

#: How a file system says that it has no such function: network file systems without locks, FUSE, 9p.
NOT_SUPPORTED = (errno.EINVAL, errno.EBADF, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOLCK)


@contextmanager
def replacing(file: Path, warn: Warn = log_warning) -> Iterator[IO[bytes]]:
    """Give a file to write in, which takes the place of ``file`` when the block is left cleanly.

    It lies beside its place, readable by its owner alone, is flushed to the disk before it is renamed, and so is
    the folder afterwards. What a killed process has left there is written over by the next. ``Unavailable`` while
    another writes to the same place. A pipe or a character device is written in place; ``Invalid`` for anything else
    that is no regular file.
    """
    if is_stream(file):
        with file.open("wb") as written:
            yield written
        return
    place = Path(os.path.realpath(file))
    part = place.with_name(f".{place.name}.part")
    with open_part(part) as written:
        own(written, part, file, warn)
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
    flush_folder(place, warn)


def is_stream(file: Path) -> bool:
    """Return whether what stands at a place is a pipe or a character device, which has no old content to keep."""
    try:
        mode = os.stat(file).st_mode
    except FileNotFoundError:
        return False
    if stat.S_ISFIFO(mode) or stat.S_ISCHR(mode):
        return True
    if not stat.S_ISREG(mode):
        raise Invalid({str(file): "is no regular file, pipe or character device: name another place"})
    return False


def open_part(part: Path) -> IO[bytes]:
    """Open the file beside its place; ``Invalid`` unless it is a regular file of this user's with one name."""
    in_the_way = Invalid({str(part): "is a link, or not a file of this user's own: remove it, and try again"})
    try:
        descriptor = os.open(part, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK, 0o600)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.EISDIR, errno.ENXIO):
            raise in_the_way from error
        raise
    found = os.fstat(descriptor)
    # Without a name it is one that another process has just renamed or removed: it owns the place.
    if not stat.S_ISREG(found.st_mode) or found.st_uid != os.geteuid() or found.st_nlink > 1:
        os.close(descriptor)
        raise in_the_way
    os.fchmod(descriptor, 0o600)
    return open(descriptor, "r+b")


def own(written: IO[bytes], part: Path, file: Path, warn: Warn) -> None:
    """Lock the part for this process; ``Unavailable`` if another has it, or has just renamed it."""
    busy = Unavailable(f"another process is writing {file}: try again when it is done")
    try:
        fcntl.flock(written, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise busy from error
    except OSError as error:
        if error.errno not in NOT_SUPPORTED:
            raise
        warn(f"{file}: its file system has no locks ({error.strerror}): run one writer at a time")
    try:
        mine, there = os.fstat(written.fileno()), os.stat(part)
    except FileNotFoundError as error:
        raise busy from error
    if (mine.st_dev, mine.st_ino) != (there.st_dev, there.st_ino):
        raise busy


def flush_folder(place: Path, warn: Warn) -> None:
    """Have the disk keep the name of a file that has been replaced."""
    descriptor = os.open(place.parent, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        sentence = f"{place} is replaced, but its folder could not be flushed to the disk ({error.strerror})"
        if error.errno not in NOT_SUPPORTED:
            raise Unavailable(f"{sentence}: after a power cut it may be the old file") from error
        warn(f"{sentence}: after a power cut it may be the old file")
    finally:
        os.close(descriptor)
