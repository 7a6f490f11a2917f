"""What storage knows of an entity: its fields and their rules, read from the dataclass once.

Every backend works from a ``Description`` and so knows no entity by name; every check of an entity, of
changes and of an id is here, so that the backends cannot differ in what they refuse.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from operator import attrgetter, itemgetter
from typing import Any, Generic, TypeVar, cast

from storage.entity.columnar import Columns, picked
from storage.entity.fields import LARGEST_ID, Integer, Rule, Text
from storage.entity.search_keys import search_key
from storage.entity.sizes import row_bytes
from storage.errors import Invalid

E = TypeVar("E")

#: Names of fields, and what checks their values.
Checks = tuple[tuple[str, Callable[[object], Any]], ...]

ID = Integer(1, LARGEST_ID, sortable=True)
VERSION = Integer(1, LARGEST_ID)
IDENTITY: Checks = (("id", ID.check), ("version", VERSION.check))


@dataclass(frozen=True, slots=True)
class Field:
    """One field of an entity: its name, its rule, and whether it admits ``None``."""

    name: str
    rule: Rule
    nullable: bool = False

    def check(self, value: object) -> Any:
        """Return the value as it is stored; ``ValueError`` says what is wrong with it."""
        if value is None:
            if self.nullable:
                return None
            raise ValueError("must not be null")
        return self.rule.check(value)


@dataclass(frozen=True)
class Description(Generic[E]):
    """An entity's type, the name of its table and collection, and its fields without ``id`` and ``version``.

    ``transient``: whether its rows are of use only where they were written, and only for a while, so that they
    neither move to another database nor into a backup. The class says so: ``transient: ClassVar[bool] = True``.

    ``credential``: whether its rows let somebody in, so that they move only where that is asked for: a token that was
    revoked since would be good again. The class says so: ``credential: ClassVar[bool] = True``.
    """

    name: str
    type: type[E]
    fields: tuple[Field, ...]
    transient: bool = False
    credential: bool = False

    @cached_property
    def by_name(self) -> Mapping[str, Field]:
        """Every field that can be filtered by, ``id`` and ``version`` among them."""
        return {"id": Field("id", ID), "version": Field("version", VERSION)} | {f.name: f for f in self.fields}

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The names of the dataclass's fields in its own order: ``type(*values)`` builds an entity."""
        return tuple(field.name for field in dataclasses.fields(self.type))  # type: ignore[arg-type]

    @cached_property
    def searchable(self) -> tuple[str, ...]:
        """The names of the fields that have a search key, which is stored as ``<name>_key``."""
        return tuple(f.name for f in self.fields if isinstance(f.rule, Text) and f.rule.searchable)

    @cached_property
    def rules(self) -> tuple[Rule, ...]:
        """The types of the fields, in their order."""
        return tuple(field.rule for field in self.fields)

    @cached_property
    def widest_row(self) -> int:
        """How many bytes a row can take, its search keys among them."""
        return row_bytes(self.rules)

    @cached_property
    def checks(self) -> Checks:
        """What checks each field's value; a rule by itself refuses ``None``."""
        return tuple((f.name, f.check if f.nullable else f.rule.check) for f in self.fields)

    @cached_property
    def values_of(self) -> Callable[[E], Sequence[Any]]:
        """What reads the values of the fields from an entity."""
        return picker(attrgetter, [f.name for f in self.fields])

    @cached_property
    def row_of(self) -> Callable[[Mapping[str, Any]], Sequence[Any]]:
        """What reads the values for the entity's type from values by name."""
        return picker(itemgetter, self.names)

    def new_values(self, entity: E) -> dict[str, Any]:
        """Return the checked values of an entity that was not stored yet; ``Invalid`` names every bad field."""
        problems = {}
        mine = self.is_mine(entity)
        if mine.id is not None:
            problems["id"] = "must be None on a new entity: storage gives the id (put_many takes entities as they are)"
        if mine.version != 0:
            problems["version"] = "must be 0 on a new entity: storage counts versions"
        return self.checked(entity, problems)

    def stored_values(self, entity: E) -> dict[str, Any]:
        """Return the checked values, with ``id`` and ``version``, of an entity that is moved as it is."""
        problems: dict[str, str] = {}
        identity = {}
        for name in ("id", "version"):
            identity[name] = checked_value(self.by_name[name], getattr(self.is_mine(entity), name), problems)
        return self.checked(entity, problems) | identity

    def new_columns(self, entities: Sequence[E]) -> Columns:
        """Return what ``new_values`` returns of entities, and version 1, column by column."""
        columns = self.columns_unless_wrong(entities, self.checks)
        if columns is None or any(one.id is not None or one.version != 0 for one in cast(Any, entities)):
            raise first_error(self.new_values, entities)
        return columns | {"version": [1] * len(entities)}

    def stored_columns(self, entities: Sequence[E]) -> Columns:
        """Return what ``stored_values`` returns of entities, column by column in id order.

        An id that is given twice is ``Invalid``.
        """
        columns = self.columns_unless_wrong(entities, (*IDENTITY, *self.checks))
        if columns is None:
            raise first_error(self.stored_values, entities)
        ids = columns["id"]
        ascending = sorted(ids)
        for id, following in pairwise(ascending):
            if id == following:
                raise Invalid({"id": f"{id} is given twice"})
        return columns if ids == ascending else picked(columns, sorted(range(len(ids)), key=ids.__getitem__))

    def changed_values(self, changes: Mapping[str, object]) -> dict[str, Any]:
        """Return the checked values of an update; ``id``, ``version`` and unknown names are ``Invalid``."""
        if not isinstance(changes, Mapping):
            raise Invalid({"changes": f"must map names of fields to values, not be {type(changes).__name__}"})
        problems: dict[str, str] = {}
        known = {field.name: field for field in self.fields}
        values = {}
        for name, value in changes.items():
            if name in known:
                values[name] = checked_value(known[name], value, problems)
            else:
                problems[str(name)] = f"cannot be changed: the fields are {', '.join(known)}"
        return finished(problems, values)

    def entity(self, values: Mapping[str, Any]) -> E:
        """Build the entity from values by name; more names than the entity has do no harm."""
        return self.type(*self.row_of(values))

    def entities(self, columns: Columns) -> list[E]:
        """Build the entities from values by column; more columns than the entity has do no harm."""
        return list(map(self.type, *[columns[name] for name in self.names]))

    @cached_property
    def keys(self) -> tuple[tuple[str, str], ...]:
        """The names of the fields that have a search key, and of the keys."""
        return tuple((name, f"{name}_key") for name in self.searchable)

    def search_keys(self, values: Mapping[str, Any]) -> dict[str, str | None]:
        """Return the search keys of those values that have one."""
        keys: dict[str, str | None] = {}
        for name, key in self.keys:
            if name in values:
                text = values[name]
                keys[key] = None if text is None else search_key(text)
        return keys

    def key_columns(self, columns: Columns) -> Columns:
        """Return the search keys of entities, by column."""
        return {key: [text and search_key(text) for text in columns[name]] for name, key in self.keys}

    def checked(self, entity: E, problems: dict[str, str]) -> dict[str, Any]:
        """Check every field; add what is wrong to ``problems`` and raise ``Invalid`` if there is anything."""
        if not problems:
            # Nearly always all is well; only where it is not, each field is asked for its own sentence.
            with suppress(ValueError):
                values = self.values_of(entity)
                return {name: check(value) for (name, check), value in zip(self.checks, values, strict=True)}
        return finished(
            problems,
            {field.name: checked_value(field, getattr(entity, field.name), problems) for field in self.fields},
        )

    def columns_unless_wrong(self, entities: Sequence[E], checks: Checks) -> Columns | None:
        """Return the checked values of entities, column by column; ``None`` if anything is wrong with one."""
        if not set(map(type, entities)) <= {self.type}:
            return None
        try:
            return {name: list(map(check, map(attrgetter(name), entities))) for name, check in checks}
        except ValueError:
            return None

    def is_mine(self, entity: E) -> Any:
        """Return the entity; another type is ``Invalid``."""
        if type(entity) is not self.type:
            raise Invalid({"entity": f"must be {self.type.__name__}, not {type(entity).__name__}"})
        return entity


