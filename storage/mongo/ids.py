"""Where new ids come from, and the high-water mark: the largest id that was given out or stored.

Never inside a unit: all units would meet on the one document. So the id of a unit that was rolled back is
not given again.
"""

from __future__ import annotations

from pymongo import ReturnDocument

from storage.entity import LARGEST_ID
from storage.errors import SchemaOutOfDate, Unavailable
from storage.mongo.client import Work
from storage.mongo.schema import IDS


class Ids:
    """The ids of one collection, counted in a document of their own."""

    def __init__(self, entity: str) -> None:
        self.entity = entity

    def take(self, work: Work, number: int) -> range:
        """Return that many new ids, ascending."""
        counter = work.collection(IDS).find_one_and_update(
            {"_id": self.entity, "last_id": {"$lte": LARGEST_ID - number}},
            {"$inc": {"last_id": number}},
            return_document=ReturnDocument.AFTER,
        )
        if counter is None:
            raise Unavailable(f"{self.entity} has no {number} ids left above {self.last(work)}", retryable=False)
        last = int(counter["last_id"])
        return range(last - number + 1, last + 1)

    def last(self, work: Work) -> int:
        """Return the high-water mark."""
        counter = work.collection(IDS).find_one({"_id": self.entity})
        if counter is None:
            raise self.missing()
        return int(counter["last_id"])

    def raise_to(self, work: Work, up_to: int) -> None:
        """Raise the high-water mark, never lowering it."""
        done = work.collection(IDS).update_one({"_id": self.entity}, {"$max": {"last_id": up_to}})
        if done.matched_count == 0:
            raise self.missing()

    def missing(self) -> SchemaOutOfDate:
        """Return the error for a counter that is not there."""
        message = f"{IDS} has no document for {self.entity}: run `flask db upgrade`"
        return SchemaOutOfDate(message, found=None, wanted="head")
