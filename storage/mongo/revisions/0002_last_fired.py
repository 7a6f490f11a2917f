"""When an engine was last fired."""

from __future__ import annotations

from typing import Any


def upgrade(database: Any) -> None:
    database["engine"].update_many({"last_fired": {"$exists": False}}, {"$set": {"last_fired": None}})


def downgrade(database: Any) -> None:
    database["engine"].update_many({"last_fired": {"$exists": True}}, {"$unset": {"last_fired": ""}})
