"""What a unit of work refuses, and what breaks it."""

# ruff: noqa: PT012 - what must raise is the whole block of a unit, and its end most of all

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from storage import Capability, Repository, Storage, Unsupported
from storage.testing.fixtures import Fixtures, needs
from storage.testing.transactions import OnPurpose


class BrokenUnits(Fixtures):
    """``transaction``: what goes wrong."""

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
