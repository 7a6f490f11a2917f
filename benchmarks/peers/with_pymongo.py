"""PyMongo by hand, with the concerns that ours asks for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC
from typing import Any

from bson.codec_options import CodecOptions
from pymongo import MongoClient, ReturnDocument, WriteConcern
from pymongo.read_concern import ReadConcern

from storage import Engine

Document = dict[str, Any]


class WithPyMongo:
    """See ``Peer``; the same database, and the same counter."""

    name = "PyMongo"

    def __init__(self, url: str) -> None:
        self.client: MongoClient[Document] = MongoClient(url)
        database = self.client.get_default_database(
            codec_options=CodecOptions(tz_aware=False),
            write_concern=WriteConcern("majority", j=True),
            read_concern=ReadConcern("majority"),
        )
        self.engines, self.ids = database["engine"], database["engine_room_ids"]

    def get(self, id: int) -> Engine:
        """Find by id."""
        return entity(self.engines.find_one({"_id": id}))

    def page(self, after: int) -> list[Engine]:
        """Find behind an id."""
        found = self.engines.find({"_id": {"$gt": after}}, sort=[("_id", 1)], limit=100, batch_size=101)
        return [entity(document) for document in found.to_list()]

    def add(self, engine: Engine) -> Engine:
        """Count, and insert."""
        id = self.take(1)
        self.engines.insert_one(document(engine, id))
        return Engine(engine.title, engine.thrust, engine.last_fired, id, 1)

    def add_many(self, engines: Sequence[Engine]) -> list[Engine]:
        """Count once, and insert in a transaction."""
        first = self.take(len(engines)) - len(engines) + 1
        documents = [document(one, id) for id, one in enumerate(engines, first)]
        with self.client.start_session() as session, session.start_transaction():
            self.engines.insert_many(documents, session=session)
        return [Engine(one.title, one.thrust, one.last_fired, id, 1) for id, one in enumerate(engines, first)]

    def take(self, number: int) -> int:
        """Return the last of that many new ids."""
        change = {"$inc": {"last_id": number}}
        counter = self.ids.find_one_and_update({"_id": "engine"}, change, return_document=ReturnDocument.AFTER)
        return int(counter["last_id"])

    def empty(self) -> None:
        """Take all documents away."""
        self.engines.delete_many({})

    def close(self) -> None:
        """Close the client."""
        self.client.close()


def entity(document: Document) -> Engine:
    """Return the engine of a document; the driver's class for 64-bit integers becomes Python's own."""
    fired = document["last_fired"]
    return Engine(
        document["title"], int(document["thrust"]), fired and fired.replace(tzinfo=UTC),
        int(document["_id"]), int(document["version"]),
    )  # fmt: skip


def document(engine: Engine, id: int) -> Document:
    """Return the document of an engine."""
    fired = engine.last_fired
    return {
        "_id": id,
        "title": engine.title,
        "title_key": engine.title.casefold(),
        "thrust": engine.thrust,
        "last_fired": fired and fired.replace(tzinfo=None),
        "version": 1,
    }
