"""Backends with a fault each, for ``test_faults.py``: pytest collects this file only when it is told to."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, ClassVar

import pytest
from engine_room_memory.repository import MemoryRepository
from engine_room_memory.storage import MemoryStorage

from storage import Engine, Filter, Page, StorageError
from storage.entity import describe
from storage.testing import MakeStorage, RepositoryContract
from storage.testing.threads import THREADS


class Leaking(MemoryStorage):
    """A connection is never given back."""

    def connections_in_use(self) -> int:
        return 1


class Modest(MemoryStorage):
    """Transactions work, and are said to be missing."""

    @contextmanager
    def transaction(self) -> Iterator[Any]:
        yield self


class ForgetfulRepository(MemoryRepository[Any]):
    """The ids of deleted entities are given again."""

    def delete(self, id: int, version: int | None = None) -> None:
        super().delete(id, version)
        with self.table() as table:
            table.last_id = max(table.rows, default=0)


class CarelessRepository(MemoryRepository[Any]):
    """The version that a caller has seen is looked at before the update, and not in it."""

    all_have_looked = threading.Barrier(THREADS, timeout=60)

    def update(self, id: int, changes: Mapping[str, object], version: int | None = None) -> Any:
        if version is not None:
            with self.table() as table:
                self.row(table, id, version)
            self.all_have_looked.wait()
        return super().update(id, changes)


class HelpfulRepository(MemoryRepository[Any]):
    """What comes in is tidied up, and what goes wrong is told in Python's own words."""

    def add_many(self, entities: Iterable[Any]) -> list[Any]:
        return super().add_many(Engine(one.title.strip(), one.thrust, one.last_fired) for one in entities)

    def get(self, id: int) -> Any:
        try:
            return super().get(id)
        except StorageError:
            raise KeyError(id) from None


class BackwardsRepository(MemoryRepository[Any]):
    """Nulls come last, as PostgreSQL has them unless it is told."""

    def find(self, *filters: Filter, order_by: str = "id", **options: Any) -> Page[Any]:
        page = super().find(*filters, order_by=order_by, **options)
        if order_by == "last_fired":
            page.items.sort(key=lambda engine: engine.last_fired is None)
        return page


class Faulty(RepositoryContract):
    """The contract on a faulty storage, or on a sound one with a faulty repository."""

    storage_type: ClassVar[type[MemoryStorage]] = MemoryStorage
    repository_type: ClassVar[type[MemoryRepository[Any]]] = MemoryRepository

    @pytest.fixture(scope="class")
    @classmethod
    def make_storage(cls) -> MakeStorage:
        def make() -> MemoryStorage:
            storage = cls.storage_type([describe(cls.entity)], cls.repository_type)
            storage.migrations.upgrade()
            return storage

        return make


class TestLeaking(Faulty):
    storage_type = Leaking


class TestModest(Faulty):
    storage_type = Modest


class TestForgetful(Faulty):
    repository_type = ForgetfulRepository


class TestCareless(Faulty):
    repository_type = CarelessRepository


class TestHelpful(Faulty):
    repository_type = HelpfulRepository


class TestBackwards(Faulty):
    repository_type = BackwardsRepository
