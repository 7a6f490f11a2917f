"""Which entities a MongoDB database stores, also those that the storage was not opened with."""

from __future__ import annotations

from storage.mongo.client import Work
from storage.mongo.schema import IDS


def find_entities(work: Work) -> list[str]:
    """Return the names of the entities' collections, sorted.

    A collection of high-water marks lists them. A mark outlives its collection when a revision is undone, so
    the collection must be there too.
    """
    marked = {mark["_id"] for mark in work.collection(IDS).find()}
    return sorted(marked & set(work.database.list_collection_names()))
