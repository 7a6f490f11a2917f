"""Storages between which data moves, and the rows that move."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from storage import Storage, open_storage
from tests.third_party.conftest import installed

__all__ = ["installed"]

MakeStorage = Callable[..., Storage]


@pytest.fixture
def make_url(make_database: Callable[[str], str], migrated_file: Path) -> Callable[..., str]:
    """``make_url("postgresql")`` returns the URL of a fresh, migrated database; of SQLite, unless a kind is named."""

    def make(kind: str = "sqlite") -> str:
        url = make_database(kind)
        if kind == "sqlite":
            shutil.copy(migrated_file, url.removeprefix("sqlite:///"))
        else:
            with open_storage(url) as storage:
                storage.migrations.upgrade()
        return url

    return make


@pytest.fixture
def make_storage(make_url: Callable[..., str]) -> Iterator[MakeStorage]:
    """``make_storage("postgresql")`` returns an open storage on a fresh database; on SQLite, unless a kind is named."""
    with ExitStack() as stack:
        yield lambda kind="sqlite", **options: stack.enter_context(open_storage(make_url(kind), **options))


@pytest.fixture
def source(make_storage: MakeStorage) -> Storage:
    """An empty storage on SQLite."""
    return make_storage()


@pytest.fixture
def destination(make_storage: MakeStorage) -> Storage:
    """Another one."""
    return make_storage()
