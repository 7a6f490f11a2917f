"""Killed before any of its writes, and run again, a copy or a restore ends as if it had not been killed."""

from __future__ import annotations

import os
from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest

from storage import ApiToken, Engine, SchemaOutOfDate, SignIn, Storage, open_storage
from tests.servers import KINDS
from tests.transfer.children import copy_all, is_killed, move_until_write, open_patiently, restore_all
from tests.transfer.everything import backup, verify
from tests.transfer.samples import NOON, all_rows, engines

#: Every so many writes are killed at, on SQLite every third at least; `make test-crash` asks for each of them.
STEP = int(os.environ.get("TRANSFER_KILL_STEP", "9"))

BEFORE = [*engines(2), Engine("newer", 9, None, 4, 9), Engine("too many", 9, None, 9, 1)]


def token(id: int, name: str) -> ApiToken:
    return ApiToken(name, "a" * 64, "read", NOON, None, id, id)


@pytest.fixture
def source_url(make_url: Callable[..., str]) -> str:
    """Seven engines and three tokens."""
    url = make_url()
    with open_storage(url) as storage:
        storage.engines.put_many(engines(7))
        storage.engines.reserve_ids(20)
        storage.repository(ApiToken).put_many([token(1, "b"), token(2, "a"), token(3, "c")])
    return url


def reset(storage: Storage) -> None:
    """Bring a destination to where it is killed from: rows that are the same, newer, too many; names swapped."""
    for entity in (Engine, ApiToken, SignIn):
        for row in storage.repository(entity).scan():
            storage.repository(entity).delete(row.id)
    storage.engines.put_many(BEFORE)
    storage.repository(ApiToken).put_many([token(1, "a"), token(2, "b")])
    storage.repository(SignIn).add(SignIn("ada", "a" * 64, NOON, NOON))


def step_of(kind: str) -> int:
    return min(STEP, 3) if kind == "sqlite" else STEP


@pytest.mark.parametrize("kind", KINDS)
def test_a_copy_killed_before_any_write_ends_equal_when_it_is_run_again(
    kind: str, source_url: str, make_url: Callable[..., str]
) -> None:
    url = make_url(kind)
    with open_patiently(source_url) as source, open_patiently(url) as destination:
        for number in count(1, step_of(kind)):
            reset(destination)
            killed = is_killed(move_until_write, number, copy_all, source_url, url)
            copy_all(source_url, url)
            assert verify(source, destination).differing() == 0, f"killed before write {number}"
            assert all_rows(source) == all_rows(destination)
            if not killed:
                break
    assert number > 5


@pytest.mark.parametrize("kind", KINDS)
def test_a_restore_killed_before_any_write_is_not_served_and_ends_when_it_is_run_again(
    kind: str, source_url: str, make_url: Callable[..., str], tmp_path: Path
) -> None:
    url, file = make_url(kind), tmp_path / "backup"
    with open_patiently(source_url) as source, open_patiently(url) as destination:
        backup(source, file)
        for number in count(1, step_of(kind)):
            reset(destination)
            before, wanted = all_rows(destination), all_rows(source)
            killed = is_killed(move_until_write, number, restore_all, str(file), url)
            assert served(url) in ([wanted] if not killed else [None, before, wanted]), f"killed before write {number}"
            restore_all(str(file), url)
            assert served(url) == wanted
            assert verify(source, destination).differing() == 0
            if not killed:
                break
    assert number > 5


def served(url: str) -> list[object] | None:
    """Return what somebody who comes along is given, ``None`` if that is refused."""
    with open_storage(url) as storage:
        try:
            return all_rows(storage)
        except SchemaOutOfDate:
            return None
