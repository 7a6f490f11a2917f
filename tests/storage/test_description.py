from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

import pytest

from storage import Engine, Invalid
from storage.description import check_id, check_version, describe
from storage.fields import Integer, Text
from tests.probe import Probe

ENGINE = describe(Engine)


def test_an_entity_is_read_from_its_annotations() -> None:
    description = describe(Probe)
    assert description.name == "probe"
    assert [field.name for field in description.fields] == ["code", "seen_at", "signal", "note"]
    assert [field.name for field in description.fields if field.nullable] == ["signal", "note"]
    assert [field.name for field in description.fields if field.rule.unique] == ["code"]
    assert description.columns == ("code", "seen_at", "signal", "note", "id", "version")
    assert description.searchable == ()


def test_an_entity_is_built_from_its_values() -> None:
    values = {"version": 2, "id": 7, "thrust": 5, "last_fired": None, "title": "a", "title_key": "a"}
    assert ENGINE.entity(values) == Engine("a", 5, None, id=7, version=2)


def test_searchable_text_has_a_key() -> None:
    """7.1 If it is among the values."""
    assert ENGINE.search_keys({"title": "RAPTOR", "thrust": 1}) == {"title_key": "raptor"}
    assert ENGINE.search_keys({"thrust": 1}) == {}


@dataclass
class WithoutVersion:
    title: Annotated[str, Text(10)]
    id: int | None = None


@dataclass
class WithoutRule:
    title: str
    id: int | None = None
    version: int = 0


@dataclass
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
        (WithoutRule, "the field title must be annotated with one rule"),
        (WithTwoRules, "the field title must be annotated with one rule"),
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
    engines = [Engine("a", id=id, version=1) for id in (3, 1, 2)]
    assert [values["id"] for values in ENGINE.distinct_stored_values(engines)] == [1, 2, 3]
    with pytest.raises(Invalid, match="2 is given twice"):
        ENGINE.distinct_stored_values([*engines, Engine("b", id=2, version=9)])


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
