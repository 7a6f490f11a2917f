"""What rows come from: an open storage, or a backup."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from storage.entity import Description
from storage.errors import Invalid, StorageError
from storage.query import MOST_VALUES, Filter
from storage.storage import Storage
from storage.transfer.rows import WRONG_VALUE, Row, rows


class Source(ABC):
    """Where the rows of several entities are read, each entity's in id order."""

    #: Where it is, for messages.
    place: str
    #: Whether the rows that let somebody in move too.
    credentials: bool

    @abstractmethod
    def check_entities(self) -> None:
        """Raise ``Invalid`` if it holds entities that it was not opened with: they would be left out in silence."""

    @abstractmethod
    def moving(self) -> Sequence[Description[Any]]:
        """Return the entities whose rows it gives: those that are of use elsewhere."""

    @abstractmethod
    def rows(self, description: Description[Any]) -> Iterator[Row]:
        """Yield the rows of an entity in id order."""

    @abstractmethod
    def count(self, description: Description[Any]) -> int:
        """Return how many rows of an entity there are."""

    @abstractmethod
    def marks(self) -> Mapping[str, int]:
        """Return the high-water marks by the names of the entities, those that do not move among them."""

    @abstractmethod
    def find(self, description: Description[Any], name: str, values: Iterable[object]) -> list[Row]:
        """Return the rows whose field has one of the values."""


class StorageSource(Source):
    """An open storage; ``credentials``: with the rows that let somebody in."""

    def __init__(self, storage: Storage, *, credentials: bool = False) -> None:
        self.storage = storage
        self.credentials = credentials
        self.place = storage.address

    def check_entities(self) -> None:
        """Compare with the high-water marks, which each entity of the database has."""
        known = [description.name for description in self.storage.descriptions.values()]
        if unknown := self.storage.migrations.unknown_entities(known):
            names = ", ".join(unknown)
            raise Invalid(
                {"entities": f"{self.place} holds {names} too: open it with them, see open_storage(entities=)"}
            )

    def moving(self) -> Sequence[Description[Any]]:
        """Return the entities that the storage was opened with, save those that stay."""
        return moving(self.storage.descriptions.values(), credentials=self.credentials)

    def rows(self, description: Description[Any]) -> Iterator[Row]:
        """Scan."""
        return rows(self.storage.repository(description.type))

    def count(self, description: Description[Any]) -> int:
        """Count."""
        return self.storage.repository(description.type).count()

    def marks(self) -> Mapping[str, int]:
        """Ask each repository: ids of rows that do not move are not to be used again either."""
        return {one.name: self.storage.repository(one.type).last_id() for one in self.storage.descriptions.values()}

    def find(self, description: Description[Any], name: str, values: Iterable[object]) -> list[Row]:
        """Scan for them, as many values at once as a query may list."""
        repository, wanted = self.storage.repository(description.type), list(values)
        found: list[Row] = []
        try:
            for start in range(0, len(wanted), MOST_VALUES):
                found += repository.scan(Filter(name, "in", wanted[start : start + MOST_VALUES]))
        except WRONG_VALUE as error:
            raise StorageError(f"{self.place}: a row of {description.name} cannot be read: run verify") from error
        return found


def moving(descriptions: Iterable[Description[Any]], *, credentials: bool) -> list[Description[Any]]:
    """Return the entities whose rows move."""
    return [one for one in descriptions if not one.transient and (credentials or not one.credential)]


def common_entities(source: Source, destination: Source) -> list[Description[Any]]:
    """Return what the destination keeps of the source's entities; ``Invalid`` names those that it does not."""
    source.check_entities()
    destination.check_entities()
    known = {description.name: description for description in destination.moving()}
    missing = [one.name for one in source.moving() if one.name not in known]
    if missing:
        raise Invalid({"entities": f"{destination.place} was not opened with {', '.join(missing)}"})
    return [known[one.name] for one in source.moving()]
