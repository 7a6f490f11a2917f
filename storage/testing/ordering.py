"""The total order, and pages through it: for each sortable field, up and down."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from storage import Filter, Invalid, Repository, Storage
from storage.query import COMPARISONS
from storage.testing.fixtures import Fixtures
from storage.testing.model import matches, ordered
from storage.testing.values import NO_LIMITS


class Ordering(Fixtures):
    """``find`` and its order."""

    def test_an_order_is_total(self, repository: Repository[Any], order_by: str) -> None:
        """8.1 8.2 8.3 By the field, then by id in the same direction; text by code point, ``None`` the smallest."""
        added = repository.add_many(self.samples.of_each(order_by.removeprefix("-")))
        assert repository.find(order_by=order_by, limit=1000).items == ordered(added, order_by)

    def test_without_an_order_it_is_by_id(self, repository: Repository[Any]) -> None:
        """8.4 Ascending."""
        for id in (5, 9, 3):
            repository.put_many([self.samples.stored(id, number=id)])
        assert [entity.id for entity in repository.find().items] == [3, 5, 9]

    @pytest.mark.parametrize("operator", [*COMPARISONS, "in", "is_null"])
    def test_a_filter_on_the_field_of_the_order(
        self, repository: Repository[Any], order_by: str, operator: str
    ) -> None:
        """6.2 6.3 8.2 In pages: ``ne`` finds ``None`` too, where it stands in the order, and the others do not."""
        name = order_by.removeprefix("-")
        added = repository.add_many(self.samples.of_each(name))
        found = ordered(added, order_by)
        value = getattr(found[len(found) // 2], name)
        values: dict[str, list[Any]] = {"in": [[value]], "is_null": [True, False]}
        for wanted in values.get(operator, [value]):
            filter = Filter(name, operator, wanted)
            pages = pages_of(repository, filter, order_by=order_by, limit=7)
            assert [one for page in pages for one in page] == [one for one in found if matches(one, [filter])]

    def test_a_change_moves_an_entity(self, repository: Repository[Any], order_by: str) -> None:
        """8.1 The order is that of the values as they are now."""
        added = repository.add_many(self.samples.several(6))
        changed = [repository.update(entity.id, self.samples.changes(20 + entity.id)) for entity in added]
        assert repository.find(order_by=order_by).items == ordered(changed, order_by)

    @pytest.mark.parametrize(
        "wrong",
        ["nothing", "", "-", "--id", " id", "ID", "id asc", "version", "id;--", "id,id", None, 1, True, ["id"], {}],
    )
    def test_what_is_no_order_is_invalid(self, repository: Repository[Any], wrong: Any) -> None:
        """8.5 An unknown field, one without an index for its order, and what is no name at all."""
        with pytest.raises(Invalid) as raised:
            repository.find(order_by=wrong)
        assert set(raised.value.problems) == {"order_by"}


class Paging(Fixtures):
    """``find``, ``limit`` and ``cursor``."""

    def test_pages_of_any_size_join_to_the_whole(self, repository: Repository[Any], order_by: str) -> None:
        """9.2 Every entity once, in order; no cursor behind the last page, even if it is full."""
        expected = ordered(repository.add_many(self.samples.several(14)), order_by)
        for limit in range(1, 16):
            pages = list(pages_of(repository, order_by=order_by, limit=limit))
            assert [entity for page in pages for entity in page] == expected
            assert all(len(page) == limit for page in pages[:-1])
            assert pages[-1]

    def test_nothing_is_one_empty_page(self, repository: Repository[Any], order_by: str) -> None:
        """9.2 Without a cursor."""
        page = repository.find(order_by=order_by)
        assert page.items == []
        assert page.next_cursor is None

    def test_a_page_has_fifty_unless_told(self, repository: Repository[Any]) -> None:
        """9.1 A cursor leads to the rest."""
        added = repository.add_many(self.samples.several(51))
        page = repository.find()
        assert page.items == added[:50]
        assert repository.find(cursor=page.next_cursor).items == added[50:]

    @pytest.mark.parametrize("limit", NO_LIMITS)
    def test_what_no_limit_can_be_is_invalid(self, repository: Repository[Any], limit: Any) -> None:
        """9.1 A limit is a whole number from 1 to 1000."""
        with pytest.raises(Invalid) as raised:
            repository.find(limit=limit)
        assert set(raised.value.problems) == {"limit"}

    def test_the_limit_may_change_between_pages(self, repository: Repository[Any], order_by: str) -> None:
        """9.3 A cursor says where, and not how many."""
        expected = ordered(repository.add_many(self.samples.several(12)), order_by)
        found, cursor = [], None
        for limit in (1, 4, 2, 1000):
            page = repository.find(order_by=order_by, limit=limit, cursor=cursor)
            found += page.items
            cursor = page.next_cursor
        assert found == expected
        assert cursor is None

    def test_paging_sees_what_stays_exactly_once(self, repository: Repository[Any], order_by: str) -> None:
        """9.4 While entities before, at and behind the cursor come and go."""
        stayed = repository.add_many(self.samples.several(12))
        going = repository.add_many([self.samples.one(number) for number in range(12, 20)])
        seen: list[Any] = []
        for number, page in enumerate(pages_of(repository, order_by=order_by, limit=2)):
            seen += page
            if going:
                repository.delete(going.pop(number * 3 % len(going)).id)
            if number < 5:
                repository.add(self.samples.one(20 + number))
        assert [entity for entity in seen if entity in stayed] == ordered(stayed, order_by)
        assert len({entity.id for entity in seen}) == len(seen)

    def test_a_cursor_outlives_its_entity(self, repository: Repository[Any], order_by: str) -> None:
        """9.9 It holds a place in the order, and needs nobody to stand there."""
        expected = ordered(repository.add_many(self.samples.several(9)), order_by)
        page = repository.find(order_by=order_by, limit=4)
        for entity in page.items:
            repository.delete(entity.id)
        assert repository.find(order_by=order_by, cursor=page.next_cursor).items == expected[4:]

    def test_pages_keep_to_their_filters(self, repository: Repository[Any], order_by: str) -> None:
        """9.2 6.1 On every page."""
        added = repository.add_many(self.samples.several(12))
        wanted = [entity for entity in added if entity.id not in (added[3].id, added[8].id)]
        filters = [Filter("id", "ne", added[3].id), Filter("id", "ne", added[8].id)]
        pages = pages_of(repository, *filters, order_by=order_by, limit=3)
        assert [entity for page in pages for entity in page] == ordered(wanted, order_by)

    def test_a_cursor_is_valid_in_another_database(self, repository: Repository[Any], fresh_storage: Storage) -> None:
        """9.8 It holds values and nothing of the engine; in every order."""
        entities = repository.add_many(self.samples.several(12))
        other = fresh_storage.repository(self.entity)
        other.put_many(entities)
        for order_by in self.samples.orders:
            cursor = repository.find(order_by=order_by, limit=5).next_cursor
            assert other.find(order_by=order_by, cursor=cursor).items == ordered(entities, order_by)[5:]


def pages_of(repository: Repository[Any], *filters: Filter, order_by: str, limit: int) -> Iterator[list[Any]]:
    """Yield the items of every page from the first to the last."""
    cursor = None
    while True:
        page = repository.find(*filters, order_by=order_by, limit=limit, cursor=cursor)
        yield page.items
        cursor = page.next_cursor
        if cursor is None:
            return
