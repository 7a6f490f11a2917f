"""``put_many``: entities stored as they are, for moving them between databases."""

from __future__ import annotations

from typing import Any

import pytest

from storage import Invalid, PutResult, Repository
from storage.testing.fixtures import Fixtures
from storage.testing.values import LARGEST, NO_NUMBERS, NO_VERSIONS


class Moving(Fixtures):
    """``put_many``."""

    def test_entities_are_stored_as_they_are(self, repository: Repository[Any]) -> None:
        """11.1 Ids and versions are kept, up to their limits."""
        given = [self.samples.stored(id, version, id) for id, version in ((1, 1), (7, 3), (40, LARGEST))]
        assert repository.put_many(given) == PutResult(added=3, replaced=0, kept=0)
        assert list(repository.scan()) == given

    def test_entities_may_come_in_any_order(self, repository: Repository[Any]) -> None:
        """11.7 From an iterator too."""
        given = [self.samples.stored(id, number=id) for id in (9, 2, 7, 1, 8)]
        assert repository.put_many(iter(given)).added == 5
        assert [entity.id for entity in repository.scan()] == [1, 2, 7, 8, 9]

    def test_nothing_to_put_is_nothing_done(self, repository: Repository[Any]) -> None:
        """11.7 No entity given, none counted, and the mark stays."""
        mark = repository.last_id()
        assert repository.put_many([]) == PutResult(added=0, replaced=0, kept=0)
        assert repository.last_id() == mark

    @pytest.mark.parametrize(("version", "result"), [(1, (0, 0, 1)), (2, (0, 0, 1)), (3, (0, 1, 0))])
    def test_a_higher_version_replaces(
        self, repository: Repository[Any], version: int, result: tuple[int, int, int]
    ) -> None:
        """11.2 11.3 An equal or a lower one is kept as the database has it."""
        old, new = self.samples.stored(5, 2, number=1), self.samples.stored(5, version, number=2)
        repository.put_many([old])
        assert repository.put_many([new]) == PutResult(*result)
        assert repository.get(5) == (new if version > 2 else old)

    @pytest.mark.parametrize("version", [1, 2, 3])
    def test_overwriting_replaces_whatever_is_there(self, repository: Repository[Any], version: int) -> None:
        """11.4 Whichever version is the higher."""
        repository.put_many([self.samples.stored(5, 2, number=1)])
        new = self.samples.stored(5, version, number=2)
        assert repository.put_many([new], overwrite=True) == PutResult(added=0, replaced=1, kept=0)
        assert repository.get(5) == new

    def test_overwriting_with_the_same_is_a_replacement(self, repository: Repository[Any]) -> None:
        """11.4 What counts is what was asked for, and not whether a value differs."""
        repository.put_many([self.samples.stored(5)])
        assert repository.put_many([self.samples.stored(5)], overwrite=True) == PutResult(0, 1, 0)

    def test_added_replaced_and_kept_are_counted_apart(self, repository: Repository[Any]) -> None:
        """11.2 In one call."""
        repository.put_many([self.samples.stored(id, 2, id) for id in (1, 2, 3, 4)])
        given = [self.samples.stored(id, version, id + 10) for id, version in ((6, 1), (1, 3), (2, 2), (3, 1), (5, 9))]
        assert repository.put_many(given) == PutResult(added=2, replaced=1, kept=2)
        assert [(entity.id, entity.version) for entity in repository.scan()] == [
            (1, 3), (2, 2), (3, 2), (4, 2), (5, 9), (6, 1),
        ]  # fmt: skip

    def test_putting_again_changes_nothing(self, repository: Repository[Any]) -> None:
        """11.9 A repeat is safe."""
        given = [self.samples.stored(id, id, id) for id in (1, 2, 3)]
        repository.put_many(given)
        assert repository.put_many(given) == PutResult(added=0, replaced=0, kept=3)
        assert list(repository.scan()) == given

    @pytest.mark.parametrize("overwrite", [False, True])
    def test_an_id_given_twice_is_invalid(self, repository: Repository[Any], overwrite: bool) -> None:
        """11.5 Nothing is written, also if both are equal."""
        given = [self.samples.stored(5), self.samples.stored(6, number=1), self.samples.stored(5)]
        with pytest.raises(Invalid) as raised:
            repository.put_many(given, overwrite=overwrite)
        assert set(raised.value.problems) == {"id"}
        assert repository.count() == 0

    def test_the_mark_rises_to_the_largest_id(self, repository: Repository[Any]) -> None:
        """11.6 4.4 The next id is above it."""
        largest = repository.last_id() + 50
        repository.put_many([self.samples.stored(largest), self.samples.stored(1, number=1)])
        assert repository.last_id() == largest
        assert repository.add(self.samples.one(2)).id > largest

    def test_a_small_id_does_not_lower_the_mark(self, repository: Repository[Any]) -> None:
        """11.6 It is never lowered."""
        added = repository.add(self.samples.one(0))
        repository.delete(added.id)
        repository.put_many([self.samples.stored(1)])
        assert repository.last_id() == added.id

    @pytest.mark.parametrize("id", [0, -1, LARGEST + 1, *NO_NUMBERS])
    def test_an_entity_without_a_proper_id_is_invalid(self, repository: Repository[Any], id: Any) -> None:
        """11.8 Nothing is written, not even what stands before it."""
        with pytest.raises(Invalid) as raised:
            repository.put_many([self.samples.stored(1), self.samples.stored(id, number=1)])
        assert set(raised.value.problems) == {"id"}
        assert repository.count() == 0

    @pytest.mark.parametrize("version", [None, *NO_VERSIONS])
    def test_an_entity_without_a_proper_version_is_invalid(self, repository: Repository[Any], version: Any) -> None:
        """11.8 A stored entity has a version from 1."""
        with pytest.raises(Invalid) as raised:
            repository.put_many([self.samples.stored(1, version)])
        assert set(raised.value.problems) == {"version"}

    def test_a_moved_entity_goes_on_from_its_version(self, repository: Repository[Any]) -> None:
        """11.1 It is an entity like any other: changed by version, ordered, deleted."""
        repository.put_many([self.samples.stored(5, 41)])
        assert repository.update(5, self.samples.changes(1), version=41).version == 42
        repository.delete(5, version=42)
        assert repository.count() == 0
