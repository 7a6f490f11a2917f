"""Adding, changing and deleting: what any entity's repository must do."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from storage import Invalid, NotFound, Repository, VersionConflict
from storage.testing.fixtures import Fixtures
from storage.testing.values import LARGEST, MISSING_IDS, NO_IDS, NO_VERSIONS


class Adding(Fixtures):
    """``add`` and ``add_many``."""

    def test_a_new_entity_gets_an_id_and_version_one(self, repository: Repository[Any]) -> None:
        """3.1 The entity comes back with an id from 1 and the version 1, otherwise as it was given."""
        added = repository.add(self.samples.one(1))
        assert added.id >= 1
        assert added == self.samples.stored(added.id, number=1)

    def test_what_was_added_is_what_is_read(self, repository: Repository[Any]) -> None:
        """2.2 Every method that reads gives back equal entities."""
        added = repository.add_many(self.samples.several(5))
        assert [repository.get(entity.id) for entity in added] == added
        assert repository.get_many(entity.id for entity in added) == added
        assert repository.find().items == added
        assert list(repository.scan()) == added

    @pytest.mark.parametrize("given", [{"id": 7}, {"version": 1}, {"id": 7, "version": 1}])
    def test_a_new_entity_with_an_id_or_a_version_is_invalid(
        self, repository: Repository[Any], given: dict[str, int]
    ) -> None:
        """3.2 Storage gives both."""
        with pytest.raises(Invalid) as raised:
            repository.add(self.samples.one(0, **given))
        assert set(raised.value.problems) == set(given)
        assert repository.count() == 0

    def test_many_are_added_in_the_order_given(self, repository: Repository[Any]) -> None:
        """3.3 The ids ascend in the order of the entities."""
        entities = self.samples.several(40)
        added = repository.add_many(entities)
        ids = [entity.id for entity in added]
        assert ids == sorted(set(ids))
        assert added == [dataclasses.replace(one, id=id, version=1) for one, id in zip(entities, ids, strict=True)]

    def test_many_may_come_from_any_iterable(self, repository: Repository[Any]) -> None:
        """3.4 An iterator that can be read once is enough."""
        assert len(repository.add_many(iter(self.samples.several(3)))) == 3

    def test_nothing_to_add_is_nothing_done(self, repository: Repository[Any]) -> None:
        """3.4 No entity given, no entity returned."""
        mark = repository.last_id()
        assert repository.add_many([]) == []
        assert repository.last_id() == mark

    def test_an_invalid_entity_among_many_stops_all(self, repository: Repository[Any]) -> None:
        """3.5 All are checked before the first is written."""
        with pytest.raises(Invalid):
            repository.add_many([self.samples.one(0), self.samples.one(1), self.samples.one(2, id=3)])
        assert repository.count() == 0


class Updating(Fixtures):
    """``update``."""

    def test_an_update_returns_the_new_entity(self, repository: Repository[Any]) -> None:
        """10.1 The changes, and one version more; what is returned is what is stored."""
        added = repository.add(self.samples.one(1))
        updated = repository.update(added.id, self.samples.changes(2))
        assert updated == self.samples.stored(added.id, version=2, number=2)
        assert repository.get(added.id) == updated

    def test_an_update_leaves_other_fields_and_entities_alone(self, repository: Repository[Any]) -> None:
        """10.1 Only what is named is changed."""
        first, second = repository.add_many(self.samples.several(2))
        for field in self.samples.fields:
            value = self.samples.changes(2)[field.name]
            expected = dataclasses.replace(first, **{field.name: value}, version=first.version + 1)
            first = repository.update(first.id, {field.name: value})
            assert first == expected
        assert repository.get(second.id) == second

    def test_an_update_of_nothing_counts_too(self, repository: Repository[Any]) -> None:
        """10.4 Equal values, or no changes at all, still add 1 to the version."""
        added = repository.add(self.samples.one(1))
        assert repository.update(added.id, {}).version == 2
        assert repository.update(added.id, self.samples.changes(1)).version == 3
        assert repository.get(added.id) == dataclasses.replace(added, version=3)

    @pytest.mark.parametrize("id", MISSING_IDS)
    def test_an_update_of_what_is_not_there_is_not_found(self, repository: Repository[Any], id: int) -> None:
        """10.2 Also for an id that no entity can have, with a version and without."""
        for version in (None, 1):
            with pytest.raises(NotFound):
                repository.update(id, self.samples.changes(1), version=version)
        assert repository.count() == 0

    @pytest.mark.parametrize("id", NO_IDS)
    def test_an_update_of_what_is_no_id_is_invalid(self, repository: Repository[Any], id: Any) -> None:
        """10.5 An id is a whole number."""
        with pytest.raises(Invalid):
            repository.update(id, self.samples.changes(1))

    def test_an_update_with_the_right_version_is_made(self, repository: Repository[Any]) -> None:
        """10.3 The caller has seen the entity as it is."""
        added = repository.add(self.samples.one(1))
        updated = repository.update(added.id, self.samples.changes(2), version=1)
        assert repository.update(added.id, self.samples.changes(3), version=2).version == updated.version + 1

    @pytest.mark.parametrize("version", [1, 3, 2**63 - 1])
    def test_an_update_with_another_version_is_a_conflict(self, repository: Repository[Any], version: int) -> None:
        """10.3 The entity has changed since, and nothing is written."""
        added = repository.add(self.samples.one(1))
        updated = repository.update(added.id, self.samples.changes(2))
        with pytest.raises(VersionConflict):
            repository.update(added.id, self.samples.changes(3), version=version)
        assert repository.get(added.id) == updated

    def test_versions_come_to_an_end(self, repository: Repository[Any]) -> None:
        """10.10 An entity at the last one can be read and deleted, and not changed any more."""
        last = self.samples.stored(5, LARGEST)
        repository.put_many([last])
        for version in (None, LARGEST):
            with pytest.raises(Invalid):
                repository.update(5, self.samples.changes(1), version=version)
        assert repository.get(5) == last
        repository.delete(5, version=LARGEST)
        assert repository.count() == 0

    @pytest.mark.parametrize("version", NO_VERSIONS)
    def test_what_no_version_can_be_is_invalid(self, repository: Repository[Any], version: Any) -> None:
        """10.7 A version is a whole number from 1 to 2^63-1; for both methods that take one."""
        added = repository.add(self.samples.one(1))
        with pytest.raises(Invalid) as raised:
            repository.update(added.id, self.samples.changes(2), version=version)
        assert set(raised.value.problems) == {"version"}
        with pytest.raises(Invalid):
            repository.delete(added.id, version=version)
        assert repository.get(added.id) == added


class Deleting(Fixtures):
    """``delete``."""

    def test_a_deleted_entity_is_gone(self, repository: Repository[Any]) -> None:
        """10.6 The others stay."""
        first, second = repository.add_many(self.samples.several(2))
        repository.delete(first.id)
        with pytest.raises(NotFound):
            repository.get(first.id)
        assert list(repository.scan()) == [second]

    @pytest.mark.parametrize("id", MISSING_IDS)
    def test_what_is_not_there_cannot_be_deleted(self, repository: Repository[Any], id: int) -> None:
        """10.2 Also for an id that no entity can have, with a version and without."""
        for version in (None, 1):
            with pytest.raises(NotFound):
                repository.delete(id, version=version)

    def test_a_second_delete_is_not_found(self, repository: Repository[Any]) -> None:
        """10.2 What was deleted is not there."""
        added = repository.add(self.samples.one(0))
        repository.delete(added.id)
        with pytest.raises(NotFound):
            repository.delete(added.id, version=1)

    @pytest.mark.parametrize("id", NO_IDS)
    def test_what_is_no_id_cannot_be_deleted(self, repository: Repository[Any], id: Any) -> None:
        """10.5 An id is a whole number."""
        with pytest.raises(Invalid):
            repository.delete(id)

    def test_a_delete_with_another_version_is_a_conflict(self, repository: Repository[Any]) -> None:
        """10.3 Nothing is deleted; with the right version, it is."""
        added = repository.add(self.samples.one(0))
        with pytest.raises(VersionConflict):
            repository.delete(added.id, version=2)
        assert repository.get(added.id) == added
        repository.delete(added.id, version=1)
        assert repository.count() == 0
