"""Killed at random moments and run again, a copy, a restore and a backup end as if they had not been killed.

A short form by default; `make test-crash` asks for 50 kills of each with 20,000 rows. A killed process is not a
power cut.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from storage import Invalid, SchemaOutOfDate, open_storage
from storage.migrations import WITHDRAWN
from tests.transfer.children import (
    Move,
    back_up_all,
    copy_all,
    is_killed,
    move_until_moment,
    open_patiently,
    restore_all,
)
from tests.transfer.everything import backup, open_backup, verify
from tests.transfer.samples import engines

ROWS = int(os.environ.get("TRANSFER_ROWS", "500"))
KILLS = int(os.environ.get("TRANSFER_KILLS", "2"))

PAIRS = [("sqlite", "postgresql"), ("postgresql", "mongodb"), ("mongodb", "mariadb")]
pairs = pytest.mark.parametrize(("start", "end"), PAIRS, ids=["-".join(pair) for pair in PAIRS])


@pytest.fixture(scope="module")
def sources(make_database: Callable[[str], str]) -> dict[str, str]:
    """A database of each kind with the rows, made when it is first asked for."""
    return {}


@pytest.fixture
def source_url(start: str, sources: dict[str, str], make_url: Callable[..., str]) -> str:
    """The URL of the one to move from."""
    if start not in sources:
        sources[start] = make_url(start)
        with open_storage(sources[start]) as storage:
            storage.engines.put_many(engines(ROWS))
    return sources[start]


def kills(move: Move, start: str, fresh: Callable[[], str]) -> Iterator[str]:
    """Yield where a move was to be killed at a random moment, until so many were.

    One that ended before its moment is yielded too, and counts for none: another is tried in its place, unless three
    times as many were.
    """
    numbers = random.Random(seed := random.randrange(2**32))
    print(f"seed {seed}")  # noqa: T201 - pytest shows it where the test fails
    began = time.monotonic()
    move(start, fresh())
    whole = time.monotonic() - began
    killed = tried = 0
    while killed < KILLS and tried < 3 * KILLS:
        end, began = fresh(), time.monotonic()
        if is_killed(move_until_moment, numbers.uniform(0.001, whole), move, start, end):
            killed += 1
        else:
            # The one that was measured had more to load.
            whole = min(whole, time.monotonic() - began)
        tried += 1
        yield end
    print(f"{killed} of {tried} were killed at work")  # noqa: T201 - as the seed
    # Of a few, all may have ended before their moments.
    assert killed or tried < 10


@pairs
def test_a_copy_that_was_killed_ends_equal(source_url: str, end: str, make_url: Callable[..., str]) -> None:
    with open_storage(source_url) as source:
        for url in kills(copy_all, source_url, lambda: make_url(end)):
            copy_all(source_url, url)
            with open_storage(url) as destination:
                assert verify(source, destination).differing() == 0


@pairs
def test_a_restore_that_was_killed_is_not_served_by_half_and_ends_equal(
    source_url: str, end: str, make_url: Callable[..., str], tmp_path: Path
) -> None:
    file = tmp_path / "backup"
    with open_storage(source_url) as source:
        backup(source, file)
        for url in kills(restore_all, str(file), lambda: make_url(end)):
            with open_storage(url) as destination:
                if destination.migrations.current() == WITHDRAWN:
                    with pytest.raises(SchemaOutOfDate, match="out of service"):
                        destination.engines.count()
                else:
                    assert destination.engines.count() in (0, ROWS)
            restore_all(str(file), url)
            with open_patiently(url) as destination:
                assert verify(source, destination).differing() == 0


@pairs
def test_a_backup_that_was_killed_leaves_the_old_one_or_the_new_one(source_url: str, end: str, tmp_path: Path) -> None:
    file = tmp_path / "backup"
    with open_storage(source_url) as source:
        file.write_bytes(b"old")
        for place in kills(back_up_all, source_url, lambda: str(file)):
            assert is_whole(file, source), place
            back_up_all(source_url, place)
            with open_backup(file, source) as opened:
                assert verify(opened, source).differing() == 0
            assert [found.name for found in tmp_path.iterdir()] == ["backup"]
            file.write_bytes(b"old")


def is_whole(file: Path, storage: object) -> bool:
    """Return whether a file is the old one, or a backup that is sound."""
    if file.read_bytes() == b"old":
        return True
    try:
        with open_backup(file, storage):  # type: ignore[arg-type]
            return True
    except Invalid:
        return False
