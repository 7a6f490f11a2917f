"""Sample entities, made from the rules of an entity's fields, so that the kit knows no entity by name."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Generic, TypeVar

from storage.entity import Field, Integer, Rule, Text, Timestamp, describe

E = TypeVar("E")

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

#: In the order of their code points. Each pair is one that some engine's own rules take for equal, or for reversed.
AWKWARD_TEXTS = (
    "!",
    "%",
    "0",
    "10",
    "9",
    "A",
    "B",
    "Straße",
    "Z",
    "_",
    "a",
    "a !",
    "a!",
    "aB",
    "ab",
    "e\u0301",
    "null",
    "z",
    "\u00df",
    "\u00e9",
    "\u0130",
    "\u0131",
    "\u03c2",
    "\u03c3",
    "\u1e9e",
    "\u200b",
    "\ud7ff",
    "\ue000",
    "\ufb01",
    "\uff01",
    "\uffff",
    "\U00010000",
    "\U0001f680",
    "\U0010ffff",
)

AWKWARD_MOMENTS = (
    datetime(1000, 1, 1, tzinfo=UTC),
    datetime(1582, 10, 14, 12, tzinfo=UTC),
    datetime(1969, 12, 31, 23, 59, 59, 999_000, tzinfo=UTC),
    EPOCH,
    datetime(1970, 1, 1, 0, 0, 0, 1_000, tzinfo=UTC),
    datetime(2024, 2, 29, 23, 59, 59, 500_000, tzinfo=UTC),
    datetime(2038, 1, 19, 3, 14, 8, tzinfo=UTC),
    datetime(9999, 12, 31, 23, 59, 59, 999_000, tzinfo=UTC),
)


class Samples(Generic[E]):
    """The sample entities of one type; entity number n is the same in every run."""

    def __init__(self, entity: type[E]) -> None:
        self.description = describe(entity)
        self.fields = self.description.fields
        self.sortable = [name for name, field in self.description.by_name.items() if field.rule.sortable]
        self.unique = [field.name for field in self.fields if field.rule.unique]
        self.orders = [sign + name for name in self.sortable for sign in ("", "-")]

    def one(self, number: int = 0, **values: Any) -> E:
        """Return the new entity of that number, some of its values replaced."""
        return self.description.type(**{field.name: sample(field, number) for field in self.fields} | values)

    def several(self, how_many: int) -> list[E]:
        """Return new entities: with ties, with nulls, and in no order."""
        return [self.one(number) for number in range(how_many)]

    def stored(self, id: int, version: int = 1, number: int = 0, **values: Any) -> E:
        """Return an entity as it is stored, and as ``put_many`` takes it."""
        return self.one(number, id=id, version=version, **values)

    def changes(self, number: int) -> dict[str, Any]:
        """Return changes to every field, to the values of that number's entity."""
        return {field.name: sample(field, number) for field in self.fields}

    def of_each(self, name: str) -> list[E]:
        """Return entities that hold each awkward value of a field, twice where it is not unique."""
        field = self.description.by_name[name]
        if name in ("id", "version"):
            return self.several(12)
        values = awkward_values(field) * (1 if field.rule.unique else 2)
        return [self.one(number, **{name: value}) for number, value in enumerate(values)]


def sample(field: Field, number: int) -> Any:
    """Return the value of a field in the entity of that number."""
    if field.rule.unique:
        return unique_value(field.rule, number)
    values = awkward_values(field)
    return values[number * 11 % len(values)]


def unique_value(rule: Rule, number: int) -> Any:
    """Return a value that no other number has."""
    match rule:
        case Text():
            return f"{number} {AWKWARD_TEXTS[number % len(AWKWARD_TEXTS)]}"
        case Integer():
            return rule.minimum + number
        case _:
            return EPOCH + timedelta(milliseconds=number)


def awkward_values(field: Field) -> list[Any]:
    """Return values at the limits of a field's rule, ``None`` among them where it may be."""
    rule = field.rule
    match rule:
        case Text():
            longest = "\U0001f680" * rule.max_length
            values: list[Any] = [text for text in AWKWARD_TEXTS if len(text) <= rule.max_length] + [longest]
        case Integer():
            near = {rule.minimum, rule.minimum + 1, -1, 0, 1, 255, rule.maximum - 1, rule.maximum}
            values = sorted(number for number in near if rule.minimum <= number <= rule.maximum)
        case Timestamp():
            values = list(AWKWARD_MOMENTS)
        case _:
            raise TypeError(f"no samples for the rule {type(rule).__name__}")
    return [None, *values] if field.nullable else values
