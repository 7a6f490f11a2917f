"""Restoring a backup into a database that serves nobody until all of it is there, and verified."""

from __future__ import annotations

import time
from dataclasses import dataclass

from storage.errors import Invalid
from storage.migrations import NOTICED_WITHIN, WITHDRAWN
from storage.storage import Storage
from storage.transfer.backup_file import BackupFile
from storage.transfer.copying import bring, delete_rows
from storage.transfer.merging import Choice
from storage.transfer.progress import Progress, Silence
from storage.transfer.sources import StorageSource, common_entities
from storage.transfer.tallies import Report
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

    Rows of passing entities, such as sign-ins, are deleted: they belong to what was there before.
    """
    progress = progress or Silence()
    there = StorageSource(destination)
    entities = common_entities(backup, there)
    if destination.migrations.current() != WITHDRAWN:
        counts = {one.name: there.count(one) for one in entities}
        if any(counts.values()) and not replace:
            found = ", ".join(f"{number} of {name}" for name, number in counts.items() if number)
            raise Invalid({"destination": f"{there.place} has rows ({found}): restore into an empty one, or --replace"})
    destination.withdraw()
    time.sleep(notice)
    forget_passing(destination)
    report = bring(backup, there, Choice(delete=True, overwrite=True), progress)
    verification = verify(backup, there, progress)
    if not verification.differing():
        destination.reinstate()
    return Restoration(report, verification)


def forget_passing(destination: Storage) -> None:
    """Delete the rows that are of no use beside those of the backup."""
    for description in destination.descriptions.values():
        if description.passing:
            repository = destination.repository(description.type)
            delete_rows(repository, repository.scan())
