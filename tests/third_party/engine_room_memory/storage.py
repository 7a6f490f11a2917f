"""The storage: a table for each entity, and one lock for all of them."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any, NoReturn, TypeVar

from engine_room_memory.migrations import MemoryMigrations
from engine_room_memory.repository import MemoryRepository, Table
from storage.spi import Capability, Description, Options, Repository, Storage, unsupported

E = TypeVar("E")


def open_backend(url: str, options: Options, descriptions: Sequence[Description[Any]]) -> MemoryStorage:
    """Open a database of its own for each call; ``memory://`` is all of its URL."""
    return MemoryStorage(descriptions)


class MemoryStorage(Storage):
    """A database that lasts as long as this object does."""

    address = "memory://"
    backend = "memory"

    def __init__(
        self,
        descriptions: Sequence[Description[Any]],
        repository_type: type[MemoryRepository[Any]] = MemoryRepository,
    ) -> None:
        super().__init__(descriptions)
        self.repository_type = repository_type
        self.tables = {description.type: Table() for description in descriptions}
        self.migrations = MemoryMigrations(self)

    def open_repository(self, entity: type[E]) -> Repository[E]:
        return self.repository_type(self, self.description(entity))

    @property
    def capabilities(self) -> frozenset[Capability]:
        return frozenset()

    def ping(self) -> None:
        """Memory always answers."""

    def server_version(self) -> str:
        return "memory 1.0"

    def connections_in_use(self) -> int:
        return 0

    def close(self) -> None:
        """Nothing was opened."""

    def begin(self, *, read_only: bool) -> NoReturn:
        capability = Capability.SNAPSHOT if read_only else Capability.TRANSACTIONS
        raise unsupported(capability, "a dictionary", "keep the entities in a database")

    @property
    def lock(self) -> threading.RLock:
        return self.migrations.lock
