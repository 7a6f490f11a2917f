"""Whether two places hold the same: chunks by their hashes first, rows where these differ."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from storage.batches import batched, rows_within
from storage.entity import Description
from storage.storage import Storage
from storage.transfer.canonical import Canonical, encode
from storage.transfer.diff import pairs_told
from storage.transfer.progress import Progress, Silence
from storage.transfer.rows import MOST_NAMED, Row, Unreadable
from storage.transfer.sources import Source, StorageSource, common_entities

CHUNK = 1000


@dataclass(frozen=True, slots=True)
class Comparison:
    """Of one entity: how many rows each place has, in how many they differ, and the first of these."""

    entity: str
    left: int
    right: int
    differing: int
    named: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Verification:
    """The comparisons of all entities, and what is wrong with the high-water marks."""

    comparisons: tuple[Comparison, ...]
    marks: tuple[str, ...]

    def differing(self) -> int:
        """Return how many differences there are."""
        return sum(one.differing for one in self.comparisons) + len(self.marks)

    def named(self) -> list[str]:
        """Return the first differences in sentences."""
        return [*self.marks, *(name for one in self.comparisons for name in one.named)][:MOST_NAMED]

    def rows(self) -> int:
        """Return how many rows the first place has."""
        return sum(one.left for one in self.comparisons)

    def plain(self) -> dict[str, Any]:
        """Return it for programs."""
        entities = {
            one.entity: {"left": one.left, "right": one.right, "differing": one.differing} for one in self.comparisons
        }
        return {"equal": not self.differing(), "entities": entities, "marks": self.marks, "named": self.named()}


def verify(
    left: Storage | Source, right: Storage | Source, progress: Progress | None = None, *, credentials: bool = False
) -> Verification:
    """Compare every value of every row, and the high-water marks: that of ``right`` must not be the lower one.

    A value of a wrong type differs, also where the two compare equal. A row that cannot be read is like no other.

    ``credentials``: of two storages, rows that let somebody in are compared too; a backup brings a choice of its own.
    """
    credentials = credentials or any(isinstance(one, Source) and one.credentials for one in (left, right))
    here, there = as_source(left, credentials), as_source(right, credentials)
    entities = common_entities(here, there)
    comparisons = tuple(compare(one, here, there, progress or Silence()) for one in entities)
    return Verification(comparisons, tuple(lower_marks(here, there)))


def as_source(place: Storage | Source, credentials: bool) -> Source:
    """Return what the rows are read from."""
    return place if isinstance(place, Source) else StorageSource(place, credentials=credentials)


def lower_marks(here: Source, there: Source) -> Iterator[str]:
    """Yield, in sentences, which marks would let an id be used twice."""
    found = there.marks()
    for name, mark in here.marks().items():
        if found.get(name, mark) < mark:
            yield f"{name}: the high-water mark is {found[name]}, below {mark}: ids could be given out again"


def compare(description: Description[Any], here: Source, there: Source, progress: Progress) -> Comparison:
    """Compare the rows of one entity, chunk by chunk."""
    canonical = Canonical(description)
    left = right = differing = 0
    named: list[str] = []
    for chunk in batched(
        pairs_told("verifying", description, here, there, progress), rows_within(description.widest_row, CHUNK)
    ):
        left += sum(one is not None for one, _ in chunk)
        right += sum(other is not None for _, other in chunk)
        if may_differ(canonical, chunk):
            found = list(differences(canonical, chunk))
            differing += len(found)
            named += found[: MOST_NAMED - len(named)]
    return Comparison(description.name, left, right, differing, tuple(named))


def may_differ(canonical: Canonical[Any], pairs: Sequence[tuple[Row | None, Row | None]]) -> bool:
    """Return whether the rows of a chunk have to be looked at one by one."""
    left, right = [one for one, _ in pairs], [other for _, other in pairs]
    # The line of an unreadable row does not hold its values: two that differ may have the same one.
    return any(type(row) is Unreadable for row in left + right) or digest(canonical, left) != digest(canonical, right)


def digest(canonical: Canonical[Any], rows: Iterable[Row | None]) -> bytes:
    """Return the hash of a chunk."""
    lines = [b"" if row is None else canonical.line(row) for row in rows]
    return hashlib.sha256(b"\n".join(lines)).digest()


def differences(canonical: Canonical[Any], pairs: Iterable[tuple[Row | None, Row | None]]) -> Iterator[str]:
    """Yield a sentence for each pair that differs."""
    name = canonical.description.name
    for left, right in pairs:
        if left is None:
            yield f"{name} {right.id}: is missing on the left"  # type: ignore[union-attr]
        elif right is None:
            yield f"{name} {left.id}: is missing on the right"
        elif type(left) is Unreadable or canonical.line(left) != canonical.line(right):
            told = told_apart(canonical.values(left), canonical.values(right))
            yield f"{name} {left.id}: {'; '.join(told) or 'cannot be read on either side'}"


def told_apart(one: dict[str, object], other: dict[str, object]) -> list[str]:
    """Return, a field at a time, how two rows differ."""
    fields = [field for field in {**one, **other} if shown(one, field) != shown(other, field)]
    return [f"{field} is {shown(one, field)} on the left and {shown(other, field)} on the right" for field in fields]


def shown(values: dict[str, object], field: str) -> str:
    """Return a value as JSON, which tells text from numbers, and shows what looks alike by its code."""
    return ascii_json(values[field]) if field in values else "missing"


def ascii_json(value: object) -> str:
    """Return a value as JSON in ASCII; text that looks alike, such as é in two forms, then differs to the eye."""
    written = encode(value)
    return written if written.isascii() else written.encode("ascii", "backslashreplace").decode()
