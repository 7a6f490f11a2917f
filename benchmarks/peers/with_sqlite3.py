"""sqlite3 by hand: one connection in autocommit, as durable as ours, on a table that counts its ids by itself."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime

from storage import Engine

COLUMNS = "title, thrust, last_fired, id, version"
GET = f"SELECT {COLUMNS} FROM engine WHERE id = ?"
PAGE = f"SELECT {COLUMNS} FROM engine WHERE id > ? ORDER BY id LIMIT 100"
ADD = "INSERT INTO engine (title, title_key, thrust, last_fired, version) VALUES (?, ?, ?, ?, 1)"
#: AUTOINCREMENT, since ours never gives an id twice either.
TABLE = """
CREATE TABLE engine (id INTEGER PRIMARY KEY AUTOINCREMENT, title TEXT NOT NULL, title_key TEXT NOT NULL,
    thrust INTEGER NOT NULL, last_fired TEXT, version INTEGER NOT NULL);
CREATE INDEX ix_title ON engine (title, id);
CREATE INDEX ix_title_key ON engine (title_key, id);
CREATE INDEX ix_thrust ON engine (thrust, id);
CREATE INDEX ix_last_fired ON engine (last_fired, id);
"""


class WithSqlite3:
    """See ``Peer``."""

    name = "sqlite3"

    def __init__(self, url: str) -> None:
        self.connection = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
        self.connection.execute("PRAGMA journal_mode = WAL")
        self.connection.execute("PRAGMA synchronous = FULL")
        self.connection.executescript(TABLE)
        self.execute = self.connection.execute

    def get(self, id: int) -> Engine:
        """Select by id."""
        title, thrust, fired, id, version = self.execute(GET, (id,)).fetchone()
        return Engine(title, thrust, fired and datetime.fromisoformat(fired).replace(tzinfo=UTC), id, version)

    def page(self, after: int) -> list[Engine]:
        """Select behind an id."""
        return [
            Engine(title, thrust, fired and datetime.fromisoformat(fired).replace(tzinfo=UTC), id, version)
            for title, thrust, fired, id, version in self.execute(PAGE, (after,))
        ]

    def add(self, engine: Engine) -> Engine:
        """Insert, with the id that the table gives."""
        id = self.execute(ADD, row(engine)).lastrowid
        return Engine(engine.title, engine.thrust, engine.last_fired, id, 1)

    def add_many(self, engines: Sequence[Engine]) -> None:
        """Insert in one transaction; no ids come back."""
        self.execute("BEGIN IMMEDIATE")
        self.connection.executemany(ADD, map(row, engines))
        self.execute("COMMIT")

    def empty(self) -> None:
        """Take all rows away."""
        self.execute("DELETE FROM engine")
        self.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()


def row(engine: Engine) -> tuple[object, ...]:
    """Return the columns of an engine."""
    fired = engine.last_fired
    text = fired and fired.replace(tzinfo=None).isoformat(" ", "milliseconds")
    return engine.title, engine.title.casefold(), engine.thrust, text
