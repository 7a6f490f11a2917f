"""The JSON Schemas of the API, made from the rules that storage keeps: none is written twice."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from storage import Engine
from storage.entity import Description, Field, Integer, Text, Timestamp
from storage.query import LARGEST_LIMIT
from webapp.api.engine_json import MOMENT
from webapp.listing import DEFAULT_LIMIT, FILTERS, whole_number
from webapp.problems import PROBLEMS

Schema = dict[str, Any]

#: No control character (General_Category Cc); the second, no blank either.
ANY = r"[^\x00-\x1f\x7f-\x9f]"
INK = r"[^\s\x00-\x1f\x7f-\x9f]"

#: How moments are answered; they are read as ``MOMENT`` has it.
ANSWERED_MOMENT = r"^[1-9]\d{3}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$"
LARGEST_INT32 = 2**31 - 1


def component_schemas(engines: Description[Engine], root: str) -> dict[str, Schema]:
    """Return the named schemas of the document, the types of problems as they are under a path."""
    defaults = {one.name: one.default for one in dataclasses.fields(engines.type)}
    writable = {field.name: value_schema(field) for field in engines.fields}
    optional = {
        name: schema if defaults[name] is dataclasses.MISSING else schema | {"default": defaults[name]}
        for name, schema in writable.items()
    }
    required = [name for name in writable if defaults[name] is dataclasses.MISSING]
    names = ["id", *writable, "version"]
    answered = {name: answered_schema(engines.by_name[name]) for name in names}
    return {
        "Engine": closed(answered, names),
        "NewEngine": closed(optional, required),
        "EngineChanges": closed(writable, []),
        "Page": closed(
            {
                "items": {"type": "array", "items": reference("Engine"), "maxItems": LARGEST_LIMIT},
                "next": {"type": ["string", "null"], "description": "The cursor of the next page."},
            },
            ["items", "next"],
        ),
        "Problem": problem_schema(root),
    }


def problem_schema(root: str) -> Schema:
    """Return the schema of problem+json, its types as they are under a path."""
    error = closed({"field": {"type": "string"}, "detail": {"type": "string"}}, ["field", "detail"])
    members: dict[str, Schema] = {
        "type": {"type": "string", "enum": [problem.type(root) for problem in PROBLEMS.values()]},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "What was wrong, and what to do."},
        "errors": {"type": "array", "items": error, "description": "Each bad field or parameter."},
    }
    return closed(members, ["type", "title", "status", "detail"])


def value_schema(field: Field) -> Schema:
    """Return the schema of a value that a client sends for a field."""
    rule = field.rule
    schema: Schema
    match rule:
        case Text():
            pattern = f"^{INK}({ANY}*{INK})?$"
            schema = {"type": "string", "minLength": 1, "maxLength": rule.max_length, "pattern": pattern}
        case Integer():
            kind = "int32" if rule.maximum <= LARGEST_INT32 else "int64"
            schema = {"type": "integer", "format": kind, "minimum": rule.minimum, "maximum": rule.maximum}
        case Timestamp():
            schema = {"type": "string", "format": "date-time", "pattern": f"^{MOMENT.pattern}$"}
        case _:
            raise TypeError(f"no JSON Schema is known for {type(rule).__name__}")
    return schema | {"type": [schema["type"], "null"]} if field.nullable else schema


def answered_schema(field: Field) -> Schema:
    """Return the schema of a field's value in an answer."""
    schema = value_schema(field)
    return schema | {"pattern": ANSWERED_MOMENT} if isinstance(field.rule, Timestamp) else schema


def parameter_schema(name: str, engines: Description[Engine]) -> Schema:
    """Return the schema of a query parameter of the list."""
    if name == "sort":
        orders = [field.name for field in engines.by_name.values() if field.rule.sortable]
        return {"type": "string", "enum": [*orders, *(f"-{order}" for order in orders)], "default": "id"}
    if name == "limit":
        return {"type": "integer", "minimum": 1, "maximum": LARGEST_LIMIT, "default": DEFAULT_LIMIT}
    if name == "cursor":
        return {"type": "string", "pattern": "^[A-Za-z0-9_-]+$"}
    condition = FILTERS[name]
    if condition.operator == "is_null":
        return {"type": "boolean"}
    if condition.operator == "contains":
        return {"type": "string", "pattern": f"^{ANY}*$"}
    field = dataclasses.replace(engines.by_name[condition.field], nullable=False)
    assert (condition.read is whole_number) == isinstance(field.rule, Integer)  # noqa: S101 - what is read fits
    return value_schema(field)


def closed(properties: Mapping[str, Schema], required: list[str]) -> Schema:
    """Return the schema of an object that has these members and no others."""
    schema = {"type": "object", "properties": dict(properties), "additionalProperties": False}
    return schema | {"required": required} if required else schema


def reference(name: str) -> Schema:
    """Return a reference to a named schema."""
    return {"$ref": f"#/components/schemas/{name}"}
