"""The memory of a scan, in a process of its own: its peak after one row, and after all of them."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from benchmarks.calls import url_of
from benchmarks.goals import MEMORY
from benchmarks.results import Row
from storage import Storage, open_storage


def scan_in_child(place: str, storage: Storage, number: int) -> Row:
    """Return the row of a scan of all that a storage holds."""
    command = [sys.executable, "-m", "benchmarks.scanning", url_of(storage)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - our own interpreter
    scanned, before, after = (int(figure) for figure in done.stdout.split())
    if scanned != number:
        raise AssertionError(f"scan: {scanned} rows of {number}")
    more = (after - before) / 1024
    work = f"scan of {number:,} rows"
    return Row(place, work, "one row", MEMORY, "MB", after / 1024, before / 1024, more, more, more)


def main(url: str) -> None:
    """Scan, and print how many rows there were and the two peaks in kilobytes."""
    with open_storage(url) as storage:
        next(storage.engines.scan())
        before = peak()
        scanned = sum(1 for _ in storage.engines.scan())
        after = peak()
    sys.stdout.write(f"{scanned} {before} {after}\n")


def peak() -> int:
    """Return the most memory that this program has had, in kilobytes; what getrusage tells begins with its parent's."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    if found is None:
        raise OSError("the system does not tell the peak of memory")
    return int(found[1])


if __name__ == "__main__":
    main(sys.argv[1])
