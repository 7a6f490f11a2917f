"""Units of work: all of it or none of it."""

# ruff: noqa: PT012 - what must raise is the whole block of a unit, and its end most of all

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from storage import Capability, Filter, Invalid, NotFound, Repository, Storage, Unsupported, VersionConflict
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


class BrokenUnits(Fixtures):
    """``transaction``: what a unit refuses, and what breaks it."""

    @needs(Capability.TRANSACTIONS)
    @pytest.mark.parametrize("method", ["put_many", "reserve_ids"])
    def test_moving_is_no_part_of_a_unit(self, storage: Storage, repository: Repository[Any], method: str) -> None:
        """12.7 ``put_many`` and ``reserve_ids`` are unsupported inside, and break the unit."""
        mark = repository.last_id()
        with pytest.raises(Unsupported), storage.transaction() as work:
            break_unit(work.repository(self.entity), method, self.samples.stored(1))
        assert repository.count() == 0
        assert repository.last_id() == mark

    @needs(Capability.TRANSACTIONS)
    @pytest.mark.parametrize("method", ["put_many", "reserve_ids"])
    def test_a_broken_unit_undoes_what_went_before(
        self, storage: Storage, repository: Repository[Any], method: str
    ) -> None:
        """12.6 Leaving the block raises the error again, although it was caught inside."""
        with pytest.raises(Unsupported) as raised, storage.transaction() as work:
            inside = work.repository(self.entity)
            inside.add(self.samples.one(0))
            error = break_unit(inside, method, self.samples.stored(1))
        assert raised.value is error
        assert repository.count() == 0

    @needs(Capability.TRANSACTIONS)
    def test_a_broken_unit_refuses_every_call(self, storage: Storage, repository: Repository[Any]) -> None:
        """12.6 With the error that broke it."""
        added = repository.add(self.samples.one(0))
        with pytest.raises(Unsupported), storage.transaction() as work:
            inside = work.repository(self.entity)
            error = break_unit(inside, "put_many", self.samples.stored(1))
            for call in calls_of(inside, added.id, self.samples.one(5)):
                with pytest.raises(Unsupported) as raised:
                    call()
                assert raised.value is error
        assert list(repository.scan()) == [added]

    @needs(Capability.TRANSACTIONS)
    def test_a_unit_is_over_when_its_block_is_left(self, storage: Storage, repository: Repository[Any]) -> None:
        """12.9 Its repositories work no longer, however it ended."""
        added = repository.add(self.samples.one(0))
        with storage.transaction() as kept:
            inside_kept = kept.repository(self.entity)
        with pytest.raises(OnPurpose), storage.transaction() as undone:
            inside_undone = undone.repository(self.entity)
            raise OnPurpose
        for inside in (inside_kept, inside_undone, kept.repository(self.entity)):
            for call in calls_of(inside, added.id, self.samples.one(5)):
                with pytest.raises(Unsupported):
                    call()
        assert list(repository.scan()) == [added]

    @needs(Capability.TRANSACTIONS)
    def test_units_do_not_nest(self, storage: Storage, repository: Repository[Any]) -> None:
        """12.8 The inner one is refused, and the open one goes on."""
        with storage.transaction() as work:
            added = work.repository(self.entity).add(self.samples.one(0))
            for inner in (storage.transaction, storage.snapshot):
                with pytest.raises(Unsupported), inner():
                    pass
            with pytest.raises(Unsupported):
                storage.run(lambda unit: None)
        assert list(repository.scan()) == [added]


def break_unit(repository: Repository[Any], method: str, entity: Any) -> Unsupported:
    """Have a unit's repository refuse a method, and return its error."""
    with pytest.raises(Unsupported, match=method) as raised:
        if method == "put_many":
            repository.put_many([entity])
        else:
            repository.reserve_ids(1)
    return raised.value


def calls_of(repository: Repository[Any], id: int, entity: Any) -> list[Callable[[], Any]]:
    """Return a call of each method that a unit has, none of which is wrong in itself."""
    return [
        lambda: repository.add(entity),
        lambda: repository.add_many([entity]),
        lambda: repository.get(id),
        lambda: repository.get_many([id]),
        lambda: repository.find(),
        lambda: repository.count(),
        lambda: list(repository.scan()),
        lambda: repository.update(id, {}),
        lambda: repository.delete(id),
        lambda: repository.last_id(),
    ]
