"""Reading: by id, by a list of ids, all of it."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from storage import Filter, Invalid, NotFound, Repository, Storage
from storage.testing.fixtures import Fixtures
from storage.testing.values import LARGEST, MISSING_IDS, NO_IDS


class Getting(Fixtures):
    """``get`` and ``get_many``."""

    @pytest.mark.parametrize("id", MISSING_IDS)
    def test_an_id_that_nothing_has_is_not_found(self, repository: Repository[Any], id: int) -> None:
        """5.2 Also one that no entity can have."""
        repository.add(self.samples.one(0))
        with pytest.raises(NotFound):
            repository.get(id)

    @pytest.mark.parametrize("id", NO_IDS)
    def test_what_is_no_id_is_invalid(self, repository: Repository[Any], id: Any) -> None:
        """5.3 ``True`` is not 1 and ``"1"`` is not 1."""
        repository.put_many([self.samples.stored(1)])
        with pytest.raises(Invalid) as raised:
            repository.get(id)
        assert set(raised.value.problems) == {"id"}
        with pytest.raises(Invalid):
            repository.get_many([1, id])

    def test_an_entity_is_frozen(self, repository: Repository[Any]) -> None:
        """2.1 What was returned cannot be changed, and so not what is stored."""
        added = repository.add(self.samples.one(0))
        for entity in (added, repository.get(added.id), repository.find().items[0]):
            with pytest.raises(dataclasses.FrozenInstanceError):
                entity.version = 9
        assert repository.get(added.id) == added

    def test_a_result_is_the_callers_own(self, repository: Repository[Any]) -> None:
        """2.1 Emptying a list that was returned empties nothing else."""
        added = repository.add_many(self.samples.several(3))
        expected = list(added)
        for result in (added, repository.get_many([entity.id for entity in expected]), repository.find().items):
            result.clear()
        assert repository.get_many([entity.id for entity in expected]) == expected

    def test_several_come_in_the_order_asked(self, repository: Repository[Any]) -> None:
        """5.4 Each once, however often it was asked for; what is not there is left out."""
        first, second, third = repository.add_many(self.samples.several(3))
        asked = [third.id, first.id, third.id, 0, LARGEST, second.id, -1, 2**70, first.id]
        assert repository.get_many(asked) == [third, first, second]

    def test_several_may_be_asked_for_by_any_iterable(self, repository: Repository[Any]) -> None:
        """5.4 An iterator that can be read once is enough."""
        added = repository.add_many(self.samples.several(3))
        assert repository.get_many(entity.id for entity in reversed(added)) == added[::-1]

    def test_no_id_asked_for_is_no_entity(self, repository: Repository[Any]) -> None:
        """5.4 Nothing asked is not everything."""
        repository.add(self.samples.one(0))
        assert repository.get_many([]) == []

    def test_any_number_of_ids_may_be_asked_for(self, repository: Repository[Any]) -> None:
        """5.5 More than an engine takes in one statement."""
        repository.put_many([self.samples.stored(1), self.samples.stored(70_000, number=1)])
        assert [entity.id for entity in repository.get_many(range(70_000, 0, -1))] == [70_000, 1]


class Scanning(Fixtures):
    """``count`` and ``scan``."""

    def test_counting_is_exact(self, repository: Repository[Any]) -> None:
        """5.6 After each change."""
        assert repository.count() == 0
        added = repository.add_many(self.samples.several(5))
        assert repository.count() == 5
        repository.delete(added[2].id)
        assert repository.count() == 4
        assert repository.count(Filter("id", "gt", added[2].id)) == 2

    def test_a_scan_is_in_id_order(self, repository: Repository[Any]) -> None:
        """5.7 Whatever order the entities came in."""
        for id in (100, 8, 21, 3):
            repository.put_many([self.samples.stored(id, number=id)])
        repository.delete(8)
        repository.update(21, self.samples.changes(1000))
        assert [entity.id for entity in repository.scan()] == [3, 21, 100]

    def test_a_scan_keeps_to_its_filters(self, repository: Repository[Any]) -> None:
        """5.7 The same as those of ``find``."""
        added = repository.add_many(self.samples.several(6))
        middle = [Filter("id", "gt", added[0].id), Filter("id", "le", added[3].id)]
        assert list(repository.scan(*middle)) == added[1:4]
        assert list(repository.scan(Filter("id", "in", []))) == []

    def test_a_scan_of_nothing_is_empty(self, repository: Repository[Any]) -> None:
        """5.7 It ends at once."""
        assert list(repository.scan()) == []

    def test_a_large_scan_is_complete(self, fresh_storage: Storage) -> None:
        """5.7 3.3 9.1 Across whatever batches a backend reads and writes in."""
        repository = fresh_storage.repository(self.entity)
        added = repository.add_many(self.samples.several(2_100))
        assert [entity.id for entity in added] == list(range(1, 2_101))
        assert list(repository.scan()) == added
        assert repository.count() == 2_100
        page = repository.find(limit=1_000)
        assert page.items == added[:1_000]
        assert repository.find(limit=1_000, cursor=page.next_cursor).items == added[1_000:2_000]

    def test_a_scan_sees_what_stays_exactly_once(self, repository: Repository[Any]) -> None:
        """5.8 While entities before and behind it come and go."""
        repository.put_many([self.samples.stored(id, number=id) for id in range(10, 40, 2)])
        seen = []
        for entity in repository.scan():
            seen.append(entity.id)
            if entity.id == 20:
                repository.delete(12)
                repository.delete(30)
                repository.put_many([self.samples.stored(11, number=11), self.samples.stored(33, number=33)])
                repository.update(24, self.samples.changes(1000))
        stayed = [id for id in range(10, 40, 2) if id not in (12, 30)]
        assert [id for id in seen if id in stayed] == stayed

    def test_a_scan_checks_its_filters_at_the_call(self, repository: Repository[Any]) -> None:
        """5.9 Not at the first entity."""
        with pytest.raises(Invalid):
            repository.scan(Filter("nothing", "eq", 1))

    def test_a_scan_that_is_left_early_keeps_nothing(self, storage: Storage, repository: Repository[Any]) -> None:
        """5.10 Its connection is given back when nobody holds it any longer."""
        repository.add_many(self.samples.several(5))
        scan = repository.scan()
        next(scan)
        del scan
        assert storage.connections_in_use() == 0
