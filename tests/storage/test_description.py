from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Annotated, Any

import pytest

from storage import Engine, Invalid
from storage.entity import Integer, Text, by_row, check_id, check_version, describe
from tests.probe import Probe

ENGINE = describe(Engine)


def test_an_entity_is_read_from_its_annotations() -> None:
    description = describe(Probe)
    assert description.name == "probe"
    assert [field.name for field in description.fields] == ["code", "seen_at", "signal", "note"]
    assert [field.name for field in description.fields if field.nullable] == ["signal", "note"]
    assert [field.name for field in description.fields if field.rule.unique] == ["code"]
    assert description.names == ("code", "seen_at", "signal", "note", "id", "version")
    assert description.searchable == ()


def test_an_entity_is_built_from_its_values() -> None:
    values = {"version": 2, "id": 7, "thrust": 5, "last_fired": None, "title": "a", "title_key": "a"}
    assert ENGINE.entity(values) == Engine("a", 5, None, id=7, version=2)


def test_searchable_text_has_a_key() -> None:
    """7.1 If it is among the values."""
    assert ENGINE.search_keys({"title": "RAPTOR", "thrust": 1}) == {"title_key": "raptor"}
    assert ENGINE.search_keys({"thrust": 1}) == {}


@dataclass(frozen=True)
class WithoutVersion:
    title: Annotated[str, Text(10)]
    id: int | None = None


@dataclass(frozen=True)
class WithoutRule:
    title: str
    id: int | None = None
    version: int = 0


@dataclass(frozen=True)
class WithTwoRules:
    title: Annotated[str, Text(10), Integer(0, 1)]
    id: int | None = None
    version: int = 0


class NoDataclass:
    id: int | None = None
    version: int = 0


@pytest.mark.parametrize(
    ("entity", "sentence"),
    [
        (WithoutVersion, "id and version"),
        (WithoutRule, "title must be annotated with one field type"),
        (WithTwoRules, "title must be annotated with one field type"),
        (NoDataclass, "must be a dataclass"),
    ],
)
def test_a_class_that_storage_cannot_keep_is_refused(entity: type, sentence: str) -> None:
    with pytest.raises(TypeError, match=sentence):
        describe(entity)


def test_the_values_of_a_new_entity_have_no_id_and_no_version() -> None:
    """3.2 Storage gives them."""
    assert ENGINE.new_values(Engine("a", 5)) == {"title": "a", "thrust": 5, "last_fired": None}
    with pytest.raises(Invalid) as raised:
        ENGINE.new_values(Engine("", id=1, version=1))
    assert set(raised.value.problems) == {"id", "version", "title"}


def test_the_values_of_a_stored_entity_have_both() -> None:
    """11.8 And both are checked."""
    values = ENGINE.stored_values(Engine("a", id=7, version=2))
    assert values == {"title": "a", "thrust": 0, "last_fired": None, "id": 7, "version": 2}
    with pytest.raises(Invalid) as raised:
        ENGINE.stored_values(Engine("", 2**31))
    assert set(raised.value.problems) == {"id", "version", "title", "thrust"}


def test_moved_entities_come_in_the_order_of_their_ids() -> None:
    """11.7 11.5 Each id once."""
    engines = [Engine(f"engine {id}", id=id, version=1) for id in (3, 1, 2)]
    columns = ENGINE.stored_columns(engines)
    assert (columns["id"], columns["title"]) == ([1, 2, 3], ["engine 1", "engine 2", "engine 3"])
    with pytest.raises(Invalid, match="2 is given twice"):
        ENGINE.stored_columns([*engines, Engine("b", id=2, version=9)])


WELL_FORMED = [Engine("a", 5), Engine("b", last_fired=datetime(2026, 1, 1, tzinfo=UTC))]


def test_many_are_checked_as_each_by_itself() -> None:
    """3.5 And normalised."""
    late = Engine("c", last_fired=datetime(2026, 1, 1, 12, microsecond=1999, tzinfo=timezone(timedelta(hours=2))))
    new = [*WELL_FORMED, late]
    assert list(by_row(ENGINE.new_columns(new))) == [ENGINE.new_values(one) | {"version": 1} for one in new]
    stored = [replace(one, id=id, version=7) for id, one in enumerate(new, 1)]
    assert list(by_row(ENGINE.stored_columns(stored))) == [
        {"id": one.id, "version": 7, **ENGINE.new_values(plain)} for one, plain in zip(stored, new, strict=True)
    ]


@pytest.mark.parametrize(
    "wrong", [Engine("", 2**31), Engine("a", id=3), Engine("a", version=1), Probe("a", WELL_FORMED[1].last_fired), None]
)
def test_of_many_the_first_that_is_wrong_says_what_is_wrong_with_it(wrong: Any) -> None:
    """3.5 In the same words as by itself."""
    with pytest.raises(Invalid) as alone:
        ENGINE.new_values(wrong)
    with pytest.raises(Invalid) as among_many:
        ENGINE.new_columns([*WELL_FORMED, wrong, Engine("")])
    assert among_many.value.problems == alone.value.problems
    with pytest.raises(Invalid) as last:
        ENGINE.new_columns([*WELL_FORMED, wrong])
    assert last.value.problems == alone.value.problems


def test_a_subclass_is_another_entity() -> None:
    """2.8 It may hold what storage knows nothing of."""

    class Special(Engine):
        __slots__ = ()

    with pytest.raises(Invalid, match="must be Engine, not Special"):
        ENGINE.new_values(Special("a"))


def test_changes_are_checked_all_at_once() -> None:
    """10.5 Each bad one is named."""
    assert ENGINE.changed_values({"thrust": 7}) == {"thrust": 7}
    with pytest.raises(Invalid) as raised:
        ENGINE.changed_values({"title": "", "thrust": "7", "id": 1, "speed": 1})
    assert set(raised.value.problems) == {"title", "thrust", "id", "speed"}


def test_a_name_that_is_no_text_is_refused_like_any_unknown_name() -> None:
    """10.5 It is no field."""
    changes: Any = {None: 1, 7: 1}
    with pytest.raises(Invalid) as raised:
        ENGINE.changed_values(changes)
    assert set(raised.value.problems) == {"None", "7"}


@pytest.mark.parametrize(("id", "possible"), [(1, True), (2**63 - 1, True), (0, False), (-1, False), (2**63, False)])
def test_an_id_may_be_possible_or_not(id: int, possible: bool) -> None:
    """5.2 What is out of range is simply not there."""
    assert check_id(id) is possible


def test_any_version_that_can_be_stored_is_fine() -> None:
    """10.7 And so is none at all."""
    for version in (None, 1, 2**63 - 1):
        check_version(version)
