"""What a merge did, or would do, counted and named."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from storage.transfer.diff import LEFT, PUTS, Fate
from storage.transfer.rows import MOST_NAMED, Row


@dataclass(frozen=True, slots=True)
class Tally:
    """Of one entity: how many rows met which fate, the first that were left as they are, and what is wrong.

    ``problems``: rows that the destination cannot hold, the first of them in sentences; ``broken`` is how many.
    """

    entity: str
    counts: dict[str, int]
    left: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    broken: int = 0

    def number(self, *fates: Fate) -> int:
        """Return how many rows met one of the fates."""
        return sum(self.counts.get(fate.value, 0) for fate in fates)

    def writes(self) -> int:
        """Return how many rows were written, or are to be."""
        return self.number(Fate.DELETE, *PUTS)


@dataclass(slots=True)
class Counting:
    """A tally while it grows."""

    entity: str
    counts: Counter[Fate] = field(default_factory=Counter)
    left: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    broken: int = 0

    def count(self, fate: Fate, source: Row | None, destination: Row | None) -> None:
        """Count a pair."""
        self.counts[fate] += 1
        if fate in LEFT and len(self.left) < MOST_NAMED:
            versions = f"version {source.version} here, {destination.version} there"  # type: ignore[union-attr]
            self.left.append(f"{self.entity} {destination.id} is {fate.value}: {versions}")  # type: ignore[union-attr]

    def refuse(self, problem: str) -> None:
        """Count a row that cannot be held."""
        self.broken += 1
        if len(self.problems) < MOST_NAMED:
            self.problems.append(problem)

    def tally(self) -> Tally:
        """Return what was counted."""
        counts = {fate.value: self.counts[fate] for fate in Fate if self.counts[fate]}
        return Tally(self.entity, counts, tuple(self.left), tuple(self.problems), self.broken)


@dataclass(frozen=True, slots=True)
class Report:
    """The tallies of all entities, and the high-water marks that were, or are to be, raised."""

    tallies: tuple[Tally, ...]
    marks: dict[str, int]

    def number(self, *fates: Fate) -> int:
        """Return how many rows of all entities met one of the fates."""
        return sum(tally.number(*fates) for tally in self.tallies)

    def writes(self) -> int:
        """Return how many rows were written, or are to be."""
        return sum(tally.writes() for tally in self.tallies)

    def broken(self) -> int:
        """Return how many rows the destination cannot hold."""
        return sum(tally.broken for tally in self.tallies)

    def left(self) -> int:
        """Return how many rows were left as they are at the destination, although the source has others."""
        return self.number(*LEFT)

    def problems(self) -> Sequence[str]:
        """Return the first sentences on what the destination cannot hold."""
        return [problem for tally in self.tallies for problem in tally.problems][:MOST_NAMED]

    def plain(self) -> dict[str, Any]:
        """Return it for programs."""
        entities = {
            tally.entity: {"counts": tally.counts, "left": tally.left, "problems": tally.problems}
            for tally in self.tallies
        }
        return {"entities": entities, "marks": self.marks, "broken": self.broken()}
