"""The collections. What keeps an entity's rules and orders follows from its description; the revisions make it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from storage.entity import KEY_FACTOR, LARGEST_ID, Description, Field, Integer, Text, Timestamp
from storage.mongo.client import Document

#: The collection of the high-water marks, a document for each entity.
IDS = "engine_room_ids"

#: Control characters anywhere, or an ordinary blank at either end.
UNWANTED = r"[\x00-\x1f\x7f-\x9f]|^ | $"

#: The type admits far more than Python's.
FIRST_MOMENT, LAST_MOMENT = datetime(1000, 1, 1), datetime(9999, 12, 31, 23, 59, 59, 999000)

#: What breaks the validator is refused, whatever was there before.
VALIDATION = {"validationLevel": "strict", "validationAction": "error"}

POSITIVE: Document = {"bsonType": ["int", "long"], "minimum": 1}


@dataclass(frozen=True, slots=True)
class Index:
    """An index: its name, its keys in order, whether it is unique, and which documents it is of."""

    name: str
    keys: tuple[str, ...]
    unique: bool = False
    partial: Document | None = None


def indexes(description: Description[Any]) -> Iterator[Index]:
    """Yield an index ``(field, _id)`` for each order that can be asked for, and one for each unique field."""
    for field in description.fields:
        if field.rule.sortable:
            yield Index(f"ix_{description.name}_{field.name}", (field.name, "_id"))
        if field.name in description.searchable:
            yield Index(f"ix_{description.name}_{field.name}_key", (f"{field.name}_key", "_id"))
        if field.rule.unique:
            # Of those that have a value: any number may have none.
            partial = {field.name: {"$gte": least_value(field)}} if field.nullable else None
            yield Index(f"uq_{description.name}_{field.name}", (field.name,), True, partial)


def validator(description: Description[Any]) -> Document:
    """Return what the database demands of each document: these fields, all of them, and no others."""
    properties = {"_id": POSITIVE}
    for field in description.fields:
        properties |= properties_of(description, field)
    properties |= {"version": POSITIVE}
    rules: Document = {
        "$jsonSchema": {
            "bsonType": "object",
            "required": [name for name in properties if name != "_id"],
            "properties": properties,
            "additionalProperties": False,
        }
    }
    # The schema knows no bounds of moments.
    bounds = [
        {field.name: bound}
        for field in description.fields
        if isinstance(field.rule, Timestamp)
        for bound in ({"$lt": FIRST_MOMENT}, {"$gt": LAST_MOMENT})
    ]
    return rules | ({"$nor": bounds} if bounds else {})


def properties_of(description: Description[Any], field: Field) -> Document:
    """Return the schema of a field, and that of its search key if it has one."""
    types = {"bsonType": type_names(field)}
    match field.rule:
        case Text(max_length=longest):
            # A pattern says yes to what is no text, null among it, and so its opposite would say no.
            unwanted = {"bsonType": "string", "pattern": UNWANTED}
            found = {field.name: types | {"minLength": 1, "maxLength": longest, "not": unwanted}}
            if field.name in description.searchable:
                found[f"{field.name}_key"] = types | {"minLength": 1, "maxLength": KEY_FACTOR * longest}
            return found
        case Integer(minimum=smallest, maximum=largest):
            # Bounds as far as those of the type are left to it: as numbers they may lose their last digits.
            bounds = {"minimum": smallest, "maximum": largest}
            return {field.name: types | {name: bound for name, bound in bounds.items() if abs(bound) < LARGEST_ID}}
    return {field.name: types}


def type_names(field: Field) -> list[str]:
    """Return the names of the types that a field's value may have in the database."""
    names = {Text: ["string"], Timestamp: ["date"]}.get(type(field.rule), ["int", "long"])
    return [*names, "null"] if field.nullable else names


def least_value(field: Field) -> Any:
    """Return what no value of the field is below; comparing with it leaves other types out, null among them."""
    match field.rule:
        case Text():
            return ""
        case Integer(minimum=smallest):
            return smallest
    return FIRST_MOMENT
