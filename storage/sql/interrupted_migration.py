"""The target of an interrupted migration, on servers that commit each statement by itself.

There a kill leaves a database between two revisions, and whoever comes next, whichever way it is bound, must
first go where the killed one was going. Elsewhere a transaction undoes it, and nothing is written down.
"""

from __future__ import annotations

from sqlalchemy import Connection, inspect, text

COMMITS_EACH_STATEMENT = ("mysql", "mariadb")
TABLE = "engine_room_begun"


def find_begun(connection: Connection) -> str | None:
    """Return the target of an interrupted migration: a revision, or ``base``."""
    if connection.dialect.name not in COMMITS_EACH_STATEMENT or not inspect(connection).has_table(TABLE):
        return None
    target: str | None = connection.scalar(text("SELECT target FROM engine_room_begun"))
    return target


def note_begun(connection: Connection, target: str) -> None:
    """Write down where a migration is bound for, before its first step."""
    if connection.dialect.name in COMMITS_EACH_STATEMENT:
        # One statement, so that there is no table without its row.
        # With a key, since some servers take no table without one.
        table = "CREATE TABLE engine_room_begun (target VARCHAR(32) PRIMARY KEY) ENGINE=InnoDB"
        connection.execute(text(f"{table} SELECT :target AS target"), {"target": target})


def forget_begun(connection: Connection) -> None:
    """Have it forgotten: it has arrived, or was refused before it changed anything."""
    if connection.dialect.name in COMMITS_EACH_STATEMENT:
        connection.execute(text("DROP TABLE IF EXISTS engine_room_begun"))
