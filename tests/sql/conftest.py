"""A fresh database of each SQL engine, and a storage on it that nobody has migrated yet."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from storage import Storage, open_storage
from tests.servers import SQL_KINDS


@pytest.fixture(params=SQL_KINDS)
def sql_kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def sql_url(sql_kind: str, make_database: Callable[[str], str]) -> str:
    return make_database(sql_kind)


@pytest.fixture
def unmigrated(sql_url: str) -> Iterator[Storage]:
    with open_storage(sql_url) as storage:
        yield storage