def picker(kind: Callable[..., Any], names: Sequence[str]) -> Callable[[Any], Sequence[Any]]:
    """Return what reads several attributes or items at once; of one name the standard one would make no sequence."""
    pick = kind(*names)
    return pick if len(names) > 1 else lambda one: (pick(one),)


def checked_value(field: Field, value: object, problems: dict[str, str]) -> Any:
    """Return the checked value, or add what is wrong with it to ``problems``."""
    try:
        return field.check(value)
    except ValueError as error:
        problems[field.name] = str(error)
        return None


def finished(problems: dict[str, str], values: dict[str, Any]) -> dict[str, Any]:
    """Return the values if nothing was wrong with them."""
    if problems:
        raise Invalid(problems)
    return values


def first_error(check: Callable[[E], object], entities: Iterable[E]) -> Invalid:
    """Return what a check says of the first entity that is wrong; one of them must be."""
    for entity in entities:
        try:
            check(entity)
        except Invalid as error:
            return error
    raise AssertionError("no entity is wrong by itself")


def check_id(value: object) -> bool:
    """Return whether any entity could have that id; ``Invalid`` if it is no whole number at all."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise Invalid({"id": f"must be a whole number, not {type(value).__name__}"})
    return ID.minimum <= value <= ID.maximum


def check_version(value: object) -> None:
    """Raise ``Invalid`` unless the value is a version that a stored entity can have, or ``None``."""
    if value is not None:
        problems: dict[str, str] = {}
        checked_value(Field("version", VERSION), value, problems)
        finished(problems, {})
