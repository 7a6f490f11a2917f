"""Which entities an SQL database stores, also those that the storage was not opened with."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Connection, Inspector, inspect, text

from storage.entity import NAME
from storage.sql.dialects import dialect_of
from storage.sql.schema import IDS_TABLE


def find_entities(connection: Connection) -> list[str]:
    """Return the names of the entities' tables, sorted.

    The high-water marks list them: rows of a table, or sequences. A mark outlives its table when a revision is
    undone, so the table must be there too.
    """
    inspector = inspect(connection)
    if dialect_of(connection.dialect.name).sequences:
        sequences = set(inspector.get_sequence_names())
        counted = [name for name in inspector.get_table_names() if f"{name}_id_seq"[:NAME] in sequences]
        return sorted(name for name in counted if has_identity(inspector, name))
    if not inspector.has_table(IDS_TABLE):
        return []
    marked = connection.scalars(text("SELECT entity FROM engine_room_ids")).all()
    return sorted(name for name in marked if inspector.has_table(name))


def has_identity(inspector: Inspector, table: str) -> bool:
    """Return whether a table has the id and the version of an entity."""
    columns = {column["name"]: column for column in inspector.get_columns(table)}
    return all(is_whole(columns.get(name)) for name in ("id", "version"))


def is_whole(column: Any) -> bool:
    """Return whether a column is there and holds a 64-bit number, never null."""
    return column is not None and isinstance(column["type"], BigInteger) and not column["nullable"]
