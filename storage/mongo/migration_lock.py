"""One upgrader at a time: a lock document that is claimed first, renewed while it is held, and expires.

All times are the server's, so that the clocks of two upgraders need not agree.
"""

from __future__ import annotations

import os
import socket
import threading
import time
import uuid
from contextlib import suppress
from datetime import datetime, timedelta
from types import TracebackType
from typing import Self

from pymongo.errors import DuplicateKeyError, PyMongoError

from storage.errors import Unavailable
from storage.mongo.client import Document, Work

LOCK = "engine_room_lock"
NAME = "migrations"

#: Seconds for which the lock is held without being renewed: that long is a killed upgrader in the way.
LEASE = 30.0
#: How long another upgrader may take, in seconds: documents in their millions are rewritten in minutes.
LONGEST_UPGRADE = 86_400.0
LONGEST_PAUSE = 0.5

LONG_AGO = datetime(1970, 1, 1)


class MigrationLock:
    """The lock of the migrations of one database, held for the length of a block.

    A thread renews it three times a lease, since a single step may take long. ``keep`` before each step makes
    sure that it is still held.
    """

    def __init__(self, work: Work, *, lease: float = LEASE, patience: float = LONGEST_UPGRADE) -> None:
        self.work = work
        self.lease = lease
        self.patience = patience
        self.owner = f"{socket.gethostname()}, process {os.getpid()}, {uuid.uuid4().hex}"
        self.released = threading.Event()
        self.renewer = threading.Thread(target=self.renew, name="engine-room-migrations", daemon=True)

    def __enter__(self) -> Self:
        with suppress(DuplicateKeyError):
            self.work.collection(LOCK).insert_one({"_id": NAME, "owner": None, "expires": LONG_AGO})
        limit = time.monotonic() + self.patience
        while not self.claim():
            if time.monotonic() > limit:
                holder = self.work.collection(LOCK).find_one({"_id": NAME}) or {}
                raise Unavailable(f"another upgrade is under way ({holder.get('owner')}): try again when it is done")
            time.sleep(min(LONGEST_PAUSE, self.lease / 10))
        self.renewer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.released.set()
        self.renewer.join()
        # What cannot be released now expires.
        with suppress(PyMongoError):
            self.extend({"owner": self.owner}, {"owner": None, "expires": LONG_AGO})

    def claim(self) -> bool:
        """Take the lock if it is free or was not renewed in time; return whether it is ours."""
        now = self.now()
        return self.extend({"expires": {"$lte": now}}, {"owner": self.owner, "expires": self.expiry(now)})

    def keep(self) -> None:
        """Renew the lock; ``Unavailable`` if it was lost to another upgrader."""
        if not self.extend({"owner": self.owner}, {"expires": self.expiry(self.now())}):
            raise Unavailable("the lock of the migrations went to another upgrader: try again when that is done")

    def renew(self) -> None:
        """Renew the lock from time to time; what fails here is found by the next ``keep``."""
        while not self.released.wait(self.lease / 3):
            with suppress(PyMongoError, Unavailable):
                self.keep()

    def extend(self, matching: Document, change: Document) -> bool:
        """Change the lock document if it matches; return whether it did."""
        done = self.work.collection(LOCK).update_one({"_id": NAME, **matching}, {"$set": change})
        return done.matched_count == 1

    def expiry(self, now: datetime) -> datetime:
        """Return when the lock ends unless it is renewed."""
        return now + timedelta(seconds=self.lease)

    def now(self) -> datetime:
        """Return the server's time."""
        moment: datetime = self.work.database.command("hello")["localTime"]
        return moment
