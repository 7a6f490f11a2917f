"""Versions, search keys, limits that the database enforces, ids never used twice, an index for each order.

The rules here are copies, frozen with the revision.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from typing import Any
from unicodedata import category, normalize

from bson.codec_options import CodecOptions, DatetimeConversion
from pymongo import UpdateOne
from pymongo.errors import OperationFailure

FIELDS = {"_id", "title", "title_key", "thrust", "last_fired", "version"}
BATCH = 1000
MOST_NAMED = 20
SMALLEST_INT32, LARGEST_INT32 = -(2**31), 2**31 - 1
INDEX_NOT_FOUND = 27

INDEXES = {
    "ix_engine_title": ["title", "_id"],
    "ix_engine_title_key": ["title_key", "_id"],
    "ix_engine_thrust": ["thrust", "_id"],
    "ix_engine_last_fired": ["last_fired", "_id"],
}

VALIDATOR = {
    "$jsonSchema": {
        "bsonType": "object",
        "required": ["title", "title_key", "thrust", "last_fired", "version"],
        "properties": {
            "_id": {"bsonType": ["int", "long"], "minimum": 1},
            "title": {
                "bsonType": ["string"],
                "minLength": 1,
                "maxLength": 128,
                "not": {"bsonType": "string", "pattern": r"[\x00-\x1f\x7f-\x9f]|^ | $"},
            },
            "title_key": {"bsonType": ["string"], "minLength": 1, "maxLength": 384},
            "thrust": {"bsonType": ["int", "long"], "minimum": SMALLEST_INT32, "maximum": LARGEST_INT32},
            "last_fired": {"bsonType": ["date", "null"]},
            "version": {"bsonType": ["int", "long"], "minimum": 1},
        },
        "additionalProperties": False,
    },
    "$nor": [
        {"last_fired": {"$lt": datetime(1000, 1, 1)}},
        {"last_fired": {"$gt": datetime(9999, 12, 31, 23, 59, 59, 999000)}},
    ],
}


def upgrade(database: Any) -> None:
    refuse_wrong_documents(database)
    backfill(database)
    raise_mark(database)
    database.command("collMod", "engine", validator=VALIDATOR, validationLevel="strict", validationAction="error")
    for name, keys in INDEXES.items():
        make_index(database["engine"], name, [(key, 1) for key in keys])


def downgrade(database: Any) -> None:
    raise_mark(database)
    for name in INDEXES:
        drop_index(database["engine"], name)
    database.command("collMod", "engine", validator={}, validationLevel="strict", validationAction="error")
    added = {"$or": [{"version": {"$exists": True}}, {"title_key": {"$exists": True}}]}
    database["engine"].update_many(added, {"$unset": {"version": "", "title_key": ""}})


# The rules


def id_problem(id: object) -> str | None:
    """Return what is wrong with an id, if anything."""
    if not is_whole(id):
        return f"id must be a whole number, not {type(id).__name__}"
    return "id must be at least 1" if id < 1 else None  # type: ignore[operator]


def title_problem(title: object) -> str | None:
    """Return what is wrong with a title, if anything; one that is missing or blank gets a name instead."""
    if title is None:
        return None
    if not isinstance(title, str):
        return f"title must be text, not {type(title).__name__}"
    if not title.strip():
        return None
    if len(title) > 128:
        return f"title must have at most 128 characters, not {len(title)}"
    refused = next((one for one in title if category(one) == "Cc"), None)
    if refused is not None:
        return f"title must not hold the character U+{ord(refused):04X}"
    return "title must not begin or end with a blank" if title != title.strip() else None


def thrust_problem(thrust: object) -> str | None:
    """Return what is wrong with a thrust, if anything."""
    if thrust is None or (is_whole(thrust) and SMALLEST_INT32 <= thrust <= LARGEST_INT32):  # type: ignore[operator]
        return None
    return f"thrust must be a whole number from {SMALLEST_INT32} to {LARGEST_INT32}"


def moment_problem(moment: object) -> str | None:
    """Return what is wrong with a moment, if anything; one beyond Python's years is no ``datetime``."""
    if moment is None or (isinstance(moment, datetime) and moment.year >= 1000):
        return None
    return "last_fired must be a moment in the years 1000 to 9999"


