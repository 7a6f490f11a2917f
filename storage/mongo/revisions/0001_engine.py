"""The collection that keeps what the chapter's model keeps, without any rule."""

from __future__ import annotations

from typing import Any

from pymongo.errors import OperationFailure

NAMESPACE_EXISTS = 48
#: Later revisions made some of them, and their downgrades left them, so that no id is ever given twice.
MARKS = ["engine", "api_token", "sign_in", "idempotency_key"]


def upgrade(database: Any) -> None:
    if database["engine"].find_one() is not None:
        raise ValueError(
            "there are documents in a collection engine already: if they are engines with id, title and thrust,"
            " run `flask db stamp 0001` and upgrade again"
        )
    try:
        database.create_collection("engine", check_exists=False)
    except OperationFailure as error:
        if error.code != NAMESPACE_EXISTS:
            raise
    # A mark that is there is left as it is, so that no id is ever given twice.
    database["engine_room_ids"].update_one({"_id": "engine"}, {"$max": {"last_id": 0}}, upsert=True)


def downgrade(database: Any) -> None:
    database.drop_collection("engine")
    database["engine_room_ids"].delete_many({"_id": {"$in": MARKS}})
    if database["engine_room_ids"].find_one() is None:
        database.drop_collection("engine_room_ids")
