"""Who may: API tokens, sign-ins, and requests that are answered once.

The rules here are copies, frozen with the revision.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pymongo.errors import OperationFailure

NAMESPACE_EXISTS = 48

POSITIVE = {"bsonType": ["int", "long"], "minimum": 1}
MOMENT = {"bsonType": ["date"]}
FIRST_MOMENT, LAST_MOMENT = datetime(1000, 1, 1), datetime(9999, 12, 31, 23, 59, 59, 999000)


def text(longest: int) -> dict[str, Any]:
    """Return the schema of a text without control characters, and without blanks at its ends."""
    unwanted = {"bsonType": "string", "pattern": r"[\x00-\x1f\x7f-\x9f]|^ | $"}
    return {"bsonType": ["string"], "minLength": 1, "maxLength": longest, "not": unwanted}


def or_null(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a field that may be null."""
    return schema | {"bsonType": [*schema["bsonType"], "null"]}


FIELDS = {
    "api_token": {
        "name": text(64),
        "digest": text(64),
        "role": text(16),
        "created": MOMENT,
        "last_used": or_null(MOMENT),
    },
    "sign_in": {"username": text(64), "digest": text(64), "created": MOMENT, "expires": MOMENT},
    "idempotency_key": {"digest": text(64), "request": text(64), "expires": MOMENT, "answer": or_null(text(4096))},
}
UNIQUE = {"api_token": "name", "idempotency_key": "digest"}
SORTABLE = {"sign_in": "expires", "idempotency_key": "expires"}


def upgrade(database: Any) -> None:
    for name in FIELDS:
        if database[name].find_one() is not None:
            raise ValueError(
                f"there are documents in a collection {name} already: move them elsewhere, and upgrade again"
            )
    for name in FIELDS:
        make_collection(database, name)
        # A mark that is there is left as it is, so that no id is ever given twice.
        database["engine_room_ids"].update_one({"_id": name}, {"$max": {"last_id": 0}}, upsert=True)


def downgrade(database: Any) -> None:
    if database["api_token"].find_one() is not None:
        raise ValueError("there are API tokens, which revision 0003 cannot keep: revoke them, and downgrade again")
    for name in FIELDS:
        database.drop_collection(name)


def make_collection(database: Any, name: str) -> None:
    """Make a collection, its validator and its indexes; what is there is left as it is."""
    try:
        database.create_collection(name, check_exists=False)
    except OperationFailure as error:
        if error.code != NAMESPACE_EXISTS:
            raise
    database.command("collMod", name, validator=validator(name), validationLevel="strict", validationAction="error")
    if name in UNIQUE:
        database[name].create_index([(UNIQUE[name], 1)], name=f"uq_{name}_{UNIQUE[name]}", unique=True)
    if name in SORTABLE:
        database[name].create_index([(SORTABLE[name], 1), ("_id", 1)], name=f"ix_{name}_{SORTABLE[name]}")


def validator(name: str) -> dict[str, Any]:
    """Return what the database demands of each document: these fields, all of them, and no others."""
    properties = {"_id": POSITIVE, **FIELDS[name], "version": POSITIVE}
    moments = [field for field, schema in FIELDS[name].items() if "date" in schema["bsonType"]]
    return {
        "$jsonSchema": {
            "bsonType": "object",
            "required": [field for field in properties if field != "_id"],
            "properties": properties,
            "additionalProperties": False,
        },
        "$nor": [{field: bound} for field in moments for bound in ({"$lt": FIRST_MOMENT}, {"$gt": LAST_MOMENT})],
    }
