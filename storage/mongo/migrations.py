"""The migrations of a MongoDB database: numbered modules, a record of what was applied, and a lock of ours."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from functools import cached_property
from importlib import import_module
from types import ModuleType
from typing import Any

from storage.entity import Description
from storage.errors import Invalid
from storage.migrations import MONGO_FOLDER, WITHDRAWN, MigrationsInFiles, RevisionFile, check_module, import_fault
from storage.mongo import revisions
from storage.mongo.client import Document, Work, refuse_secondary
from storage.mongo.errors import translated
from storage.mongo.inventory import find_entities
from storage.mongo.migration_lock import LEASE, MigrationLock
from storage.mongo.schema_drift import find_differences

#: The collection of the record: a document for each revision, not ``complete`` while it is run or undone.
VERSIONS = "engine_room_version"


class MongoMigrations(MigrationsInFiles):
    """See ``Migrations`` for what each method promises.

    ``work`` gives the storage's own collections, ``open_work`` others without a bound on statements, closed
    at the end of the block. ``lease``: seconds after which the lock of a killed upgrader is taken over.
    """

    def __init__(
        self,
        descriptions: Sequence[Description[Any]],
        work: Callable[[], Work],
        open_work: Callable[[], AbstractContextManager[Work]],
        lease: float = LEASE,
    ) -> None:
        self.folder = MONGO_FOLDER
        self.descriptions = descriptions
        self.work = work
        self.open_work = open_work
        self.lease = lease

    @cached_property
    def modules(self) -> dict[str, ModuleType]:
        """The revisions by id, oldest first, imported when they are first asked for."""
        return {file.id: import_revision(file) for file in self.checked_files()}

    def current(self) -> str | None:
        """Return the newest revision that was run to its end, or one that we do not know, in whatever state."""
        with translated():
            return self.recorded_revision(self.work())

    def upgrade(self, to: str = "head") -> None:
        """Run the revisions; each of their steps asks whether it is done."""
        target = self.resolve(to)
        if self.applied(self.current()) >= self.applied(target):
            return
        modules = self.modules
        with self.exclusive() as (work, lock):
            # Somebody else may have upgraded while we waited, even to a release that is newer than ours.
            applied = self.applied(self.recorded_revision(work))
            for revision, module in list(modules.items())[applied : self.applied(target)]:
                lock.keep()
                self.run(work, revision, module)

    def downgrade(self, to: str) -> None:
        """Undo the revisions, also one that was not run to its end."""
        target = None if to == "base" else self.resolve(to)
        # Imported before anything is changed.
        modules = self.modules
        with self.exclusive() as (work, lock):
            self.applied(self.recorded_revision(work))
            for revision in sorted(self.records(work), reverse=True):
                if target is None or revision > target:
                    lock.keep()
                    self.undo(work, revision, modules[revision])

    def stamp(self, revision: str) -> None:
        """Replace what the record says, whatever it was."""
        target = self.resolve(revision)
        modules = self.modules
        with self.exclusive() as (work, _):
            for known in modules:
                if known <= target:
                    self.record(work, known, complete=True)
            work.collection(VERSIONS).delete_many({"_id": {"$gt": target}})

    def withdraw(self) -> bool:
        """Add a record that no release knows, and so every one refuses."""
        head = self.resolve("head")
        with self.exclusive() as (work, _):
            found = self.recorded_revision(work)
            if found not in (WITHDRAWN, head):
                raise self.out_of_date(found)
            self.record(work, WITHDRAWN, complete=False)
            return bool(found != WITHDRAWN)

    def reinstate(self) -> None:
        """Take that record away."""
        with self.exclusive() as (work, _):
            work.collection(VERSIONS).delete_one({"_id": WITHDRAWN})

    def differences(self) -> Sequence[str]:
        """Compare with the validators and the indexes that follow from the descriptions."""
        with translated():
            return find_differences(self.work(), self.descriptions)

    def stored_entities(self) -> Sequence[str]:
        """Look for high-water marks."""
        with translated():
            return find_entities(self.work())

    def applied(self, revision: str | None) -> int:
        """Return how many revisions of the history that one includes; ``SchemaOutOfDate`` if it is not ours."""
        known = [None, *(one.id for one in self.checked_history)]
        if revision not in known:
            raise self.out_of_date(revision)
        return known.index(revision)

    @contextmanager
    def exclusive(self) -> Iterator[tuple[Work, MigrationLock]]:
        """Give what a migration works with while nobody else upgrades."""
        try:
            with translated(), self.open_work() as work:
                # The client may be a new one, which has seen no server yet.
                work.database.command("ping")
                refuse_secondary(work.database.client)
                with MigrationLock(work, lease=self.lease) as lock:
                    yield work, lock
        except ValueError as error:
            # How a revision, which knows nothing of us, refuses what it finds.
            raise Invalid({"database": str(error)}) from error

    def run(self, work: Work, revision: str, module: ModuleType) -> None:
        """Run one revision; one that refuses what it finds leaves no trace."""
        with self.begun(work, revision):
            module.upgrade(work.database)
        self.record(work, revision, complete=True)

    def undo(self, work: Work, revision: str, module: ModuleType) -> None:
        """Undo one revision. It counts as not run from the first step on, so that it can also be run again."""
        with self.begun(work, revision):
            module.downgrade(work.database)
        work.collection(VERSIONS).delete_one({"_id": revision})

    @contextmanager
    def begun(self, work: Work, revision: str) -> Iterator[None]:
        """Record that a revision is run or undone; if it refuses what it finds, restore the record."""
        before = work.collection(VERSIONS).find_one({"_id": revision})
        self.record(work, revision, complete=False)
        try:
            yield
        except ValueError:
            if before is None:
                work.collection(VERSIONS).delete_one({"_id": revision})
            else:
                work.collection(VERSIONS).replace_one({"_id": revision}, before)
            raise

    def record(self, work: Work, revision: str, *, complete: bool) -> None:
        """Write down what is done with a revision, and when."""
        state = {"complete": complete, "at": datetime.now(UTC)}
        work.collection(VERSIONS).update_one({"_id": revision}, {"$set": state}, upsert=True)

    def records(self, work: Work) -> dict[str, Document]:
        """Return what is written down, by revision."""
        return {record["_id"]: record for record in work.collection(VERSIONS).find()}

    def recorded_revision(self, work: Work) -> str | None:
        """Return the revision that the record amounts to."""
        records = self.records(work)
        known = {file.id for file in self.files}
        unknown = [revision for revision in records if revision not in known]
        complete = [revision for revision, record in records.items() if record["complete"]]
        return max(unknown or complete, default=None)


def import_revision(file: RevisionFile) -> ModuleType:
    """Return the module of a revision; ``Invalid`` if it cannot be run."""
    try:
        module = import_module(f"{revisions.__name__}.{file.name.removesuffix('.py')}")
    except Exception as error:  # a revision may raise anything
        raise import_fault(error, [file.name]) from error
    check_module(file.name, module)
    return module
