"""Bringing a destination to a source, in batches that may be cut off anywhere and begun again."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from storage.batches import rows_within
from storage.entity import Description
from storage.errors import NotFound, VersionConflict
from storage.repository import Repository
from storage.storage import Storage
from storage.transfer.canonical import Canonical
from storage.transfer.checking import plan, raised_marks
from storage.transfer.conflicts import obstacles, unique_fields
from storage.transfer.diff import PUTS, Choice, Fate, decide, pairs_told
from storage.transfer.progress import Progress, Silence
from storage.transfer.report import Counting, Report, Tally
from storage.transfer.rows import Row
from storage.transfer.sources import Source, StorageSource, common_entities

#: How many rows are written together at most.
BATCH = 5000

Agree = Callable[[Report], bool]


def copy(
    source: Storage,
    destination: Storage,
    choice: Choice | None = None,
    progress: Progress | None = None,
    agree: Agree = lambda _: True,
    *,
    credentials: bool = False,
) -> Report:
    """Bring the destination to the source: what is missing is added, and newer versions win.

    Both are read first, and nothing is written if the destination cannot hold a row: the report's ``broken`` is
    above 0 then. ``agree`` sees what is to be done and may refuse it. The high-water marks move along, and before
    the rows. Cut off anywhere, it does what is left when it is run again.

    ``credentials``: rows that let somebody in, such as API tokens, move too. Otherwise the destination keeps its own.

    Who writes to the source meanwhile does no harm: each row that arrives is one that the source had, and the next
    run brings what this one has missed.
    """
    choice, progress = choice or Choice(), progress or Silence()
    here, there = (StorageSource(one, credentials=credentials) for one in (source, destination))
    report = plan(here, there, choice, progress)
    if report.broken() or not (report.writes() or report.marks) or not agree(report):
        return report
    return bring(here, there, choice, progress)


def bring(source: Source, destination: StorageSource, choice: Choice, progress: Progress) -> Report:
    """Merge the rows of a source into a storage, and raise its marks."""
    marks = raise_marks(source, destination)
    writers = [Writer(one, source, destination, choice) for one in common_entities(source, destination)]
    tallies = tuple(writer.run(progress) for writer in writers)
    return Report(tallies, marks | raise_marks(source, destination))


def raise_marks(source: Source, destination: StorageSource) -> dict[str, int]:
    """Have the destination give out no id that the source has used; return the marks that were raised."""
    marks = raised_marks(source, destination)
    for description in destination.storage.descriptions.values():
        if description.name in marks:
            destination.storage.repository(description.type).reserve_ids(marks[description.name])
    return marks


class Writer:
    """Brings the rows of one entity."""

    def __init__(
        self, description: Description[Any], source: Source, destination: StorageSource, choice: Choice
    ) -> None:
        self.description = description
        self.source = source
        self.destination = destination
        self.choice = choice
        self.canonical = Canonical(description)
        self.counting = Counting(description.name)
        self.repository: Repository[Any] = destination.storage.repository(description.type)
        self.puts: list[tuple[Fate, Row]] = []
        self.deletes: list[Row] = []
        #: Rows that were taken out because they were in another's way, until their own turn comes.
        self.taken: dict[int, Row] = {}
        self.batch = rows_within(description.widest_row, BATCH)

    def run(self, progress: Progress) -> Tally:
        """Bring all of them."""
        for source, destination in pairs_told("copying", self.description, self.source, self.destination, progress):
            self.take(source, destination)
        self.write()
        for row in self.taken.values():
            # The source has none in its place.
            self.counting.count(Fate.DELETE, None, row)
        return self.counting.tally()

    def take(self, source: Row | None, destination: Row | None) -> None:
        """Take up a pair."""
        fate = decide(self.canonical, self.choice, source, destination)
        self.count(fate, source, destination)
        if fate in PUTS:
            self.puts.append((fate, source))
        elif fate is Fate.DELETE:
            self.deletes.append(destination)
        if len(self.puts) + len(self.deletes) >= self.batch:
            self.write()

    def count(self, fate: Fate, source: Row | None, destination: Row | None) -> None:
        """Count a pair, as if none of its rows had been taken out before."""
        taken = self.taken.pop((source or destination).id, None)  # type: ignore[union-attr]
        if taken is not None:
            destination = taken
            fate = decide(self.canonical, self.choice, source, destination)
        self.counting.count(fate, source, destination)

    def write(self) -> None:
        """Write what was taken up."""
        delete_rows(self.repository, self.deletes)
        self.clear_the_way([row for _, row in self.puts])
        for overwrite in (False, True):
            rows = [row for fate, row in self.puts if (fate is Fate.OVERWRITE) is overwrite]
            if rows:
                self.repository.put_many(rows, overwrite=overwrite)
        self.puts, self.deletes = [], []

    def clear_the_way(self, wanted: list[Row]) -> None:
        """Take out the rows that have a value of those which are to be put, and give way."""
        if not unique_fields(self.description):
            return
        found = obstacles(self.description, self.source, self.destination, self.choice, wanted)
        out = {one.holder.id: one for one in found if one.gives_way()}
        delete_rows(self.repository, [one.holder for one in out.values()])
        coming = {row.id for row in wanted}
        self.taken |= {id: one.holder for id, one in out.items() if id not in coming}


def delete_rows(repository: Repository[Any], rows: Iterable[Row]) -> None:
    """Delete rows as they were seen.

    One that is gone is gone; one that somebody has changed meanwhile is left to the next run. Each by itself: a
    unit that was killed could be in the next run's way for as long as the server keeps it open.
    """
    for row in rows:
        try:
            # What no version can be is none.
            is_version = type(row.version) is int and row.version > 0
            repository.delete(row.id, version=row.version if is_version else None)
        except (NotFound, VersionConflict):
            continue
