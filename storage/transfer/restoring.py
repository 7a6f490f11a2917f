"""Restoring a backup into a database that serves nobody until all of it is there, and verified."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from time import sleep
from typing import Any

from storage.entity import Description
from storage.errors import Invalid
from storage.migrations import NOTICED_WITHIN, WITHDRAWN
from storage.storage import Storage
from storage.transfer.archive import BackupFile
from storage.transfer.copying import bring, delete_rows
from storage.transfer.diff import Choice
from storage.transfer.progress import Progress, Silence
from storage.transfer.report import Report
from storage.transfer.rows import rows
from storage.transfer.sources import StorageSource, common_entities
from storage.transfer.verifying import Verification, verify


@dataclass(frozen=True, slots=True)
class Restoration:
    """What was written, and what the verification found afterwards."""

    report: Report
    verification: Verification


def restore(
    backup: BackupFile,
    destination: Storage,
    *,
    replace: bool = False,
    progress: Progress | None = None,
    notice: float = NOTICED_WITHIN,
) -> Restoration:
    """Bring a database to what the backup holds, verify it, and put it into service.

    ``Invalid`` for a destination that has rows, unless ``replace`` says that they may go. From before the first
    row the database is withdrawn, and running applications have ``notice`` seconds to find out; it stays so if
    the restore is cut short, or if the verification finds a difference. Run again, it does what is left.

    ``Invalid`` as well if somebody else, such as another restore, puts it into service meanwhile: that is
    looked at every 1000 rows.

    Rows of transient entities, such as sign-ins, are deleted: they belong to what was there before. Rows that let
    somebody in, such as API tokens, stay as they are, unless the backup was opened with its own.
    """
    there = StorageSource(destination, credentials=backup.credentials)
    entities = common_entities(backup, there)
    # The rows of a database that is withdrawn are those of a restore that was cut short.
    rows_may_go = replace or destination.migrations.current() == WITHDRAWN
    if not rows_may_go:
        refuse_rows(there, entities)
    if not (destination.withdraw() or rows_may_go):
        raise Invalid({"destination": f"another restore of {there.place} has just begun: run one at a time"})
    sleep(notice)
    if not rows_may_go:
        refuse_late_rows(there, entities)
    check_withdrawn(there)
    delete_transient(destination)
    watching = Watching(there, progress or Silence())
    report = bring(backup, there, Choice(delete=True, overwrite=True), watching)
    verification = verify(backup, there, watching)
    check_withdrawn(there)
    if not verification.differing():
        destination.reinstate()
    return Restoration(report, verification)


def refuse_rows(there: StorageSource, entities: Sequence[Description[Any]]) -> None:
    """Raise ``Invalid`` if there are rows."""
    counts = {one.name: there.count(one) for one in entities}
    if any(counts.values()):
        found = ", ".join(f"{number} of {name}" for name, number in counts.items() if number)
        raise Invalid({"destination": f"{there.place} has rows ({found}): restore into an empty one, or --replace"})


def refuse_late_rows(there: StorageSource, entities: Sequence[Description[Any]]) -> None:
    """Put the database back into service if an application has written to it before it noticed; ``Invalid`` then."""
    try:
        refuse_rows(there, entities)
    except Invalid:
        there.storage.reinstate()
        raise


def check_withdrawn(there: StorageSource) -> None:
    """Raise ``Invalid`` if the database is in service."""
    if there.storage.migrations.current() != WITHDRAWN:
        problem = (
            f"{there.place} was put into service by somebody else, such as another restore, before this one was done:"
            " its rows may be of either: restore again, one at a time, with --replace"
        )
        raise Invalid({"destination": problem})


class Watching(Progress):
    """Looks every 1000 rows, and at the end of each part, whether the database is still withdrawn; passes all on."""

    def __init__(self, there: StorageSource, progress: Progress) -> None:
        self.there = there
        self.progress = progress

    def begin(self, what: str, total: int) -> None:
        """Pass it on."""
        self.progress.begin(what, total)

    def advance(self, number: int) -> None:
        """Look, and pass it on."""
        check_withdrawn(self.there)
        self.progress.advance(number)

    def end(self) -> None:
        """Pass it on."""
        self.progress.end()


def delete_transient(destination: Storage) -> None:
    """Delete the rows that are of no use beside those of the backup."""
    for description in destination.descriptions.values():
        if description.transient:
            repository = destination.repository(description.type)
            delete_rows(repository, rows(repository))
