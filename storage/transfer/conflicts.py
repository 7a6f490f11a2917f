"""Resolve unique-key conflicts during a copy.

A row can be put where another still has its value, if that other row is about to go or to change: it is taken
out first, and put back when its turn comes. So two rows that have swapped their names arrive. A row that stays
as it is stays in the way.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from storage.entity import Description
from storage.errors import Invalid
from storage.transfer.canonical import Canonical
from storage.transfer.diff import Choice, Fate, decide
from storage.transfer.rows import Row
from storage.transfer.sources import Source


@dataclass(frozen=True, slots=True)
class Obstacle:
    """A row of the destination that has the value of a row of the source, and whether it may be deleted first."""

    field: str
    wanted_by: Row
    holder: Row
    fate: Fate

    def gives_way(self) -> bool:
        """Return whether the holder is gone, or has another value, when all is done."""
        return self.fate in (Fate.DELETE, Fate.UPDATE, Fate.OVERWRITE)

    def sentence(self, name: str) -> str:
        """Say who is in the way of whom."""
        return (
            f"{name} {self.wanted_by.id}: the destination's {name} {self.holder.id} has its {self.field}"
            f" and stays as it is"
        )


def unique_fields(description: Description[Any]) -> list[str]:
    """Return the names of the fields whose values no two rows share."""
    return [field.name for field in description.fields if field.rule.unique]


def obstacles(
    description: Description[Any], source: Source, destination: Source, choice: Choice, wanted: Sequence[Row]
) -> Iterator[Obstacle]:
    """Yield what is in the way of rows that are to be put."""
    canonical = Canonical(description)
    for name in unique_fields(description):
        found = holders(description, destination, name, wanted)
        # Every holder may be deleted then, whatever else becomes of it: a backup would be read as a whole to tell.
        everything_goes = choice.delete and choice.overwrite
        ids = [holder.id for _, holder in found]
        coming = {} if everything_goes else {row.id: row for row in source.find(description, "id", ids)}
        for row, holder in found:
            fate = Fate.OVERWRITE if everything_goes else decide(canonical, choice, coming.get(holder.id), holder)
            yield Obstacle(name, row, holder, fate)


def doubles(description: Description[Any], source: Source, wanted: Sequence[Row]) -> Iterator[str]:
    """Yield, in sentences, which rows of the source have one value, although no two may."""
    for name in unique_fields(description):
        for row, holder in holders(description, source, name, wanted):
            yield f"{description.name} {row.id}: {description.name} {holder.id} has the same {name}"


def holders(description: Description[Any], place: Source, name: str, wanted: Sequence[Row]) -> list[tuple[Row, Row]]:
    """Return the pairs of a row and another, at a place, that has the same value of a field."""
    by_value = {getattr(row, name): row for row in wanted if getattr(row, name) is not None}
    try:
        found = place.find(description, name, by_value)
    except Invalid:
        # A value that breaks its field's rule is told as that.
        return []
    pairs = [(by_value[getattr(row, name)], row) for row in found]
    return [(row, holder) for row, holder in pairs if row.id != holder.id]
