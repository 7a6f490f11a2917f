"""The repository: what every backend promises, in prose. ``docs/contract.md`` numbers the same clauses."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from storage.query import Filter, Page

E = TypeVar("E")


@dataclass(frozen=True, slots=True)
class PutResult:
    """How many entities ``put_many`` added, replaced, and kept as the database had them."""

    added: int
    replaced: int
    kept: int


class Repository(ABC, Generic[E]):
    """Where the entities of one type are kept.

    The repository of a storage may be used by any number of threads, the repository of a unit by one.
    Entities are immutable, and nothing that is returned is shared with the repository. Every entity that is
    written is checked first: one ``Invalid`` names every bad field. Beside the errors below, any method may
    raise ``Unavailable``, ``SchemaOutOfDate``, ``TransactionConflict``, and those that write ``ReadOnly``.

    An id is given once: never again, not even after the newest entity was deleted. Only the id of a unit
    that was rolled back may be given again.
    """

    @abstractmethod
    def add(self, entity: E) -> E:
        """Store a new entity and return it with its ``id`` and version 1.

        An entity that has an id or a version is ``Invalid``; a taken value of a unique field is
        ``AlreadyExists``, which names the field. With no id left it is ``Unavailable``, and trying again is useless.
        """

    @abstractmethod
    def add_many(self, entities: Iterable[E]) -> list[E]:
        """Store new entities; return them in the order given, their ids ascending in that order.

        All are checked before the first is written. All or nothing with the capability TRANSACTIONS; without
        it the error of a failure says how many were stored. Nothing given, nothing done.
        """

    @abstractmethod
    def get(self, id: int) -> E:
        """Return the entity. ``NotFound``, also for an id out of range; ``Invalid`` for what is no int."""

    @abstractmethod
    def get_many(self, ids: Iterable[int]) -> list[E]:
        """Return those that exist, in the order asked, each once; an id out of range is not found."""

    @abstractmethod
    def find(self, *filters: Filter, order_by: str = "id", limit: int = 50, cursor: str | None = None) -> Page[E]:
        """Return one page of the entities that all filters hold for.

        ``order_by`` is a sortable field, descending with ``-`` in front; then by id in the same direction.
        ``None`` is smaller than any value, text is compared by code point. ``limit`` is 1 to 1000, and may
        change from page to page. Paging while others add or delete gives every entity that was there all
        the time exactly once. A damaged cursor, or that of another query, is ``Invalid``.
        """

    @abstractmethod
    def count(self, *filters: Filter) -> int:
        """Return the exact number of entities that all filters hold for."""

    @abstractmethod
    def scan(self, *filters: Filter) -> Iterator[E]:
        """Yield every entity that all filters hold for in id order, in constant memory, however many.

        Entities added or deleted meanwhile may be seen or not; the others are seen exactly once.
        The filters are checked at the call, not at the first entity.
        """

    @abstractmethod
    def update(self, id: int, changes: Mapping[str, object], version: int | None = None) -> E:
        """Change some fields, add 1 to the version, and return the new entity.

        Atomic. ``NotFound``; with ``version``, ``VersionConflict`` if the entity has another one. Every
        update adds 1, also one whose values are equal to the old or that has no changes at all.
        """

    @abstractmethod
    def delete(self, id: int, version: int | None = None) -> None:
        """Delete the entity. ``NotFound``; with ``version``, ``VersionConflict`` if it has another one."""

    @abstractmethod
    def put_many(self, entities: Iterable[E], overwrite: bool = False) -> PutResult:
        """Store entities as they are, ids and versions kept: for moving data, and safe to repeat.

        Where the id exists, a higher version replaces; an equal or lower one is kept unless ``overwrite``.
        An id given twice is ``Invalid``. The high-water mark rises to the largest id. Inside a unit,
        ``Unsupported``.
        """

    @abstractmethod
    def last_id(self) -> int:
        """Return the high-water mark: the largest id that was given out or stored, 0 before the first."""

    @abstractmethod
    def reserve_ids(self, up_to: int) -> None:
        """Raise the high-water mark to at least ``up_to`` (0 to 2^63-1), so that no id up to it is given out.

        It is never lowered, and the ``add`` of others may run meanwhile. Inside a unit, ``Unsupported``.
        """
