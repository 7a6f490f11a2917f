"""How a file of SQLite is switched to a write-ahead log while others have it open."""

from __future__ import annotations

import sqlite3

import pytest

from storage.sql.engine import set_wal

BUSY_SNAPSHOT = 517


class Connection:
    """A connection on which each attempt ends in the next of the faults, and then in success."""

    def __init__(self, *codes: int) -> None:
        self.codes = list(codes)
        self.attempts = 0

    def execute(self, statement: str) -> None:
        """Note the attempt, and fail if there is a fault left."""
        assert statement == "PRAGMA journal_mode = WAL"
        self.attempts += 1
        if self.codes:
            error = sqlite3.OperationalError("text that is not read")
            error.sqlite_errorcode = self.codes.pop(0)
            raise error


def test_a_file_that_others_lock_is_tried_until_it_is_free() -> None:
    connection = Connection(sqlite3.SQLITE_BUSY, BUSY_SNAPSHOT)
    set_wal(connection, 60)  # type: ignore[arg-type]
    assert connection.attempts == 3


def test_a_file_that_others_lock_for_longer_is_given_up() -> None:
    connection = Connection(*[sqlite3.SQLITE_BUSY] * 3)
    with pytest.raises(sqlite3.OperationalError):
        set_wal(connection, -1)  # type: ignore[arg-type]
    assert connection.attempts == 1


@pytest.mark.parametrize("code", [sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY_DIRECTORY])
def test_a_file_that_takes_no_writes_is_left_as_it_is(code: int) -> None:
    connection = Connection(code, code)
    set_wal(connection, 60)  # type: ignore[arg-type]
    assert connection.attempts == 1


@pytest.mark.parametrize(
    "code", [sqlite3.SQLITE_IOERR, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_FULL, sqlite3.SQLITE_LOCKED]
)
def test_any_other_fault_is_reported_at_once(code: int) -> None:
    connection = Connection(code, code)
    with pytest.raises(sqlite3.OperationalError):
        set_wal(connection, 60)  # type: ignore[arg-type]
    assert connection.attempts == 1
