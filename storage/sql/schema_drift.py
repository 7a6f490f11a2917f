"""What a database has otherwise than the head revision makes it, in sentences."""

from __future__ import annotations

import re
from collections.abc import Iterator, Set
from typing import Any

from alembic.runtime.migration import MigrationContext
from sqlalchemy import Column, Connection, Inspector, MetaData, Table, inspect

from storage.sql.dialects import dialect_of
from storage.sql.schema import IDS_TABLE

COLLATION = re.compile(r'COLLATE "?(\w+)"?')


def find_differences(connection: Connection, metadata: MetaData, limits: Set[str]) -> list[str]:
    """Compare the tables with the metadata's, and their CHECKs with ``limits``, the names that there should be."""
    return [
        difference
        for table in metadata.sorted_tables
        if is_wanted(connection, table)
        for difference in table_differences(connection, table, limits)
    ]


def is_wanted(connection: Connection, table: Table) -> bool:
    """Return whether the engine has a use for the table: with sequences it needs no table of high-water marks."""
    return not (table.name == IDS_TABLE and dialect_of(connection.dialect.name).sequences)


def table_differences(connection: Connection, table: Table, limits: Set[str]) -> Iterator[str]:
    """Yield what is otherwise in one table."""
    inspector = inspect(connection)
    if not inspector.has_table(table.name):
        yield f"the table {table.name} is missing"
        return
    yield from column_differences(connection, inspector, table)
    yield from index_differences(connection, inspector, table)
    checks = {check["name"] for check in inspector.get_check_constraints(table.name)}
    for column in table.columns:
        name = f"ck_{table.name}_{column.name}"
        if name in limits and name not in checks:
            yield f"the limit {name} is missing"
    sequence = f"{table.name}_id_seq"
    if dialect_of(connection.dialect.name).sequences and not inspector.has_sequence(sequence):
        yield f"the sequence {sequence} is missing"


def column_differences(connection: Connection, inspector: Inspector, table: Table) -> Iterator[str]:
    """Yield what is otherwise in the columns: they, their types, their collations and whether they take nulls."""
    alembic = MigrationContext.configure(connection).impl
    found = {column["name"]: column for column in inspector.get_columns(table.name)}
    for column in table.columns:
        name = f"{table.name}.{column.name}"
        if column.name not in found:
            yield f"the column {name} is missing"
            continue
        has = Column(column.name, found[column.name]["type"])
        if alembic.compare_type(has, column) or other_collation(connection, has, column):
            yield f"the column {name} is {shown(connection, has)}, not {shown(connection, column)}"
        if found[column.name]["nullable"] != column.nullable:
            yield f"the column {name} must {'take' if column.nullable else 'refuse'} nulls"


def other_collation(connection: Connection, has: Column[object], wanted: Column[object]) -> bool:
    """Return whether the text would sort otherwise; Alembic does not compare that."""
    collations = [COLLATION.findall(shown(connection, column)) for column in (wanted, has)]
    return bool(collations[0]) and collations[0] != collations[1]


def shown(connection: Connection, column: Column[object]) -> str:
    """Return a column's type as the engine's SQL has it."""
    return column.type.compile(dialect=connection.dialect)


def index_differences(connection: Connection, inspector: Inspector, table: Table) -> Iterator[str]:
    """Yield which indexes are missing, or are otherwise."""
    found = {index["name"]: index for index in inspector.get_indexes(table.name)}
    # An index with nulls first stands in the metadata twice by the same name, for PostgreSQL and for the others.
    wanted = {str(index.name): index for index in table.indexes}
    for name, index in sorted(wanted.items()):
        if name not in found:
            yield f"the index {name} is missing"
            continue
        columns = [column_name(one) for one in index.expressions]
        if found[name]["column_names"] != columns or bool(found[name]["unique"]) != index.unique:
            yield f"the index {name} must be {'unique and ' * index.unique}of {', '.join(columns)}"
        elif connection.dialect.name == "postgresql" and table.columns[columns[0]].nullable:
            sorting = found[name].get("column_sorting", {})
            if "nulls_first" not in sorting.get(columns[0], ()):
                yield f"the index {name} must have nulls first"


def column_name(expression: Any) -> str:
    """Return the name of the column that a part of an index is of: the column, or the column with its nulls first."""
    return str(getattr(expression, "element", expression).name)