def version_problem(version: object) -> str | None:
    """Return what is wrong with a version; only a run that was killed may have left one."""
    if version is None or (is_whole(version) and version >= 1):  # type: ignore[operator]
        return None
    return "version must be a whole number from 1"


def is_whole(value: object) -> bool:
    """Return whether it is an integer in the database too."""
    return isinstance(value, int) and not isinstance(value, bool)


def problems_of(document: dict[str, Any]) -> list[str]:
    """Return everything that is wrong with a document."""
    problems = [
        id_problem(document["_id"]),
        title_problem(document.get("title")),
        thrust_problem(document.get("thrust")),
        moment_problem(document.get("last_fired")),
        version_problem(document.get("version")),
        *(f"{name} is no field of an engine" for name in document if name not in FIELDS),
    ]
    return [problem for problem in problems if problem]


def as_stored(document: dict[str, Any]) -> dict[str, Any]:
    """Return the document that takes a document's place."""
    title = document.get("title") or ""
    title = title if title.strip() else "untitled"
    return {
        "_id": document["_id"],
        "title": title,
        "title_key": normalize("NFC", normalize("NFC", title).casefold()),
        "thrust": document.get("thrust") or 0,
        "last_fired": document.get("last_fired"),
        "version": document.get("version") or 1,
    }


# The documents, in batches


def batches(database: Any) -> Iterator[list[dict[str, Any]]]:
    """Yield the documents in id order, whatever is in them."""
    options: CodecOptions[Any] = CodecOptions(datetime_conversion=DatetimeConversion.DATETIME_AUTO)
    with database.get_collection("engine", options).find(sort=[("_id", 1)], batch_size=BATCH) as cursor:
        while batch := list(islice(cursor, BATCH)):
            yield batch


def refuse_wrong_documents(database: Any) -> None:
    """Raise a ``ValueError`` that names the documents which break a rule, before anything is changed."""
    found, named = 0, []
    for batch in batches(database):
        for document in batch:
            if problems := problems_of(document):
                found += 1
                if found <= MOST_NAMED:
                    named.append(f"id {document['_id']}: {', '.join(problems)}")
    if found > MOST_NAMED:
        named.append(f"and {found - MOST_NAMED} more")
    if found:
        raise ValueError(f"correct these documents of engine and upgrade again: {'; '.join(named)}")


def backfill(database: Any) -> None:
    """Complete each document that is not complete yet."""
    for batch in batches(database):
        changes = []
        for document in batch:
            wanted = as_stored(document)
            if document != wanted:
                changes.append(UpdateOne({"_id": wanted.pop("_id")}, {"$set": wanted}))
        if changes:
            database["engine"].bulk_write(changes, ordered=False)


def raise_mark(database: Any) -> None:
    """Raise the high-water mark to the largest id that is stored."""
    last = database["engine"].find_one({"_id": {"$type": ["int", "long"]}}, sort=[("_id", -1)])
    mark = 0 if last is None else max(0, last["_id"])
    database["engine_room_ids"].update_one({"_id": "engine"}, {"$max": {"last_id": mark}}, upsert=True)


# The indexes


def make_index(collection: Any, name: str, keys: list[tuple[str, int]]) -> None:
    """Make an index; another one under its name gives way, and one that is there is left alone by the server."""
    found = collection.index_information().get(name)
    if found is not None and found["key"] != keys:
        drop_index(collection, name)
    collection.create_index(keys, name=name)


def drop_index(collection: Any, name: str) -> None:
    """Drop an index unless that was done."""
    try:
        collection.drop_index(name)
    except OperationFailure as error:
        if error.code != INDEX_NOT_FOUND:
            raise
