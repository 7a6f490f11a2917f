"""Searching costs in proportion to the text, whatever the text is."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path
from typing import Any

from sqlalchemy import event

from storage import Engine, Filter, open_storage
from storage.sql import SqlStorage


def refuse_like(action: int, _first: str | None, second: str | None, *_: Any) -> int:
    """Deny SQLite the function behind LIKE, whose time is quadratic for text that repeats one letter."""
    return sqlite3.SQLITE_DENY if (action, second) == (sqlite3.SQLITE_FUNCTION, "like") else sqlite3.SQLITE_OK


def test_sqlite_searches_without_like(migrated_file: Path, tmp_path: Path) -> None:
    with open_storage(f"sqlite:///{shutil.copy(migrated_file, tmp_path)}") as storage:
        assert isinstance(storage, SqlStorage)
        event.listen(storage.engine, "connect", lambda connection, _: connection.set_authorizer(refuse_like))
        crafted = storage.engines.add(Engine("a" * 127 + "b"))
        assert storage.engines.find(Filter("title", "contains", "AB")).items == [crafted]
        assert storage.engines.count(Filter("title", "contains", "a" * 100 + "c")) == 0
