"""Ids: given once, rising, and never used again; and the high-water mark that sees to it."""

from __future__ import annotations

from typing import Any

import pytest

from storage import Invalid, Repository, Storage, Unavailable
from storage.testing.fixtures import Fixtures
from storage.testing.values import LARGEST, NO_MARKS


class Identity(Fixtures):
    """Ids, ``last_id`` and ``reserve_ids``."""

    def test_a_new_id_is_larger_than_every_one_before(self, repository: Repository[Any]) -> None:
        """4.1 One by one and many at once, the ids rise."""
        before = repository.last_id()
        added = [repository.add(self.samples.one(0)), *repository.add_many([self.samples.one(1), self.samples.one(2)])]
        added.append(repository.add(self.samples.one(3)))
        ids = [before, *(entity.id for entity in added)]
        assert ids == sorted(set(ids))

    def test_the_id_of_the_newest_is_not_used_again(self, repository: Repository[Any]) -> None:
        """4.2 Not even after the newest entity was deleted."""
        newest = repository.add_many(self.samples.several(2))[-1]
        repository.delete(newest.id)
        assert repository.add(self.samples.one(1)).id > newest.id
        assert repository.last_id() > newest.id

    def test_the_ids_of_a_whole_batch_are_not_used_again(self, repository: Repository[Any]) -> None:
        """4.2 Not even with nothing left."""
        added = repository.add_many(self.samples.several(3))
        for entity in added:
            repository.delete(entity.id)
        assert repository.add_many([self.samples.one(0)])[0].id > added[-1].id

    def test_the_mark_outlives_the_connections(self, storage: Storage, repository: Repository[Any]) -> None:
        """4.2 It is kept in the database."""
        newest = repository.add(self.samples.one(0))
        repository.delete(newest.id)
        storage.close()
        assert repository.last_id() == newest.id
        assert repository.add(self.samples.one(0)).id > newest.id

    def test_the_mark_of_a_new_database_is_zero(self, fresh_storage: Storage) -> None:
        """4.3 Nothing was given out."""
        repository = fresh_storage.repository(self.entity)
        assert repository.last_id() == 0
        assert repository.add(self.samples.one(0)).id == 1
        assert repository.last_id() == 1

    def test_the_mark_is_the_largest_id_given_out(self, repository: Repository[Any]) -> None:
        """4.3 Deleting does not lower it."""
        added = repository.add_many(self.samples.several(3))
        assert repository.last_id() == added[-1].id
        repository.delete(added[-1].id)
        assert repository.last_id() == added[-1].id

    def test_reserved_ids_are_not_given_out(self, repository: Repository[Any]) -> None:
        """4.4 The next id is above those that were reserved."""
        mark = repository.last_id() + 100
        repository.reserve_ids(mark)
        assert repository.last_id() == mark
        assert repository.add(self.samples.one(0)).id > mark

    def test_the_mark_is_never_lowered(self, repository: Repository[Any]) -> None:
        """4.4 Reserving what is below it changes nothing."""
        mark = repository.add(self.samples.one(0)).id
        for up_to in (0, 1, mark - 1, mark):
            repository.reserve_ids(up_to)
            assert repository.last_id() == mark

    @pytest.mark.parametrize("up_to", NO_MARKS)
    def test_what_no_mark_can_be_is_invalid(self, repository: Repository[Any], up_to: Any) -> None:
        """4.5 A mark is a whole number from 0 to 2^63-1."""
        mark = repository.last_id()
        with pytest.raises(Invalid):
            repository.reserve_ids(up_to)
        assert repository.last_id() == mark

    def test_the_last_ids_can_be_used(self, fresh_storage: Storage) -> None:
        """4.7 Up to 2^63-1 itself; then adding is unavailable, and trying again is useless."""
        repository = fresh_storage.repository(self.entity)
        repository.reserve_ids(LARGEST - 3)
        added = [repository.add(self.samples.one(0)), *repository.add_many([self.samples.one(1), self.samples.one(2)])]
        assert [entity.id for entity in added] == [LARGEST - 2, LARGEST - 1, LARGEST]
        for add in (lambda one: repository.add(one), lambda one: repository.add_many([one])):
            with pytest.raises(Unavailable) as raised:
                add(self.samples.one(3))
            assert not raised.value.retryable
            assert not raised.value.may_have_been_applied
        assert list(repository.scan()) == added
        assert repository.last_id() == LARGEST

    def test_a_spent_repository_still_works(self, fresh_storage: Storage) -> None:
        """4.7 Without an id left, what is stored can be read, changed, deleted and put back."""
        repository = fresh_storage.repository(self.entity)
        repository.put_many([self.samples.stored(LARGEST)])
        assert repository.last_id() == LARGEST
        with pytest.raises(Unavailable) as raised:
            repository.add_many(self.samples.several(2))
        assert not raised.value.retryable
        repository.update(LARGEST, self.samples.changes(1))
        assert repository.find(order_by="-id").items == [self.samples.stored(LARGEST, version=2, number=1)]
        repository.delete(LARGEST)
        assert repository.put_many([self.samples.stored(LARGEST), self.samples.stored(7, number=1)]).added == 2
