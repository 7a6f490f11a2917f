"""Observing: whoever wants to count or to time the calls of a storage is told of each.

Nobody is told by default, and then nothing stands between a caller and the repository.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from time import perf_counter
from types import TracebackType
from typing import TypeVar

from storage.query import Filter, Page
from storage.repository import PutResult, Repository

E = TypeVar("E")

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Call:
    """A call that has ended.

    ``operation`` is the method of the repository, or ``begin``, ``commit`` and ``rollback`` of a unit, whose
    ``entity`` is ``None``. ``error`` is the class of what was raised. No value that was passed is in it.
    """

    backend: str
    entity: str | None
    operation: str
    seconds: float
    error: type[BaseException] | None


Observer = Callable[[Call], None]


@dataclass(frozen=True, slots=True)
class Observation:
    """Who is told of the calls of one storage."""

    backend: str
    observers: tuple[Observer, ...]

    def tell(self, entity: str | None, operation: str, seconds: float, error: type[BaseException] | None) -> None:
        """Tell every observer; what one of them raises is logged, since the call itself has ended as it has."""
        call = Call(self.backend, entity, operation, seconds, error)
        for observer in self.observers:
            try:
                observer(call)
            except Exception:
                logger.exception("an observer failed at %s of %s", operation, entity or "a unit")


class Stopwatch:
    """Measures a block, and tells."""

    __slots__ = ("entity", "observation", "operation", "started")

    def __init__(self, observation: Observation, entity: str | None, operation: str) -> None:
        self.observation = observation
        self.entity = entity
        self.operation = operation

    def __enter__(self) -> None:
        self.started = perf_counter()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.observation.tell(self.entity, self.operation, perf_counter() - self.started, kind)


def watched(observation: Observation | None, operation: str) -> AbstractContextManager[None]:
    """Surround what a unit does at its beginning and its end."""
    return nullcontext() if observation is None else Stopwatch(observation, None, operation)


class ObservedRepository(Repository[E]):
    """Another repository, each of whose calls is told; see ``Repository`` for what each method promises."""

    def __init__(self, repository: Repository[E], observation: Observation, entity: str) -> None:
        self.repository = repository
        self.observation = observation
        self.entity = entity

    def watch(self, operation: str) -> Stopwatch:
        """Surround a call."""
        return Stopwatch(self.observation, self.entity, operation)

    def add(self, entity: E) -> E:
        """Add, observed."""
        with self.watch("add"):
            return self.repository.add(entity)

    def add_many(self, entities: Iterable[E]) -> list[E]:
        """Add several, observed."""
        with self.watch("add_many"):
            return self.repository.add_many(entities)

    def get(self, id: int) -> E:
        """Get, observed."""
        with self.watch("get"):
            return self.repository.get(id)

    def get_many(self, ids: Iterable[int]) -> list[E]:
        """Get several, observed."""
        with self.watch("get_many"):
            return self.repository.get_many(ids)

    def find(self, *filters: Filter, order_by: str = "id", limit: int = 50, cursor: str | None = None) -> Page[E]:
        """Find a page, observed."""
        with self.watch("find"):
            return self.repository.find(*filters, order_by=order_by, limit=limit, cursor=cursor)

    def count(self, *filters: Filter) -> int:
        """Count, observed."""
        with self.watch("count"):
            return self.repository.count(*filters)

    def scan(self, *filters: Filter) -> Iterator[E]:
        """Scan, observed: one call, told when the walk has ended, or was left, or could not begin."""
        started = perf_counter()
        try:
            entities = self.repository.scan(*filters)
        except BaseException as error:
            self.observation.tell(self.entity, "scan", perf_counter() - started, type(error))
            raise
        return self.walk(entities, perf_counter() - started)

    def walk(self, entities: Iterator[E], seconds: float) -> Iterator[E]:
        """Yield the entities; the time is what storage took, without what the caller does between two of them."""
        error: type[BaseException] | None = None
        try:
            while True:
                started = perf_counter()
                try:
                    entity = next(entities, None)
                except BaseException as raised:
                    error = type(raised)
                    raise
                finally:
                    seconds += perf_counter() - started
                if entity is None:
                    return
                yield entity
        finally:
            self.observation.tell(self.entity, "scan", seconds, error)

    def update(self, id: int, changes: Mapping[str, object], version: int | None = None) -> E:
        """Update, observed."""
        with self.watch("update"):
            return self.repository.update(id, changes, version)

    def delete(self, id: int, version: int | None = None) -> None:
        """Delete, observed."""
        with self.watch("delete"):
            self.repository.delete(id, version)

    def put_many(self, entities: Iterable[E], overwrite: bool = False) -> PutResult:
        """Put several, observed."""
        with self.watch("put_many"):
            return self.repository.put_many(entities, overwrite)

    def last_id(self) -> int:
        """Read the high-water mark, observed."""
        with self.watch("last_id"):
            return self.repository.last_id()

    def reserve_ids(self, up_to: int) -> None:
        """Raise the high-water mark, observed."""
        with self.watch("reserve_ids"):
            self.repository.reserve_ids(up_to)
