"""``run``, which runs a unit again when it met another; and snapshots, which see one state."""

# ruff: noqa: PT012 - what must raise is the whole block of a unit, and its end most of all

from __future__ import annotations

from typing import Any

import pytest

from storage import (
    Capability,
    Invalid,
    NotFound,
    ReadOnly,
    Repository,
    Storage,
    TransactionConflict,
    Unavailable,
    Unit,
    VersionConflict,
)
from storage.testing.fixtures import Fixtures, needs
from storage.testing.threads import in_threads


class Running(Fixtures):
    """``run``."""

    @needs(Capability.TRANSACTIONS)
    def test_a_run_returns_what_its_function_returns(self, storage: Storage, repository: Repository[Any]) -> None:
        """12.12 After the unit was kept."""
        added = storage.run(lambda work: work.repository(self.entity).add(self.samples.one(0)))
        assert list(repository.scan()) == [added]

    @needs(Capability.TRANSACTIONS)
    def test_a_conflict_is_run_again_as_a_whole(self, storage: Storage, repository: Repository[Any]) -> None:
        """12.13 Nothing of the attempts before is kept."""
        units = []

        def third_time_lucky(work: Unit) -> Any:
            units.append(work)
            added = work.repository(self.entity).add(self.samples.one(0))
            if len(units) < 3:
                raise TransactionConflict("met another unit")
            return added

        added = storage.run(third_time_lucky)
        assert len(set(map(id, units))) == 3
        assert list(repository.scan()) == [added]

    @needs(Capability.TRANSACTIONS)
    @pytest.mark.parametrize("attempts", [1, 3])
    def test_a_run_gives_up(self, storage: Storage, repository: Repository[Any], attempts: int) -> None:
        """12.13 After as many attempts as it was given, with the last one's error."""
        errors = []

        def never_lucky(work: Unit) -> None:
            work.repository(self.entity).add(self.samples.one(0))
            errors.append(TransactionConflict("met another unit"))
            raise errors[-1]

        with pytest.raises(TransactionConflict) as raised:
            storage.run(never_lucky, attempts=attempts)
        assert len(errors) == attempts
        assert raised.value is errors[-1]
        assert repository.count() == 0

    @needs(Capability.TRANSACTIONS)
    @pytest.mark.parametrize(
        "error",
        [
            NotFound("nothing there"),
            VersionConflict("the version is another one"),
            Unavailable("no answer"),
            Unavailable("no answer to the commit", may_have_been_applied=True),
            ZeroDivisionError("a mistake"),
        ],
    )
    def test_only_a_conflict_is_run_again(
        self, storage: Storage, repository: Repository[Any], error: Exception
    ) -> None:
        """12.14 Least of all what may have been applied."""
        runs = []

        def fail(work: Unit) -> None:
            runs.append(work)
            work.repository(self.entity).add(self.samples.one(0))
            raise error

        with pytest.raises(type(error)) as raised:
            storage.run(fail)
        assert raised.value is error
        assert len(runs) == 1
        assert repository.count() == 0

    @needs(Capability.TRANSACTIONS)
    @pytest.mark.parametrize("attempts", [0, -1])
    def test_a_run_is_attempted_at_least_once(self, storage: Storage, attempts: int) -> None:
        """12.15 Or the number of attempts is invalid."""
        with pytest.raises(Invalid) as raised:
            storage.run(lambda work: None, attempts=attempts)
        assert set(raised.value.problems) == {"attempts"}


class Snapshots(Fixtures):
    """``snapshot``."""

    @needs(Capability.SNAPSHOT)
    def test_a_snapshot_sees_one_state(self, storage: Storage, repository: Repository[Any]) -> None:
        """13.1 While another thread adds, changes and deletes."""
        before = repository.add_many(self.samples.several(4))

        def write(_: int) -> None:
            repository.add(self.samples.one(9))
            repository.update(before[1].id, self.samples.changes(8))
            repository.delete(before[2].id)

        with storage.snapshot() as work:
            inside = work.repository(self.entity)
            assert inside.count() == 4
            in_threads(write, 1)
            assert list(inside.scan()) == before
            assert inside.get_many([before[1].id, before[2].id]) == before[1:3]
            assert inside.get(before[2].id) == before[2]
            assert inside.find(order_by="-id").items == before[::-1]
            assert inside.count() == 4
        assert repository.get(before[1].id).version == 2
        assert repository.count() == 4

    @needs(Capability.SNAPSHOT)
    def test_a_snapshot_takes_no_writes(self, storage: Storage, repository: Repository[Any]) -> None:
        """13.2 Each is ``ReadOnly``, and breaks it like any other error."""
        added = repository.add(self.samples.one(0))
        writes: list[Any] = [
            lambda inside: inside.add(self.samples.one(1)),
            lambda inside: inside.add_many([self.samples.one(1)]),
            lambda inside: inside.update(added.id, self.samples.changes(1)),
            lambda inside: inside.delete(added.id),
        ]
        for write in writes:
            with pytest.raises(ReadOnly), storage.snapshot() as work:
                inside = work.repository(self.entity)
                with pytest.raises(ReadOnly):
                    write(inside)
                with pytest.raises(ReadOnly):
                    inside.count()
        assert list(repository.scan()) == [added]

    @needs(Capability.SNAPSHOT)
    def test_a_snapshot_survives_what_a_caller_can_mend(self, storage: Storage, repository: Repository[Any]) -> None:
        """13.1 12.5 As any unit does."""
        added = repository.add(self.samples.one(0))
        with storage.snapshot() as work:
            inside = work.repository(self.entity)
            with pytest.raises(NotFound):
                inside.get(added.id + 1)
            with pytest.raises(Invalid):
                inside.find(order_by="nothing")
            assert inside.get(added.id) == added
