"""What a copy would do, without doing it: the rows counted, and those named that the destination cannot hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from storage.description import Description
from storage.storage import Storage
from storage.transfer.canonical import Canonical
from storage.transfer.merging import PUTS, Choice, Fate, decide, pairs_told
from storage.transfer.progress import Progress, Silence
from storage.transfer.rows import Row, problem_of
from storage.transfer.sources import Source, StorageSource, common_entities
from storage.transfer.tallies import Counting, Report, Tally
from storage.transfer.unique import doubles, obstacles, unique_fields

#: How many rows are looked at together where values must be unique.
BATCH = 1000


def check(
    source: Storage, destination: Storage, choice: Choice | None = None, progress: Progress | None = None
) -> Report:
    """Return what ``copy`` with the same choice would do; nothing is written.

    ``problems`` of the report are rows that the destination cannot hold: their values break a rule, or a row that
    stays as it is has a value which no two may have.
    """
    return plan(StorageSource(source), StorageSource(destination), choice or Choice(), progress or Silence())


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
        self.wanted: list[Row] = []

    def run(self, progress: Progress) -> Tally:
        """Look at all of them."""
        for source, destination in pairs_told("checking", self.description, self.source, self.destination, progress):
            self.look(source, destination)
        self.look_for_obstacles()
        return self.counting.tally()

    def look(self, source: Row | None, destination: Row | None) -> None:
        """Look at a pair."""
        fate = decide(self.canonical, self.choice, source, destination)
        problem = problem_of(self.description, source) if fate in PUTS else None
        if problem is not None:
            self.counting.refuse(f"{self.description.name} {source.id}: {problem}")  # type: ignore[union-attr]
            return
        self.counting.count(fate, source, destination)
        if fate in PUTS and unique_fields(self.description):
            self.wanted.append(source)
            if len(self.wanted) == BATCH:
                self.look_for_obstacles()

    def look_for_obstacles(self) -> None:
        """Look which rows are in the way of those that are wanted, and stay there."""
        wanted, self.wanted = self.wanted, []
        if not wanted:
            return
        for double in doubles(self.description, self.source, wanted):
            self.counting.refuse(double)
        for obstacle in obstacles(self.description, self.source, self.destination, self.choice, wanted):
            if not obstacle.gives_way() and obstacle.fate is not Fate.EQUAL:
                self.counting.refuse(obstacle.sentence(self.description.name))
