"""What a copy would do, without doing it: the rows counted, and those named that the destination cannot hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from storage.batches import rows_within
from storage.entity import Description
from storage.storage import Storage
from storage.transfer.canonical import Canonical
from storage.transfer.conflicts import doubles, obstacles, unique_fields
from storage.transfer.diff import PUTS, Choice, Fate, decide, pairs_told
from storage.transfer.progress import Progress, Silence
from storage.transfer.report import Counting, Report, Tally
from storage.transfer.rows import Row, problems_of
from storage.transfer.sources import Source, StorageSource, common_entities

#: How many rows that are to be put are looked at together.
BATCH = 1000


def check(
    source: Storage,
    destination: Storage,
    choice: Choice | None = None,
    progress: Progress | None = None,
    *,
    credentials: bool = False,
) -> Report:
    """Return what ``copy`` with the same choice and credentials would do; nothing is written.

    ``problems`` of the report are rows that the destination cannot hold: their values break a rule, or a row that
    stays as it is has a value which no two may have.
    """
    here, there = (StorageSource(one, credentials=credentials) for one in (source, destination))
    return plan(here, there, choice or Choice(), progress or Silence())


def plan(source: Source, destination: StorageSource, choice: Choice, progress: Progress) -> Report:
    """Return what a merge would do."""
    checks = [Check(one, source, destination, choice) for one in common_entities(source, destination)]
    return Report(tuple(one.run(progress) for one in checks), raised_marks(source, destination))


def raised_marks(source: Source, destination: Source) -> dict[str, int]:
    """Return the high-water marks that are higher at the source, of entities that both have."""
    found: Mapping[str, int] = destination.marks()
    return {name: mark for name, mark in source.marks().items() if name in found and mark > found[name]}


class Check:
    """Looks at the rows of one entity."""

    def __init__(
        self, description: Description[Any], source: Source, destination: StorageSource, choice: Choice
    ) -> None:
        self.description = description
        self.source = source
        self.destination = destination
        self.choice = choice
        self.canonical = Canonical(description)
        self.counting = Counting(description.name)
        self.puts: list[tuple[Fate, Row, Row | None]] = []
        self.batch = rows_within(description.widest_row, BATCH)

    def run(self, progress: Progress) -> Tally:
        """Look at all of them."""
        for source, destination in pairs_told("checking", self.description, self.source, self.destination, progress):
            self.look(source, destination)
        self.look_at_puts()
        return self.counting.tally()

    def look(self, source: Row | None, destination: Row | None) -> None:
        """Look at a pair."""
        fate = decide(self.canonical, self.choice, source, destination)
        if fate not in PUTS:
            self.counting.count(fate, source, destination)
            return
        self.puts.append((fate, source, destination))
        if len(self.puts) == self.batch:
            self.look_at_puts()

    def look_at_puts(self) -> None:
        """Look which rows that are to be put cannot be stored, or find another in their way that stays there."""
        puts, self.puts = self.puts, []
        wanted = []
        problems = problems_of(self.description, [source for _, source, _ in puts])
        for (fate, source, destination), problem in zip(puts, problems, strict=True):
            if problem is not None:
                self.counting.refuse(f"{self.description.name} {source.id}: {problem}")
                continue
            self.counting.count(fate, source, destination)
            wanted.append(source)
        self.look_for_obstacles(wanted)

    def look_for_obstacles(self, wanted: list[Row]) -> None:
        """Look which rows are in the way of those that are wanted, and stay there."""
        if not wanted or not unique_fields(self.description):
            return
        for double in doubles(self.description, self.source, wanted):
            self.counting.refuse(double)
        for obstacle in obstacles(self.description, self.source, self.destination, self.choice, wanted):
            if not obstacle.gives_way() and obstacle.fate is not Fate.EQUAL:
                self.counting.refuse(obstacle.sentence(self.description.name))
