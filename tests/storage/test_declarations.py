"""An entity that some server could not keep is refused when it is declared, by class, field and reason."""

from __future__ import annotations

from dataclasses import dataclass, field, make_dataclass
from datetime import datetime
from decimal import Decimal
from enum import IntEnum
from typing import Annotated, Any, Optional

import pytest

from storage import open_storage
from storage.entity import Integer, Text, Timestamp, describe

IDENTITY: list[tuple[str, Any, Any]] = [("id", int | None, None), ("version", int, 0)]


class Money(Integer):
    """A field type that storage knows nothing of."""

    __slots__ = ()


class Level(IntEnum):
    """A number that is more than a number."""

    LOW = 1


def tank(annotation: Any, *default: Any, field_name: str = "volume", name: str = "Tank", **options: Any) -> type[Any]:
    """Return an entity with one field."""
    fields = [(field_name, annotation, *default), *IDENTITY]
    return make_dataclass(name, fields, **{"frozen": True, "slots": True, **options})


@pytest.mark.parametrize(
    ("annotation", "sentence"),
    [
        (Annotated[int, Money(0, 1)], "Tank.volume: Money is no field type that storage keeps"),
        (Annotated[Decimal, Integer(0, 1)], "Tank.volume: Integer keeps int, but the annotation is Decimal"),
        (Annotated[bool, Integer(0, 1)], "Tank.volume: Integer keeps int, but the annotation is bool"),
        (Annotated[float | None, Integer(0, 1)], r"Tank.volume: Integer keeps int, but the annotation is float | None"),
        (Annotated[int | str, Integer(0, 1)], "Tank.volume: Integer keeps int"),
        (Annotated[None, Integer(0, 1)], "Tank.volume: Integer keeps int"),
        (Annotated[Any, Integer(0, 1)], "Tank.volume: Integer keeps int"),
        (Annotated[Level, Integer(0, 1)], "Tank.volume: Integer keeps int, but the annotation is Level"),
        (Annotated[bytes, Text(9)], "Tank.volume: Text keeps str, but the annotation is bytes"),
        (Annotated[str, Timestamp()], "Tank.volume: Timestamp keeps datetime, but the annotation is str"),
        (Annotated[int, Integer(0, 1)] | None, "Tank.volume must be annotated with one field type"),
        (Annotated[str, Text], "Tank.volume must be annotated with one field type"),
    ],
)
def test_an_annotation_that_storage_does_not_know_is_refused(annotation: Any, sentence: str) -> None:
    with pytest.raises(TypeError, match=sentence.replace("|", r"\|")):
        describe(tank(annotation))


@pytest.mark.parametrize("annotation", [Annotated[int | None, Integer(0, 1)], Annotated[Optional[int], Integer(0, 1)]])  # noqa: UP045 - both spellings
def test_a_field_may_admit_none_in_either_spelling(annotation: Any) -> None:
    assert describe(tank(annotation)).fields[0].nullable


@pytest.mark.parametrize(
    ("annotation", "default", "sentence"),
    [
        (Annotated[int, Integer(0, 1)], 2, "the default 2 must be from 0 to 1"),
        (Annotated[int, Integer(0, 1)], None, "the default None must not be null"),
        (Annotated[int, Integer(0, 1)], True, "the default True must be a whole number"),
        (Annotated[str | None, Text(3)], "long", "the default 'long' must have 1 to 3 characters"),
        (Annotated[datetime, Timestamp()], datetime(2026, 1, 1), "must have a time zone"),
    ],
)
def test_a_default_that_breaks_its_own_rule_is_refused(annotation: Any, default: Any, sentence: str) -> None:
    with pytest.raises(TypeError, match=f"Tank.volume: .*{sentence}"):
        describe(tank(annotation, default))


@pytest.mark.parametrize(
    "rule",
    [Text(0), Text(1.5), Integer(2, 1), Integer(0, 2**63), Integer(-(2**63) - 1, 0), Integer(0, 1.5)],  # type: ignore[arg-type]
    ids=repr,
)
def test_a_field_type_with_meaningless_limits_is_refused(rule: Text | Integer) -> None:
    kind = str if isinstance(rule, Text) else int
    with pytest.raises(TypeError, match=r"Tank.volume: the (length|limits) of "):
        describe(tank(Annotated[kind, rule]))


