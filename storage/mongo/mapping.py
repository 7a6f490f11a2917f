"""Between an entity's values and a document: ``id`` is ``_id``, and values mean the same as on every engine."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from operator import itemgetter
from typing import Any, TypeVar

from bson.int64 import Int64

from storage.description import Description
from storage.fields import Integer, Timestamp
from storage.mongo.pool import Document

E = TypeVar("E")


def stored_name(name: str) -> str:
    """Return the name under which a document keeps a field."""
    return "_id" if name == "id" else name


def stored_value(value: Any) -> Any:
    """Return a value as the driver takes it: a moment in UTC without its zone, as it also comes back."""
    return value.replace(tzinfo=None) if isinstance(value, datetime) else value


def writer(description: Description[E]) -> Callable[[Mapping[str, Any]], Document]:
    """Return what makes the fields of a document from checked values, their search keys among them."""
    moments = [field.name for field in description.fields if isinstance(field.rule, Timestamp)]

    def write(values: Mapping[str, Any]) -> Document:
        document = {**values, **description.search_keys(values)}
        if "id" in document:
            document["_id"] = document.pop("id")
        for name in moments:
            if name in document:
                document[name] = stored_value(document[name])
        return document

    return write


def reader(description: Description[E]) -> Callable[[Document], E]:
    """Return what builds an entity from a document.

    The driver gives 64-bit integers a class of its own, and moments without their zone.
    """
    entity = description.type
    values_of = itemgetter(*[stored_name(name) for name in description.columns])
    rules = [description.by_name[name].rule for name in description.columns]
    integers = [position for position, rule in enumerate(rules) if isinstance(rule, Integer)]
    moments = [position for position, rule in enumerate(rules) if isinstance(rule, Timestamp)]

    def read(document: Document) -> E:
        values = list(values_of(document))
        for position in integers:
            if type(values[position]) is Int64:
                values[position] = int(values[position])
        for position in moments:
            if values[position] is not None:
                values[position] = values[position].replace(tzinfo=UTC)
        return entity(*values)

    return read
