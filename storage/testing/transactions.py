"""Units of work: all of it or none of it."""

# ruff: noqa: PT012 - what must raise is the whole block of a unit, and its end most of all

from __future__ import annotations

from typing import Any

import pytest

from storage import Capability, Filter, Invalid, NotFound, Repository, Storage, VersionConflict
from storage.testing.fixtures import Fixtures, needs
from storage.testing.model import ordered
from storage.testing.values import LARGEST


class OnPurpose(Exception):
    """What a test raises to leave a block."""


class Transactions(Fixtures):
    """``transaction``: what goes well."""

    @needs(Capability.TRANSACTIONS)
    def test_a_unit_is_kept_when_its_block_is_left(self, storage: Storage, repository: Repository[Any]) -> None:
        """12.1 Everything that it wrote."""
        changed, deleted = repository.add_many(self.samples.several(2))
        with storage.transaction() as work:
            inside = work.repository(self.entity)
            changed = inside.update(changed.id, self.samples.changes(5))
            inside.delete(deleted.id)
            added = [inside.add(self.samples.one(6)), *inside.add_many([self.samples.one(7), self.samples.one(8)])]
        assert list(repository.scan()) == [changed, *added]

    @needs(Capability.TRANSACTIONS)
    def test_a_unit_is_undone_by_an_exception(self, storage: Storage, repository: Repository[Any]) -> None:
        """12.2 Everything that it wrote; the exception arrives as it was raised."""
        before = repository.add_many(self.samples.several(2))
        reason = OnPurpose()
        with pytest.raises(OnPurpose) as raised, storage.transaction() as work:
            inside = work.repository(self.entity)
            inside.update(before[0].id, self.samples.changes(5))
            inside.delete(before[1].id)
            inside.add_many([self.samples.one(6), self.samples.one(7)])
            raise reason
        assert raised.value is reason
        assert list(repository.scan()) == before

    @needs(Capability.TRANSACTIONS)
    def test_a_unit_of_nothing_is_fine(self, storage: Storage, repository: Repository[Any]) -> None:
        """12.1 Also one that only reads."""
        added = repository.add(self.samples.one(0))
        with storage.transaction():
            pass
        with storage.transaction() as work:
            assert work.repository(self.entity).get(added.id) == added
        assert list(repository.scan()) == [added]

    @needs(Capability.TRANSACTIONS)
    def test_nothing_is_seen_outside_before_the_end(self, storage: Storage, repository: Repository[Any]) -> None:
        """12.3 Calls on the storage itself are outside, even inside the block."""
        before = repository.add_many(self.samples.several(2))
        with storage.transaction() as work:
            inside = work.repository(self.entity)
            inside.update(before[0].id, self.samples.changes(5))
            inside.delete(before[1].id)
            inside.add(self.samples.one(6))
            assert list(repository.scan()) == before
            assert repository.get(before[1].id) == before[1]
        assert repository.count() == 2
        assert repository.get(before[0].id).version == 2

    @needs(Capability.TRANSACTIONS)
    def test_a_unit_sees_what_it_wrote(self, storage: Storage, repository: Repository[Any]) -> None:
        """12.4 By every method that reads, before anybody else does."""
        first, second = repository.add_many(self.samples.several(2))
        with storage.transaction() as work:
            inside = work.repository(self.entity)
            first = inside.update(first.id, self.samples.changes(5))
            inside.delete(second.id)
            third = inside.add(self.samples.one(6))
            assert inside.get(first.id) == first
            assert inside.get_many([third.id, second.id, first.id]) == [third, first]
            assert inside.count() == 2
            assert inside.count(Filter("id", "gt", first.id)) == 1
            assert list(inside.scan()) == [first, third]
            assert inside.last_id() >= third.id
            for order_by in self.samples.orders:
                page = inside.find(order_by=order_by, limit=1)
                rest = inside.find(order_by=order_by, cursor=page.next_cursor)
                assert page.items + rest.items == ordered([first, third], order_by)

    @needs(Capability.TRANSACTIONS)
    def test_a_unit_survives_what_a_caller_can_mend(self, storage: Storage, repository: Repository[Any]) -> None:
        """12.5 ``Invalid``, ``NotFound`` and ``VersionConflict`` leave it whole."""
        first = repository.add(self.samples.one(0))
        with storage.transaction() as work:
            inside = work.repository(self.entity)
            second = inside.add(self.samples.one(1))
            with pytest.raises(Invalid):
                inside.add(self.samples.one(2, id=1))
            with pytest.raises(Invalid):
                inside.find(limit=0)
            for id in (LARGEST, 0):
                with pytest.raises(NotFound):
                    inside.get(id)
                with pytest.raises(NotFound):
                    inside.update(id, self.samples.changes(2))
                with pytest.raises(NotFound):
                    inside.delete(id)
            with pytest.raises(VersionConflict):
                inside.update(first.id, self.samples.changes(2), version=9)
            with pytest.raises(VersionConflict):
                inside.delete(first.id, version=9)
            third = inside.add(self.samples.one(3))
        assert list(repository.scan()) == [first, second, third]

    @needs(Capability.TRANSACTIONS)
    def test_an_error_that_is_not_caught_undoes_the_unit(self, storage: Storage, repository: Repository[Any]) -> None:
        """12.2 Also one that would have left it whole."""
        with pytest.raises(NotFound), storage.transaction() as work:
            inside = work.repository(self.entity)
            inside.add(self.samples.one(0))
            inside.get(LARGEST)
        assert repository.count() == 0

    @needs(Capability.TRANSACTIONS)
    def test_units_follow_one_another(self, storage: Storage, repository: Repository[Any]) -> None:
        """12.1 12.2 One that was undone leaves nothing behind for the next."""
        with pytest.raises(OnPurpose), storage.transaction() as work:
            work.repository(self.entity).add(self.samples.one(0))
            raise OnPurpose
        with storage.transaction() as work:
            added = work.repository(self.entity).add(self.samples.one(0))
        assert list(repository.scan()) == [added]

    @needs(Capability.TRANSACTIONS)
    def test_an_id_that_was_committed_in_a_unit_is_not_used_again(
        self, storage: Storage, repository: Repository[Any]
    ) -> None:
        """4.2 Not even if the same unit deleted it."""
        with storage.transaction() as work:
            inside = work.repository(self.entity)
            newest = inside.add(self.samples.one(0))
            inside.delete(newest.id)
        assert repository.last_id() >= newest.id
        assert repository.add(self.samples.one(0)).id > newest.id
