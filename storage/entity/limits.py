"""What every server can keep: an entity that goes beyond the smallest limit of all is refused at its declaration.

Otherwise the first long value would fail on one server, years after the others took it. Each limit names the server
that has it; all others take more. ``tests/test_limits.py`` stores the largest values that are accepted.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from storage.entity.fields import LARGEST_ID, Integer, Rule, Text
from storage.entity.schema import Description
from storage.entity.search_keys import KEY_FACTOR
from storage.entity.sizes import page_bytes, row_bytes

#: PostgreSQL takes 2,704 bytes in an index; this leaves room for the id and for what it adds. MySQL takes 3,072.
INDEXED_CODE_POINTS = 660
#: MySQL: the bytes of a row, long text among them.
ROW = 65_535
#: PostgreSQL and InnoDB have 8 KiB for a row, and need some of it for themselves.
PAGE = 7_980
#: InnoDB takes 1,017 columns.
COLUMNS = 1_000
#: MySQL and MongoDB, the primary key among them.
INDEXES = 64
#: PostgreSQL: the bytes of a name. MySQL takes 64 characters.
NAME = 63

ORDINARY_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*", re.ASCII)
SHORTEN = "shorten the text, of which each code point can take 4 bytes"

#: PostgreSQL has these columns in each table.
SYSTEM_COLUMNS = frozenset({"tableoid", "xmin", "cmin", "xmax", "cmax", "ctid"})
#: The tables of storage itself, of Alembic, and of SQLite and MongoDB.
RESERVED_TABLES = ("engine_room_", "alembic_", "sqlite_", "system_")


def check_limits(description: Description[Any]) -> None:
    """Raise ``TypeError`` for an entity that some server cannot keep."""
    name = description.type.__name__
    check_table_name(name, description.name)
    for field in description.fields:
        check_name(name, field.name)
        check_indexed(f"{name}.{field.name}", field.rule)
    check_columns(name, description)
    for object_name in objects_of(description):
        if len(object_name) > NAME:
            raise TypeError(
                f"{name}: the name {object_name} is longer than {NAME} characters: shorten that of the field"
            )
    if row_bytes(description.rules) > ROW:
        raise TypeError(
            f"{name}: a row can take {row_bytes(description.rules)} bytes, and MySQL takes {ROW}: {SHORTEN}"
        )
    if page_bytes(description.rules) > PAGE:
        raise TypeError(
            f"{name}: a row takes more than a page of MySQL has room for: declare fewer fields, or longer text"
        )


def check_together(descriptions: Sequence[Description[Any]]) -> None:
    """Raise ``TypeError`` for entities whose tables, indexes or sequences would have one name.

    PostgreSQL has all of them in one namespace, and SQLite tables and indexes.
    """
    names = Counter(name for description in descriptions for name in objects_of(description))
    for name, number in names.items():
        if number > 1:
            owners = [one.type.__qualname__ for one in descriptions if name in objects_of(one)]
            raise TypeError(f"{' and '.join(owners)} would both have {name} in the database: rename one of them")


def check_table_name(entity: str, table: str) -> None:
    """Raise ``TypeError`` for a class whose name cannot be that of a table."""
    if not ORDINARY_NAME.fullmatch(entity):
        raise TypeError(f"{entity}: the name must have ASCII letters, digits and underscores, and begin with a letter")
    reserved = next((prefix for prefix in RESERVED_TABLES if table.startswith(prefix)), None)
    if reserved is not None:
        raise TypeError(f"{entity}: its table would be {table}, and names that begin with {reserved} are reserved")


def check_name(entity: str, name: str) -> None:
    """Raise ``TypeError`` for a name that a column or a key of a document cannot have."""
    if not ORDINARY_NAME.fullmatch(name):
        raise TypeError(
            f"{entity}.{name}: the name must have ASCII letters, digits and underscores, and begin with a letter"
        )
    if name.lower() in SYSTEM_COLUMNS:
        raise TypeError(f"{entity}.{name}: PostgreSQL has a column of its own with that name")


def check_rule(place: str, rule: Rule) -> None:
    """Raise ``TypeError`` for a field type whose own arguments mean nothing."""
    match rule:
        case Text(max_length=longest) if type(longest) is not int or longest < 1:
            raise TypeError(f"{place}: the length of Text must be a whole number above 0, not {longest!r}")
        case Integer(minimum=smallest, maximum=largest):
            whole = type(smallest) is type(largest) is int
            if not whole or not -LARGEST_ID - 1 <= smallest <= largest <= LARGEST_ID:
                bounds = f"{smallest!r} and {largest!r}"
                raise TypeError(
                    f"{place}: the limits of Integer must be whole numbers of 64 bits in order, not {bounds}"
                )


def check_indexed(place: str, rule: Rule) -> None:
    """Raise ``TypeError`` for text that is too long for an index of some server."""
    if not isinstance(rule, Text):
        return
    longest = INDEXED_CODE_POINTS // KEY_FACTOR if rule.searchable else INDEXED_CODE_POINTS
    if rule.max_length > longest and (rule.searchable or rule.sortable or rule.unique):
        how = "searchable" if rule.searchable else "sortable" if rule.sortable else "unique"
        raise TypeError(f"{place}: {how} text can have at most {longest} code points, not {rule.max_length}")


def check_columns(entity: str, description: Description[Any]) -> None:
    """Raise ``TypeError`` for columns that are too many, or that differ in case alone, as they do not on MySQL."""
    columns = ["id", "version", *(field.name for field in description.fields), *(key for _, key in description.keys)]
    name, number = Counter(column.lower() for column in columns).most_common(1)[0]
    if number > 1:
        raise TypeError(f"{entity}.{name}: two fields, or a field and a search key, would have that name: rename one")
    if len(columns) > COLUMNS:
        raise TypeError(f"{entity} would have {len(columns)} columns, and can have {COLUMNS}: declare fewer fields")
    indexes = 1 + len(list(indexes_of(description)))
    if indexes > INDEXES:
        raise TypeError(f"{entity} would have {indexes} indexes, and can have {INDEXES}: declare fewer fields sortable")


def objects_of(description: Description[Any]) -> list[str]:
    """Return the names of an entity's table, sequence and indexes, and of the table through which it is put."""
    table = description.name
    return [table, f"{table}_id_seq", f"{table}_incoming", f"{table}_pkey", *indexes_of(description)]


def indexes_of(description: Description[Any]) -> Iterator[str]:
    """Yield the names of an entity's indexes without that of its primary key."""
    table = description.name
    for field in description.fields:
        if field.rule.sortable:
            yield f"ix_{table}_{field.name}"
        if field.name in description.searchable:
            yield f"ix_{table}_{field.name}_key"
        if field.rule.unique:
            yield f"uq_{table}_{field.name}"
