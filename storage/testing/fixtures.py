"""What every part of the kit stands on: the one fixture that a backend overrides, and those made from it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, ClassVar, TypeVar

import pytest

from storage import Capability, Engine, Repository, Storage
from storage.testing.samples import Samples

Test = TypeVar("Test", bound=Callable[..., None])

MakeStorage = Callable[[], Storage]


class Fixtures:
    """The base of each part of the kit.

    A backend overrides ``make_storage``, and nothing else. ``entity`` is the dataclass that the tests keep.
    """

    entity: ClassVar[type[Any]] = Engine
    samples: ClassVar[Samples[Any]]

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls.samples = Samples(cls.entity)

    @pytest.fixture(scope="class")
    @classmethod
    def make_storage(cls) -> MakeStorage:
        """Return a function that returns a new storage: open, migrated, without a row, and keeping ``cls.entity``.

        Each call gives a database of its own. The kit closes what it asked for.
        """
        raise NotImplementedError(f"{cls.__name__} must override the fixture make_storage")

    @pytest.fixture(scope="class")
    @classmethod
    def storage(cls, make_storage: MakeStorage) -> Iterator[Storage]:
        """The storage that the tests of a class share; emptied before each."""
        with make_storage() as storage:
            yield storage

    @pytest.fixture
    def fresh_storage(self, make_storage: MakeStorage) -> Iterator[Storage]:
        """A storage for one test alone: nothing was ever stored in it, and it may be spoilt."""
        with make_storage() as storage:
            yield storage
            assert storage.connections_in_use() == 0, "the test left a connection lent out"

    @pytest.fixture
    def repository(self, storage: Storage) -> Repository[Any]:
        """The repository under test."""
        return storage.repository(self.entity)

    @pytest.fixture(autouse=True)
    def surroundings(self, request: pytest.FixtureRequest, storage: Storage) -> Iterator[None]:
        """Begin with no entity, and end with every connection given back."""
        capability, wanted = getattr(request.function, "capability", (None, False))
        if capability is not None and (capability in storage.capabilities) != wanted:
            pytest.skip(f"{capability.name} is declared {'missing' if wanted else 'there'}: {capability.value}")
        empty(storage.repository(self.entity))
        yield
        assert storage.connections_in_use() == 0, "the test left a connection lent out"

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Run a test that asks for ``order_by`` once for each order that the entity has."""
        if "order_by" in metafunc.fixturenames:
            metafunc.parametrize("order_by", self.samples.orders)


def empty(repository: Repository[Any]) -> None:
    """Delete every entity; the high-water mark stays."""
    for entity in list(repository.scan()):
        repository.delete(entity.id)


def needs(capability: Capability) -> Callable[[Test], Test]:
    """Say which capability a test needs: it runs where the storage declares it.

    Where it is not declared, ``refusals.py`` holds the storage to refusing it.
    """

    return partial(declare, capability, True)


def lacks(capability: Capability) -> Callable[[Test], Test]:
    """Say of which capability a test shows how a storage does without it."""
    return partial(declare, capability, False)


def declare(capability: Capability, wanted: bool, test: Test) -> Test:
    """Note on a test which capability must be declared, or not be."""
    setattr(test, "capability", (capability, wanted))  # noqa: B010 - to a type checker no function has it
    return test
