"""Filters, shown on engines."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from storage import Engine, Filter, Invalid, Repository
from storage.testing.fixtures import Fixtures
from storage.testing.samples import AWKWARD_TEXTS

NOON = datetime(2024, 6, 1, 12, tzinfo=UTC)
COMPARISONS = ("eq", "ne", "lt", "le", "gt", "ge")

FLEET = [
    Engine("Raptor", 2300, NOON),
    Engine("Merlin", 845, None),
    Engine("raptor", 2300, NOON + timedelta(milliseconds=1)),
    Engine("Vulcain", -5, NOON - timedelta(milliseconds=1)),
    Engine("RS-25", 0, None),
]


class Filtering(Fixtures):
    """``field op value``, the same for ``find``, ``count`` and ``scan``."""

    @pytest.mark.parametrize(
        ("operator", "found"),
        [
            ("eq", ["Merlin"]),
            ("ne", ["Raptor", "raptor", "Vulcain", "RS-25"]),
            ("lt", ["Vulcain", "RS-25"]),
            ("le", ["Merlin", "Vulcain", "RS-25"]),
            ("gt", ["Raptor", "raptor"]),
            ("ge", ["Raptor", "Merlin", "raptor"]),
        ],
    )
    def test_numbers_are_compared(self, repository: Repository[Any], operator: str, found: list[str]) -> None:
        """6.2 Each comparison once, with a value that is there."""
        repository.add_many(FLEET)
        assert titles(repository, Filter("thrust", operator, 845)) == found

    @pytest.mark.parametrize(
        ("operator", "found"),
        [
            ("eq", ["Raptor"]),
            ("ne", ["Merlin", "raptor", "Vulcain", "RS-25"]),
            ("lt", ["Vulcain"]),
            ("le", ["Raptor", "Vulcain"]),
            ("gt", ["raptor"]),
            ("ge", ["Raptor", "raptor"]),
        ],
    )
    def test_of_the_comparisons_only_ne_holds_for_none(
        self, repository: Repository[Any], operator: str, found: list[str]
    ) -> None:
        """6.2 ``None`` differs from every value, and is neither below nor above one."""
        repository.add_many(FLEET)
        assert titles(repository, Filter("last_fired", operator, NOON)) == found

    @pytest.mark.parametrize("operator", COMPARISONS)
    def test_text_is_compared_by_code_point(self, repository: Repository[Any], operator: str) -> None:
        """6.9 Case counts, and nothing is padded, folded or normalised."""
        repository.add_many([Engine(text) for text in AWKWARD_TEXTS])
        compare = {
            "eq": str.__eq__, "ne": str.__ne__, "lt": str.__lt__, "le": str.__le__, "gt": str.__gt__, "ge": str.__ge__,
        }[operator]  # fmt: skip
        for text in AWKWARD_TEXTS:
            expected = [one for one in AWKWARD_TEXTS if compare(one, text)]
            assert titles(repository, Filter("title", operator, text)) == expected

    @pytest.mark.parametrize("filter", [Filter("last_fired", "eq", None), Filter("last_fired", "is_null", True)])
    def test_none_is_found(self, repository: Repository[Any], filter: Filter) -> None:
        """6.3 By ``is_null`` or by ``eq``."""
        repository.add_many(FLEET)
        assert titles(repository, filter) == ["Merlin", "RS-25"]

    @pytest.mark.parametrize("filter", [Filter("last_fired", "ne", None), Filter("last_fired", "is_null", False)])
    def test_what_is_not_none_is_found(self, repository: Repository[Any], filter: Filter) -> None:
        """6.3 By ``is_null`` or by ``ne``."""
        repository.add_many(FLEET)
        assert titles(repository, filter) == ["Raptor", "raptor", "Vulcain"]

    def test_a_field_without_none_may_be_asked_for_it(self, repository: Repository[Any]) -> None:
        """6.3 The answer is that there is none."""
        repository.add_many(FLEET)
        assert titles(repository, Filter("thrust", "is_null", True)) == []
        assert len(titles(repository, Filter("title", "ne", None))) == len(FLEET)

    @pytest.mark.parametrize("values", [[2300, 0], (0, 2300, 7), {2300, 0}, frozenset({0, 2300})])
    def test_one_of_several_values_is_found(self, repository: Repository[Any], values: Any) -> None:
        """6.4 Given as a list, a tuple or a set, repeated or not."""
        repository.add_many(FLEET)
        assert titles(repository, Filter("thrust", "in", values)) == ["Raptor", "raptor", "RS-25"]

    def test_one_of_no_values_is_nothing(self, repository: Repository[Any]) -> None:
        """6.4 ``in`` nothing matches nothing."""
        repository.add_many(FLEET)
        assert titles(repository, Filter("thrust", "in", [])) == []
        assert titles(repository, Filter("last_fired", "in", ())) == []

    def test_one_of_several_moments_is_never_none(self, repository: Repository[Any]) -> None:
        """6.4 ``None`` is among no values."""
        repository.add_many(FLEET)
        assert titles(repository, Filter("last_fired", "in", [NOON])) == ["Raptor"]

    def test_one_of_a_thousand_values_is_found(self, repository: Repository[Any]) -> None:
        """6.4 Together, in all filters of a query; one more is too many."""
        repository.add_many(FLEET)
        assert titles(repository, Filter("thrust", "in", range_of(1000))) == ["Merlin", "RS-25"]
        half = Filter("thrust", "in", range_of(500))
        assert titles(repository, half, half) == ["RS-25"]
        for filters in ([Filter("thrust", "in", range_of(1001))], [half, half, Filter("id", "in", [1])]):
            assert set(refuse(repository, *filters).problems) == {"filters"}

    def test_a_hundred_filters_can_be_combined(self, repository: Repository[Any]) -> None:
        """6.1 One more is too many."""
        repository.add_many(FLEET)
        different = [Filter("thrust", "ne", number) for number in range_of(99)]
        assert titles(repository, *different, Filter("thrust", "gt", -5)) == ["Raptor", "Merlin", "raptor"]
        assert set(refuse(repository, *different, *different[:2]).problems) == {"filters"}

    def test_all_filters_must_hold(self, repository: Repository[Any]) -> None:
        """6.1 Several on one field, too; without any, everything is found."""
        repository.add_many(FLEET)
        thrust = [Filter("thrust", "gt", -5), Filter("thrust", "le", 2300), Filter("thrust", "ne", 0)]
        assert titles(repository, *thrust) == ["Raptor", "Merlin", "raptor"]
        assert titles(repository, *thrust, Filter("last_fired", "is_null", True)) == ["Merlin"]
        assert titles(repository, Filter("thrust", "eq", 0), Filter("thrust", "eq", 1)) == []
        assert len(titles(repository)) == len(FLEET)

    def test_ids_and_versions_can_be_asked_for(self, repository: Repository[Any]) -> None:
        """6.8 They are fields like the others."""
        added = repository.add_many(FLEET)
        repository.update(added[1].id, {})
        assert titles(repository, Filter("version", "gt", 1)) == ["Merlin"]
        assert titles(repository, Filter("id", "in", [added[0].id, 2**63 - 1])) == ["Raptor"]
        assert titles(repository, Filter("id", "le", added[1].id), Filter("version", "eq", 1)) == ["Raptor"]

    def test_a_moment_asked_for_is_truncated_like_its_field(self, repository: Repository[Any]) -> None:
        """6.5 What was written is found again by what it was written with."""
        moment = NOON + timedelta(microseconds=1_999)
        repository.add(Engine("a", 0, moment))
        elsewhere = moment.astimezone(timezone(timedelta(hours=9)))
        for asked in (moment, NOON + timedelta(microseconds=1_000), elsewhere):
            assert titles(repository, Filter("last_fired", "eq", asked)) == ["a"]
            assert titles(repository, Filter("last_fired", "in", [asked])) == ["a"]
            assert titles(repository, Filter("last_fired", "gt", asked)) == []


def titles(repository: Repository[Any], *filters: Filter) -> list[str]:
    """Return the titles that the filters leave, after seeing that every method agrees on them."""
    items = repository.find(*filters).items
    assert list(repository.scan(*filters)) == items
    assert repository.count(*filters) == len(items)
    return [engine.title for engine in items]


def refuse(repository: Repository[Any], *filters: Any) -> Invalid:
    """Return the error that every method raises for the filters."""
    for read in (repository.find, repository.count, repository.scan):
        with pytest.raises(Invalid) as raised:
            read(*filters)
    return raised.value


def range_of(how_many: int) -> list[int]:
    """Return so many numbers, from 0."""
    return list(range(how_many))
