"""Filters that make no sense: each is refused, by every method that takes one."""

from __future__ import annotations

from typing import Any

import pytest

from storage import Filter, Repository
from storage.testing.fields import WRONG_MOMENTS, WRONG_THRUSTS, WRONG_TITLES
from storage.testing.filtering import COMPARISONS, refuse
from storage.testing.fixtures import Fixtures


class RefusedFilters(Fixtures):
    """Unknown fields and operators, and values that the field refuses; shown on engines."""

    @pytest.mark.parametrize("operator", [*COMPARISONS, "in"])
    @pytest.mark.parametrize(
        ("field", "wrong"), [("title", WRONG_TITLES), ("thrust", WRONG_THRUSTS), ("last_fired", WRONG_MOMENTS)]
    )
    def test_a_value_that_the_field_refuses_is_invalid(
        self, repository: Repository[Any], field: str, operator: str, wrong: tuple[Any, ...]
    ) -> None:
        """6.5 A value is checked as the field's own would be."""
        for value in wrong:
            if value is None and operator in ("eq", "ne"):
                continue
            error = refuse(repository, Filter(field, operator, [value] if operator == "in" else value))
            assert set(error.problems) == {field}

    @pytest.mark.parametrize("operator", ["lt", "le", "gt", "ge"])
    @pytest.mark.parametrize("field", ["id", "title", "thrust", "last_fired", "version"])
    def test_nothing_is_above_or_below_none(self, repository: Repository[Any], field: str, operator: str) -> None:
        """6.6 Comparing with ``None`` is a mistake, and so is ``None`` among several."""
        refuse(repository, Filter(field, operator, None))
        refuse(repository, Filter(field, "in", [None]))

    @pytest.mark.parametrize(
        "filter",
        [
            Filter("nothing", "eq", 1),
            Filter("title_key", "eq", "a"),
            Filter("_id", "eq", 1),
            Filter("$where", "eq", "1"),
            Filter("title.$ne", "eq", "a"),
            Filter("title; --", "eq", "a"),
            Filter("", "eq", 1),
            Filter(None, "eq", 1),  # type: ignore[arg-type]
            Filter(["title"], "eq", "a"),  # type: ignore[arg-type]
            Filter("title", "like", "a"),
            Filter("title", "$regex", "a"),
            Filter("title", "=", "a"),
            Filter("title", "EQ", "a"),
            Filter("title", "", "a"),
            Filter("title", None, "a"),  # type: ignore[arg-type]
            Filter("title", "in", "abc"),
            Filter("title", "in", None),
            Filter("thrust", "in", 5),
            Filter("thrust", "in", {"$gt": 0}),
            Filter("thrust", "in", [[1]]),
            Filter("last_fired", "is_null", None),
            Filter("last_fired", "is_null", 1),
            Filter("last_fired", "is_null", "true"),
            Filter("id", "eq", 0),
            Filter("id", "in", [True]),
            Filter("version", "ge", 0),
        ],
    )
    def test_what_is_no_filter_is_invalid(self, repository: Repository[Any], filter: Filter) -> None:
        """6.7 An unknown field or operator, and a value of another shape."""
        assert set(refuse(repository, filter).problems) == {str(filter.field)}

    @pytest.mark.parametrize("filter", ["title = 'a'", ("title", "eq", "a"), {"title": "a"}, None, 1])
    def test_only_a_filter_is_a_filter(self, repository: Repository[Any], filter: Any) -> None:
        """6.7 Nothing else is taken for one."""
        refuse(repository, filter)

    def test_one_error_names_every_bad_filter(self, repository: Repository[Any]) -> None:
        """6.7 2.7 All of them at once."""
        error = refuse(repository, Filter("title", "eq", ""), Filter("thrust", "eq", True), Filter("id", "ge", 1))
        assert set(error.problems) == {"title", "thrust"}