@pytest.mark.parametrize(
    ("rule", "sentence"),
    [
        (Text(661, sortable=True), "sortable text can have at most 660 code points, not 661"),
        (Text(661, unique=True), "unique text can have at most 660"),
        (Text(221, searchable=True), "searchable text can have at most 220"),
        (Text(16_380), "a row can take 65.* bytes, and MySQL takes 65535"),
    ],
)
def test_text_beyond_the_limit_of_one_server_is_refused(rule: Text, sentence: str) -> None:
    with pytest.raises(TypeError, match=f"Tank.*: {sentence}"):
        describe(tank(Annotated[str, rule]))


@pytest.mark.parametrize(
    ("number", "annotation", "sentence"),
    [
        (64, Annotated[int, Integer(0, 1, sortable=True)], "65 indexes, and can have 64"),
        (999, Annotated[int, Integer(0, 1)], "1001 columns, and can have 1000"),
        (31, Annotated[str, Text(63)], "a row takes more than a page of MySQL has room for"),
    ],
)
def test_more_fields_than_one_server_takes_are_refused(number: int, annotation: Any, sentence: str) -> None:
    fields = [(f"f{place}", annotation) for place in range(number)]
    with pytest.raises(TypeError, match=f"Tank.*{sentence}"):
        describe(make_dataclass("Tank", [*fields, *IDENTITY], frozen=True, slots=True))


@pytest.mark.parametrize("name", ["_id", "_volume", "größe", "xmin", "CTID", "v" * 64])
def test_a_name_that_no_column_can_have_is_refused(name: str) -> None:
    with pytest.raises(TypeError, match=f"Tank.*{name}"):
        describe(tank(Annotated[int, Integer(0, 1, sortable=True)], field_name=name))


@pytest.mark.parametrize("name", ["EngineRoomIds", "AlembicVersion", "SqliteMaster", "_Tank", "Größe", "T" * 60])
def test_a_class_whose_name_no_table_can_have_is_refused(name: str) -> None:
    with pytest.raises(TypeError, match=name):
        describe(tank(Annotated[int, Integer(0, 1)], name=name))


@dataclass(frozen=True, slots=True)
class WithKeyTwice:
    title: Annotated[str, Text(9, searchable=True)]
    title_key: Annotated[str, Text(9)]
    id: int | None = None
    version: int = 0


@dataclass(frozen=True, slots=True)
class InTwoCases:
    title: Annotated[str, Text(9)]
    Title: Annotated[str, Text(9)]
    id: int | None = None
    version: int = 0


@dataclass(frozen=True, slots=True)
class NotAnArgument:
    title: Annotated[str, Text(9)] = field(default="a", init=False)
    id: int | None = None
    version: int = 0


@dataclass(slots=True)
class Mutable:
    title: Annotated[str, Text(9)]
    id: int | None = None
    version: int = 0


@pytest.mark.parametrize(
    ("entity", "sentence"),
    [
        (WithKeyTwice, "WithKeyTwice.title_key: two fields, or a field and a search key"),
        (InTwoCases, "InTwoCases.title: two fields"),
        (NotAnArgument, "NotAnArgument.title must be an argument by position"),
        (tank(Annotated[int, Integer(0, 1)], kw_only=True), "Tank.volume must be an argument by position"),
        (Mutable, "Mutable must be frozen"),
    ],
)
def test_a_class_that_could_not_be_read_back_is_refused(entity: type, sentence: str) -> None:
    with pytest.raises(TypeError, match=sentence):
        describe(entity)


@pytest.mark.parametrize(
    "entities",
    [
        (tank(Annotated[int, Integer(0, 1)]), tank(Annotated[int, Integer(0, 1)])),
        (
            tank(Annotated[int, Integer(0, 1, sortable=True)], field_name="level"),
            tank(Annotated[int, Integer(0, 1)], name="TankId"),
            tank(Annotated[int, Integer(0, 1)], name="IxTankLevel"),
        ),
        (
            tank(Annotated[int, Integer(0, 1, unique=True)], name="Tank", field_name="oil_level"),
            tank(Annotated[int, Integer(0, 1, unique=True)], name="TankOil", field_name="level"),
        ),
    ],
    ids=["tables", "a table and an index", "indexes"],
)
def test_entities_that_would_share_a_name_in_the_database_are_refused(entities: tuple[type, ...]) -> None:
    with pytest.raises(TypeError, match=r"Tank and .* would both have"):
        open_storage("sqlite://", entities=entities)
