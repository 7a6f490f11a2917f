"""Entities: their field types, what is read from their classes, and what every server can keep."""

from storage.entity.columnar import (
    Columns,
    Values,
    aware,
    by_row,
    columns_of,
    height,
    naive,
    picked,
    sliced,
    sliced_by_bytes,
)
from storage.entity.declaration import describe, entity_name
from storage.entity.fields import LARGEST_ID, VALUE_TYPES, Integer, Rule, Text, Timestamp, check_characters
from storage.entity.limits import NAME, check_together
from storage.entity.schema import ID, Description, Field, check_id, check_version
from storage.entity.search_keys import KEY_FACTOR, prefix_end, search_key

__all__ = [
    "ID",
    "KEY_FACTOR",
    "LARGEST_ID",
    "NAME",
    "VALUE_TYPES",
    "Columns",
    "Description",
    "Field",
    "Integer",
    "Rule",
    "Text",
    "Timestamp",
    "Values",
    "aware",
    "by_row",
    "check_characters",
    "check_id",
    "check_together",
    "check_version",
    "columns_of",
    "describe",
    "entity_name",
    "height",
    "naive",
    "picked",
    "prefix_end",
    "search_key",
    "sliced",
    "sliced_by_bytes",
]
