"""Calls that write, and how it is told afterwards whether they were applied: wholly, or not at all."""

from __future__ import annotations

import secrets
from abc import ABC, abstractmethod
from datetime import UTC, datetime
from typing import ClassVar

from storage import Engine, Filter, NotFound, Storage, StorageError


class Scenario(ABC):
    """One call, on rows of its own; what it needs is made by ``storage``, which no fault touches."""

    #: How many rows it writes.
    parts: ClassVar[int] = 1

    def __init__(self, storage: Storage) -> None:
        self.title = f"engine {secrets.token_hex(8)}"
        self.engine = storage.engines.add(Engine("before"))
        self.id = self.engine.id or 0

    @abstractmethod
    def call(self, storage: Storage) -> object:
        """Write."""

    def applied(self, storage: Storage) -> int:
        """Return how many rows were written, each as often as it was."""
        return storage.engines.count(Filter("title", "eq", self.title))

    def outcome(self, storage: Storage) -> StorageError | None:
        """Call, and return the error; one that is not ours is not caught."""
        try:
            self.call(storage)
        except StorageError as error:
            return error
        return None


class Add(Scenario):
    def call(self, storage: Storage) -> object:
        return storage.engines.add(Engine(self.title))


class AddMany(Scenario):
    parts = 3

    def call(self, storage: Storage) -> object:
        return storage.engines.add_many([Engine(self.title, thrust) for thrust in range(3)])


class Update(Scenario):
    def call(self, storage: Storage) -> object:
        return storage.engines.update(self.id, {"last_fired": datetime.now(UTC)})

    def applied(self, storage: Storage) -> int:
        return storage.engines.get(self.id).version - 1


class Delete(Scenario):
    def call(self, storage: Storage) -> object:
        return storage.engines.delete(self.id)

    def applied(self, storage: Storage) -> int:
        try:
            storage.engines.get(self.id)
        except NotFound:
            return 1
        return 0


class UnitOfTwoWrites(Scenario):
    parts = 2

    def call(self, storage: Storage) -> object:
        with storage.transaction() as unit:
            unit.engines.update(self.id, {"thrust": 1})
            return unit.engines.add(Engine(self.title))

    def applied(self, storage: Storage) -> int:
        return super().applied(storage) + storage.engines.get(self.id).version - 1


class PutMany(Scenario):
    parts = 3

    def __init__(self, storage: Storage) -> None:
        super().__init__(storage)
        self.ids = [self.id + 1, self.id + 2, self.id + 3]
        storage.engines.reserve_ids(self.ids[-1])

    def call(self, storage: Storage) -> object:
        return storage.engines.put_many([Engine(self.title, id=id, version=7) for id in self.ids])


class Read(Scenario):
    """No write at all: what it does is to be right."""

    def call(self, storage: Storage) -> object:
        assert storage.engines.get(self.id) == self.engine


SCENARIOS = (Add, AddMany, Update, Delete, UnitOfTwoWrites, PutMany)
