"""The plain model that a repository is compared with: a dictionary, and Python's own sort."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from storage import AlreadyExists, Filter, NotFound, PutResult, VersionConflict

Entity = Any

COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "eq": lambda value, wanted: value == wanted,
    "ne": lambda value, wanted: value != wanted,
    "lt": lambda value, wanted: value is not None and value < wanted,
    "le": lambda value, wanted: value is not None and value <= wanted,
    "gt": lambda value, wanted: value is not None and value > wanted,
    "ge": lambda value, wanted: value is not None and value >= wanted,
    "in": lambda value, wanted: value is not None and value in wanted,
    "is_null": lambda value, wanted: (value is None) == wanted,
    "contains": lambda value, wanted: value is not None and folded(wanted) in folded(value),
    "starts_with": lambda value, wanted: value is not None and folded(value).startswith(folded(wanted)),
}


class Model:
    """What a repository of one thread does, in the fewest words; ids are given by the repository."""

    def __init__(self, last_id: int, unique: Sequence[str] = ()) -> None:
        self.entities: dict[int, Entity] = {}
        self.mark = last_id
        self.unique = unique

    def add(self, entity: Entity, id: int) -> Entity:
        """Store a new entity under an id that must be new."""
        assert id > self.mark, f"the id {id} is not above the mark {self.mark}"
        self.mark = id
        self.entities[id] = replace(kept(entity), id=id, version=1)
        return self.entities[id]

    def get(self, id: int) -> Entity:
        """Return an entity."""
        if id not in self.entities:
            raise NotFound(str(id))
        return self.entities[id]

    def get_many(self, ids: Iterable[int]) -> list[Entity]:
        """Return those that exist, each once."""
        return [self.entities[id] for id in dict.fromkeys(ids) if id in self.entities]

    def find(self, *filters: Filter, order_by: str = "id") -> list[Entity]:
        """Return every match in order."""
        return ordered([entity for entity in self.entities.values() if matches(entity, filters)], order_by)

    def update(self, id: int, changes: Mapping[str, Any], version: int | None = None) -> Entity:
        """Change an entity."""
        entity = self.seen(id, version)
        changed = replace(kept(replace(entity, **changes)), version=entity.version + 1)
        self.refuse_taken(changed)
        self.entities[id] = changed
        return changed

    def delete(self, id: int, version: int | None = None) -> None:
        """Forget an entity; the mark stays."""
        self.seen(id, version)
        del self.entities[id]

    def put_many(self, entities: Sequence[Entity], overwrite: bool) -> PutResult:
        """Store entities as they are."""
        old = {entity.id: self.entities[entity.id] for entity in entities if entity.id in self.entities}
        newer = [one for one in entities if one.id in old and (overwrite or one.version > old[one.id].version)]
        new = [one for one in entities if one.id not in old]
        self.entities |= {entity.id: kept(entity) for entity in new + newer}
        self.mark = max([self.mark, *(entity.id for entity in entities)])
        return PutResult(len(new), len(newer), len(old) - len(newer))

    def reserve_ids(self, up_to: int) -> None:
        """Raise the mark."""
        self.mark = max(self.mark, up_to)

    def seen(self, id: int, version: int | None) -> Entity:
        """Return an entity if it has the version that was seen."""
        entity = self.get(id)
        if version not in (None, entity.version):
            raise VersionConflict(str(id))
        return entity

    def takes(self, entity: Entity) -> bool:
        """Return whether an entity has a unique value of another."""
        others = [other for other in self.entities.values() if other.id != entity.id]
        return any(getattr(entity, name) == getattr(other, name) for name in self.unique for other in others)

    def refuse_taken(self, entity: Entity) -> None:
        """Raise ``AlreadyExists`` if an entity has a unique value of another."""
        if self.takes(entity):
            raise AlreadyExists(str(entity))


def ordered(entities: Iterable[Entity], order_by: str) -> list[Entity]:
    """Return entities in an order: ``None`` first, then by value, then by id; all of it reversed for ``-``."""
    name = order_by.removeprefix("-")

    def key(entity: Entity) -> tuple[Any, ...]:
        value = getattr(entity, name)
        return (0, entity.id) if value is None else (1, value, entity.id)

    return sorted(entities, key=key, reverse=order_by.startswith("-"))


def matches(entity: Entity, filters: Iterable[Filter]) -> bool:
    """Return whether every filter holds for an entity."""
    return all(COMPARISONS[one.operator](getattr(entity, one.field), in_utc(one.value)) for one in filters)


def kept(entity: Entity) -> Entity:
    """Return an entity as it is stored: moments in UTC, to the millisecond."""
    return replace(entity, **{name: in_utc(getattr(entity, name)) for name in type(entity).__dataclass_fields__})


def in_utc(value: Any) -> Any:
    """Return a moment in UTC, truncated towards the past to the millisecond; anything else as it is."""
    if isinstance(value, (list, tuple, set)):
        return [in_utc(one) for one in value]
    if not isinstance(value, datetime):
        return value
    moment = value.astimezone(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def folded(text: str) -> str:
    """Return a text in which case makes no difference: NFC, folded, NFC."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())
