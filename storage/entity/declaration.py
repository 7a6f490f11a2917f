"""Reading an entity's class: which fields it has, and whether every server can keep them."""

from __future__ import annotations

import dataclasses
import re
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin, get_type_hints

from storage.entity.fields import VALUE_TYPES, Rule
from storage.entity.limits import check_limits, check_rule
from storage.entity.schema import Description, Field

E = TypeVar("E")


def describe(entity: type[E]) -> Description[E]:
    """Read an entity's fields; ``TypeError`` names the class, the field and why it cannot be kept on every server."""
    name = entity.__name__
    if not dataclasses.is_dataclass(entity):
        raise TypeError(f"{name} must be a dataclass")
    if not entity.__dataclass_params__.frozen:  # type: ignore[attr-defined]
        raise TypeError(f"{name} must be frozen: @dataclass(frozen=True, slots=True)")
    hints = get_type_hints(entity, include_extras=True)
    declared = {field.name: field for field in dataclasses.fields(entity)}
    if not {"id", "version"} <= set(declared):
        raise TypeError(f"{name} must have the fields id and version")
    for field in declared.values():
        if not field.init or field.kw_only:
            raise TypeError(f"{name}.{field.name} must be an argument by position: entities are made so when read")
    fields = tuple(read_field(name, declared[one], hints[one]) for one in declared if one not in ("id", "version"))
    says = {one: bool(getattr(entity, one, False)) for one in ("transient", "credential")}
    description: Description[E] = Description(entity_name(entity), entity, fields, **says)
    check_limits(description)
    return description


def entity_name(entity: type) -> str:
    """Return what an entity's table and collection are called: ``ApiToken`` is ``api_token``."""
    return with_underscores(entity.__name__)


@cache
def with_underscores(name: str) -> str:
    """Return the name of a class as a table bears it."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def read_field(entity: str, declared: dataclasses.Field[Any], hint: Any) -> Field:
    """Read one field from its annotation and its default."""
    place = f"{entity}.{declared.name}"
    rules = [rule for rule in get_args(hint)[1:] if isinstance(rule, Rule)] if get_origin(hint) is Annotated else []
    if len(rules) != 1:
        raise TypeError(f"{place} must be annotated with one field type, as in Annotated[str, Text(128)]")
    (rule,) = rules
    wanted = VALUE_TYPES.get(type(rule))
    if wanted is None:
        known = ", ".join(one.__name__ for one in VALUE_TYPES)
        raise TypeError(f"{place}: {type(rule).__name__} is no field type that storage keeps; there are {known}")
    found = get_args(hint)[0]
    types = set(get_args(found)) if get_origin(found) in (Union, UnionType) else {found}
    if types - {NoneType} != {wanted}:
        raise TypeError(f"{place}: {type(rule).__name__} keeps {wanted.__name__}, but the annotation is {shown(found)}")
    field = Field(declared.name, rule, nullable=NoneType in types)
    check_rule(place, rule)
    if declared.default is not dataclasses.MISSING:
        try:
            field.check(declared.default)
        except ValueError as error:
            raise TypeError(f"{place}: the default {declared.default!r} {error}") from None
    return field


def shown(annotation: Any) -> str:
    """Return an annotation as it is written."""
    return annotation.__name__ if isinstance(annotation, type) else str(annotation)
