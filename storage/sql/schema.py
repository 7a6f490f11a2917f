"""The tables. An entity's table follows from its description; nothing else here knows an entity."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import BigInteger, Column, Index, MetaData, String, Table
from sqlalchemy.schema import SchemaItem

from storage.entity import KEY_FACTOR, Description, Field, Text
from storage.sql.mapping import CodePointText, column_type

NAMING = {"ix": "ix_%(table_name)s_%(column_0_name)s", "uq": "uq_%(table_name)s_%(column_0_name)s"}

IDS_TABLE = "engine_room_ids"


def ids_table(metadata: MetaData) -> Table:
    """Return the table of the high-water marks, a row for each entity; PostgreSQL has sequences instead."""
    return Table(
        IDS_TABLE,
        metadata,
        Column("entity", String(64), primary_key=True),
        Column("last_id", BigInteger, nullable=False),
    )


def entity_table(description: Description[Any], metadata: MetaData) -> Table:
    """Return the table of an entity, with an index ``(column, id)`` for each order that can be asked for."""
    items: list[SchemaItem] = [Column("id", BigInteger, primary_key=True, autoincrement=False)]
    for field in description.fields:
        items += columns_of(description, field)
    items.append(Column("version", BigInteger, nullable=False))
    # With a rowid beside it, SQLite would not seek by (column, id).
    table = Table(description.name, metadata, *items, sqlite_with_rowid=False)
    for field in description.fields:
        if field.rule.sortable:
            add_index(table, field.name, nullable=field.nullable)
        if field.name in description.searchable:
            add_index(table, f"{field.name}_key", nullable=field.nullable)
        if field.rule.unique:
            Index(f"uq_{table.name}_{field.name}", table.c[field.name], unique=True)
    return table


def columns_of(description: Description[Any], field: Field) -> Sequence[Column[Any]]:
    """Return the column of a field, and that of its search key if it has one."""
    columns = [Column(field.name, column_type(field.rule), nullable=field.nullable)]
    if isinstance(field.rule, Text) and field.name in description.searchable:
        key_type = CodePointText(KEY_FACTOR * field.rule.max_length)
        columns.append(Column(f"{field.name}_key", key_type, nullable=field.nullable))
    return columns


def add_index(table: Table, name: str, *, nullable: bool) -> None:
    """Add the index of an order. PostgreSQL puts nulls last unless it is told; the others always put them first."""
    plain = Index(f"ix_{table.name}_{name}", table.c[name], table.c.id)
    if nullable:
        plain.ddl_if(callable_=is_not_postgresql)
        first = Index(f"ix_{table.name}_{name}", table.c[name].nulls_first(), table.c.id, _table=table)
        first.ddl_if(dialect="postgresql")


def is_not_postgresql(*_: Any, dialect: Any, **__: Any) -> bool:
    """Return whether the plain index is the right one."""
    return bool(dialect.name != "postgresql")
