"""Unique fields: for entities that have one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from storage import AlreadyExists, Capability, Repository, Storage
from storage.testing.fixtures import Fixtures, lacks, needs


class Uniqueness(Fixtures):
    """A value of a unique field belongs to one entity; each test runs once for each such field."""

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Run a test that asks for ``unique_field`` once for each."""
        super().pytest_generate_tests(metafunc)
        if "unique_field" in metafunc.fixturenames:
            metafunc.parametrize("unique_field", self.samples.unique)

    def test_a_taken_value_cannot_be_added(self, repository: Repository[Any], unique_field: str) -> None:
        """3.7 Another entity has it; nothing is stored, and the error names the field."""
        first = repository.add(self.samples.one(0))
        with names(unique_field):
            repository.add(self.samples.one(1, **{unique_field: getattr(first, unique_field)}))
        assert list(repository.scan()) == [first]

    def test_a_taken_value_cannot_be_had_by_a_change(self, repository: Repository[Any], unique_field: str) -> None:
        """3.7 Nothing is changed, and the error names the field; its own value is no obstacle."""
        first, second = repository.add_many(self.samples.several(2))
        with names(unique_field):
            repository.update(second.id, {unique_field: getattr(first, unique_field)})
        assert repository.get(second.id) == second
        assert repository.update(first.id, {unique_field: getattr(first, unique_field)}).version == 2

    def test_a_taken_value_cannot_be_put(self, repository: Repository[Any], unique_field: str) -> None:
        """3.7 What is there stays as it was, and the error names the field."""
        first = repository.add(self.samples.one(0))
        taken = {unique_field: getattr(first, unique_field)}
        with names(unique_field):
            repository.put_many([self.samples.stored(first.id + 1, number=1, **taken)])
        assert list(repository.scan()) == [first]

    def test_a_taken_value_cannot_be_put_into_another(self, repository: Repository[Any], unique_field: str) -> None:
        """3.7 What is there stays as it was, and the error names the field."""
        first, second = repository.add_many(self.samples.several(2))
        taken = {unique_field: getattr(first, unique_field)}
        with names(unique_field):
            repository.put_many([self.samples.stored(second.id, version=9, number=1, **taken)])
        assert list(repository.scan()) == [first, second]

    @pytest.mark.parametrize("number", [2, 150])
    def test_a_taken_value_among_many_is_named(
        self, repository: Repository[Any], unique_field: str, number: int
    ) -> None:
        """3.7 By ``add_many`` and ``put_many``, whether another entity has it or two of those given."""
        first = repository.add(self.samples.one(0))
        new = [self.samples.one(place) for place in range(1, number)]
        taken = [getattr(first, unique_field), getattr(new[0], unique_field)]
        for value in taken:
            last = self.samples.one(number, **{unique_field: value})
            with names(unique_field):
                repository.add_many([*new, last])
            moved = [replace(one, id=first.id + 1000 + place, version=1) for place, one in enumerate([*new, last])]
            with names(unique_field):
                repository.put_many(moved)
            for one in list(repository.scan())[1:]:
                repository.delete(one.id)

    def test_the_value_that_is_taken_is_not_told(self, repository: Repository[Any], unique_field: str) -> None:
        """3.7 The message names the entity and the field."""
        first = repository.add(self.samples.one(0))
        with pytest.raises(AlreadyExists) as raised:
            repository.add(self.samples.one(1, **{unique_field: getattr(first, unique_field)}))
        assert self.samples.description.name in str(raised.value)
        assert str(getattr(first, unique_field)) not in str(raised.value)

    def test_a_value_is_free_again_after_its_entity(self, repository: Repository[Any], unique_field: str) -> None:
        """3.7 Deleting an entity, or changing it, frees its value."""
        first, second = repository.add_many(self.samples.several(2))
        repository.delete(first.id)
        freed = {unique_field: getattr(first, unique_field)}
        assert getattr(repository.update(second.id, freed), unique_field) == freed[unique_field]
        assert repository.add(self.samples.one(1)).id > second.id

    @needs(Capability.TRANSACTIONS)
    def test_many_are_added_together_or_not_at_all(self, repository: Repository[Any], unique_field: str) -> None:
        """3.6 The last one's failure takes the others with it."""
        first = repository.add(self.samples.one(0))
        last = self.samples.one(3, **{unique_field: getattr(first, unique_field)})
        with pytest.raises(AlreadyExists):
            repository.add_many([self.samples.one(1), self.samples.one(2), last])
        assert list(repository.scan()) == [first]

    @lacks(Capability.TRANSACTIONS)
    def test_a_failure_says_how_many_were_added(self, repository: Repository[Any], unique_field: str) -> None:
        """3.6 In its message or in a note to it."""
        first = repository.add(self.samples.one(0))
        last = self.samples.one(3, **{unique_field: getattr(first, unique_field)})
        with pytest.raises(AlreadyExists) as raised:
            repository.add_many([self.samples.one(1), self.samples.one(2), last])
        said = " ".join([str(raised.value), *getattr(raised.value, "__notes__", [])])
        assert re.search(rf"\b{repository.count() - 1}\b", said)

    @needs(Capability.TRANSACTIONS)
    def test_a_taken_value_breaks_a_unit(self, storage: Storage, unique_field: str) -> None:
        """12.6 Even if the error is caught inside: nothing of the unit is kept."""
        repository = storage.repository(self.entity)
        first = repository.add(self.samples.one(0))
        with names(unique_field), storage.transaction() as work:
            inside = work.repository(self.entity)
            inside.add(self.samples.one(1))
            with names(unique_field):
                inside.add(self.samples.one(2, **{unique_field: getattr(first, unique_field)}))
            with pytest.raises(AlreadyExists):
                inside.count()
        assert list(repository.scan()) == [first]


@contextmanager
def names(field: str) -> Iterator[None]:
    """Expect an ``AlreadyExists`` that names a field as the one that is taken."""
    with pytest.raises(AlreadyExists) as raised:
        yield
    assert raised.value.fields == (field,)
    assert field in str(raised.value)
