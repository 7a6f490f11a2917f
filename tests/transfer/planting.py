"""Faults written past the library, by the raw driver, on every kind of database."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from bson import Binary, Decimal128, Int64
from sqlalchemy import inspect, text

from storage import Storage
from tests.databases import mongo_client
from tests.sql.plain import connected

#: What is changed in the row with the id 7, a field at a time; SQL that every engine understands.
CHANGES: Mapping[str, tuple[str, object]] = {
    "a letter's case": ("title", "raptor"),
    "another normal form": ("title", "Rapto\u0308r"),
    "a blank at the end": ("title", "Raptör "),
    "NULL as text": ("title", "NULL"),
    "no text": ("title", ""),
    "a letter beyond the BMP": ("title", "Raptör\U0001f680"),
    "one more": ("thrust", 8),
    "one bit": ("thrust", 7 ^ 2**20),
    "the sign": ("thrust", -7),
    "one millisecond": ("last_fired", datetime(2026, 1, 31, 12, 0, 0, 124_000)),
    "one hour": ("last_fired", datetime(2026, 1, 31, 13, 0, 0, 123_000)),
    "no moment": ("last_fired", None),
    "another version": ("version", 2),
}

#: Values of a type that the field cannot have, where the engine keeps them.
ODD: Mapping[str, Mapping[str, tuple[str, object]]] = {
    "sqlite": {
        "a float": ("thrust", 7.5),
        "bytes for text": ("title", "Raptör".encode()),
        "text for a number": ("thrust", "seven"),
        "text that is no moment": ("last_fired", "yesterday"),
        "a number for a moment": ("last_fired", 7),
    },
    "mongodb": {
        "a float that compares equal": ("thrust", 7.0),
        "a decimal that compares equal": ("thrust", Decimal128("7")),
        "a bool": ("thrust", True),
        "text for a number": ("thrust", "7"),
        "bytes for text": ("title", Binary("Raptör".encode())),
        "text for a moment": ("last_fired", "2026-01-31T12:00:00.123Z"),
        "a number for a moment": ("last_fired", Int64(1769860800123)),
        "a float for a version": ("version", 1.0),
        "null for text": ("title", None),
    },
}

#: Types that MongoDB keeps apart, and which mean the same.
SAME = {"a wider integer": ("thrust", Int64(7))}


def unlock(storage: Storage) -> None:
    """Take the limits away that would refuse a fault."""
    if storage.backend == "mongodb":
        with mongo_client(storage.url) as client:  # type: ignore[attr-defined]
            client.get_default_database().command("collMod", "engine", validator={})
        return
    if storage.backend == "sqlite":
        return
    with connected(storage.url) as connection:  # type: ignore[attr-defined]
        for limit in inspect(connection).get_check_constraints("engine"):
            connection.execute(text(f"ALTER TABLE engine DROP CONSTRAINT {limit['name']}"))


def change(storage: Storage, id: int, field: str, value: object) -> None:
    """Change one field of one row, and nothing else."""
    if storage.backend == "mongodb":
        run_on_mongodb(storage, lambda engines: engines.update_one({"_id": id}, {"$set": {field: value}}))
        return
    if isinstance(value, datetime) and storage.backend == "sqlite":
        value = value.isoformat(" ", "milliseconds")
    run_on_sql(storage, f"UPDATE engine SET {field} = :value WHERE id = :id", value=value, id=id)


def remove(storage: Storage, id: int) -> None:
    """Take one row away."""
    if storage.backend == "mongodb":
        run_on_mongodb(storage, lambda engines: engines.delete_one({"_id": id}))
    else:
        run_on_sql(storage, "DELETE FROM engine WHERE id = :id", id=id)


def lower_mark(storage: Storage, to: int) -> None:
    """Lower the high-water mark."""
    if storage.backend == "mongodb":
        run_on_mongodb(
            storage,
            lambda engines: engines.database["engine_room_ids"].update_one(
                {"_id": "engine"}, {"$set": {"last_id": to}}
            ),
        )
    elif storage.backend == "postgresql":
        run_on_sql(storage, "SELECT setval('engine_id_seq', :to)", to=to)
    else:
        run_on_sql(storage, "UPDATE engine_room_ids SET last_id = :to WHERE entity = 'engine'", to=to)


def run_on_mongodb(storage: Storage, write: Callable[[Any], object]) -> None:
    """Write with the driver."""
    with mongo_client(storage.url) as client:  # type: ignore[attr-defined]
        write(client.get_default_database()["engine"])


def run_on_sql(storage: Storage, statement: str, **values: object) -> None:
    """Write with the driver."""
    with connected(storage.url) as connection:  # type: ignore[attr-defined]
        if storage.backend == "sqlite":
            connection.exec_driver_sql("PRAGMA ignore_check_constraints = ON")
        connection.execute(text(statement), values)
