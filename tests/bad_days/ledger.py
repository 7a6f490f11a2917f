"""What a writer tried, and what became of it."""

from __future__ import annotations

import threading

from storage import AlreadyExists, StorageError, TransactionConflict, Unavailable
from tests.servers import PrivateServer

# After a kill SecantusDB has forgotten which commits and which numbered writes it had applied; mongod keeps
# them in config.transactions. When PyMongo repeats one whose answer was lost, SecantusDB answers that there
# is no such transaction, or that the document is there already.
FORGETFUL = {"SecantusDB": (TransactionConflict, AlreadyExists)}


class Ledger:
    """The titles that several writers tried to store: acknowledged, refused, or unknown."""

    def __init__(self, server: PrivateServer) -> None:
        self.doubtful = FORGETFUL.get(server.product, ())
        self.changed = threading.Condition()
        self.acknowledged: set[str] = set()
        self.refused: set[str] = set()
        self.unknown: set[str] = set()

    def acknowledge(self, title: str) -> None:
        """Note that the storage said it is stored."""
        with self.changed:
            self.acknowledged.add(title)
            self.changed.notify_all()

    def fail(self, title: str, error: StorageError) -> None:
        """Note that the storage raised an error."""
        lost = isinstance(error, Unavailable) and error.may_have_been_applied
        with self.changed:
            (self.unknown if lost or isinstance(error, self.doubtful) else self.refused).add(title)

    def wait_for_more(self, number: int, limit: float) -> None:
        """Return when that many more titles are acknowledged."""
        with self.changed:
            wanted = len(self.acknowledged) + number
            came = self.changed.wait_for(lambda: len(self.acknowledged) >= wanted, limit)
        assert came, f"no {number} writes were acknowledged in {limit} seconds"
