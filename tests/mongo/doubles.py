"""mongomock in the place of a server: what has to be adapted, on this side, and what it cannot show."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import Any

import mongomock

from storage import Engine
from storage.entity import describe
from storage.mongo import MongoStorage, open_backend
from storage.mongo.client import Document, Work
from storage.mongo.migrations import VERSIONS
from storage.mongo.schema import IDS, indexes
from storage.options import Options

#: What the contract promises and mongomock 4.3 cannot show, each with the reason.
EXPECTED_FAILURES = {
    "put_many": "bulk_write of ReplaceOne raises a TypeError under PyMongo 4.20: unexpected argument 'sort'",
    "migrations": "commands (hello for the lock's clock, collMod) and bulk writes are not implemented",
    "differences": "list_collections is not implemented",
    "limits of the database": "validators are ignored, so what is written past the repository is not refused",
    "threads": "single-document updates are not atomic: ids are given twice, and versioned updates are lost",
    "transactions and snapshots": "sessions are not implemented: the double says that it is a standalone server",
    "add_many after a failure": "a duplicate tells neither its code nor its key, so only the class is known",
    "outages": "a host that does not exist counts as connected",
}


def to_list(cursor: mongomock.collection.Cursor, length: int | None = None) -> list[Document]:
    """Do what PyMongo's cursor has a method for, and mongomock's has not."""
    return list(islice(cursor, length))


class Admin:
    """The two commands of the database ``admin`` that a storage asks for, answered as a standalone server would."""

    def command(self, name: str) -> Document:
        """Answer ``hello`` and ``ping``; anything else is a fault of the test."""
        return {"hello": {"isWritablePrimary": True, "ok": 1.0}, "ping": {"ok": 1.0}}[name]


class MongomockClient(mongomock.MongoClient):  # type: ignore[misc]
    """A client of mongomock that answers those commands."""

    @property
    def admin(self) -> Admin:
        """The database for commands."""
        return Admin()


def open_on_mongomock(entities: Sequence[type[Any]] = (Engine,)) -> MongoStorage:
    """Return a storage on an empty mongomock, as if it had been migrated."""
    mongomock.collection.Cursor.to_list = to_list
    storage = open_backend(MongomockClient(), Options(), [describe(entity) for entity in entities])
    for entity in entities:
        make_indexes(storage.pool.work, entity)
        make_counter(storage.pool.work, entity)
    for revision in storage.migrations.history():
        storage.pool.work.collection(VERSIONS).insert_one({"_id": revision.id, "complete": True})
    return storage


def make_indexes(work: Work, entity: type[Any]) -> None:
    """Make the indexes that an entity's revisions would make."""
    description = describe(entity)
    for index in indexes(description):
        options: Document = {} if index.partial is None else {"partialFilterExpression": index.partial}
        keys = [(key, 1) for key in index.keys]
        work.collection(description.name).create_index(keys, name=index.name, unique=index.unique, **options)


def make_counter(work: Work, entity: type[Any]) -> None:
    """Make the counter that an entity's revisions would make."""
    work.collection(IDS).update_one({"_id": describe(entity).name}, {"$max": {"last_id": 0}}, upsert=True)
