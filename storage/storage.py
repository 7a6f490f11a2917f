"""The storage: one open database, its repositories and its units of work."""

from __future__ import annotations

import os
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from types import TracebackType
from typing import Any, Self, TypeVar

from storage.capabilities import Capability
from storage.entities import Engine
from storage.entity import Description, entity_name
from storage.errors import Invalid, NotFound, StorageError, TransactionConflict, Unsupported, VersionConflict
from storage.instrumentation import Observation, ObservedRepository, Observer, watched
from storage.migrations import Migrations
from storage.repository import Repository
from storage.retry import again

E = TypeVar("E")
R = TypeVar("R")


class Repositories(ABC):
    """What a storage and a unit have in common: a repository for each entity."""

    #: Who is told of the calls of its repositories; nobody, unless ``Storage.observe`` was called.
    observation: Observation | None = None

    @abstractmethod
    def open_repository(self, entity: type[E]) -> Repository[E]:
        """Return the repository of an entity as the backend has it; ``Invalid`` names those there are."""

    def repository(self, entity: type[E]) -> Repository[E]:
        """Return the repository of an entity; ``Invalid`` names those there are."""
        if self.observation is None:
            return self.open_repository(entity)
        return ObservedRepository(self.open_repository(entity), self.observation, entity_name(entity))

    @property
    def engines(self) -> Repository[Engine]:
        """The engines of the spaceship."""
        return self.repository(Engine)


class Unit(Repositories):
    """A unit of work: what its repositories write becomes visible together when the block is left, or never.

    After any error other than ``Invalid``, ``NotFound`` and ``VersionConflict`` it is broken, on every
    engine: each further call raises that error again, and so does leaving the block, even if the error was
    caught inside. One thread uses it.
    """

    def __init__(self) -> None:
        self.failure: StorageError | None = None
        self.finished = False
        self.process = os.getpid()

    def is_open(self) -> bool:
        """Return whether its block was not left yet; in a process that was forked meanwhile it is not open."""
        return not self.finished and self.process == os.getpid()

    @contextmanager
    def guard(self) -> Iterator[None]:
        """Surround every call of the unit's repositories: refuse when it is over or broken, see what breaks it."""
        if not self.is_open():
            raise Unsupported("the unit is over: its block was left, or belongs to the process that forked this one")
        if self.failure is not None:
            raise self.failure
        try:
            yield
        except (Invalid, NotFound, VersionConflict) as error:
            # With a driver's error behind it, the engine has given the transaction up as well.
            if error.__cause__ is not None:
                self.failure = error
            raise
        except StorageError as error:
            self.failure = error
            raise
        except BaseException:
            # A signal's, say: it struck in the middle of a statement.
            self.failure = StorageError("the unit was interrupted in the middle of a call: begin another")
            raise

    @abstractmethod
    def commit(self) -> None:
        """Make it visible. A lost answer is ``Unavailable`` with *may have been applied*."""

    @abstractmethod
    def rollback(self) -> None:
        """Undo it; never raises, since the server forgets a transaction whose connection is gone."""


class Storage(Repositories):
    """An open database.

    It connects at the first use, may be used by any number of threads, and opens its connections anew after
    a fork. ``close`` closes what it opened; a client that was handed in stays open.
    """

    #: Where it is, with its password masked: for messages and logs.
    address: str
    #: The kind of database, such as ``postgresql`` or ``mongodb``.
    backend: str
    #: What it migrates with.
    migrations: Migrations

    def __init__(self, descriptions: Sequence[Description[Any]]) -> None:
        self.descriptions = {description.type: description for description in descriptions}
        self.schema_is_current = False
        self.thread = threading.local()

    def description(self, entity: type[E]) -> Description[E]:
        """Return what is known of an entity; ``Invalid`` if the storage was not opened with it."""
        if entity not in self.descriptions:
            known = ", ".join(one.__name__ for one in self.descriptions)
            raise Invalid({"entity": f"{entity.__name__} is not kept here, only {known}: see open_storage(entities=)"})
        return self.descriptions[entity]

    @property
    @abstractmethod
    def capabilities(self) -> frozenset[Capability]:
        """What this database can do; the first look may ask the server."""

    @abstractmethod
    def ping(self) -> None:
        """Raise ``Unavailable`` unless the database answers."""

    @abstractmethod
    def server_version(self) -> str:
        """Return the name and the version of the server, such as ``PostgreSQL 18.4``."""

    @abstractmethod
    def connections_in_use(self) -> int:
        """Return how many connections are lent out at this moment: for tests and for watching."""

    @abstractmethod
    def close(self) -> None:
        """Close what was opened; using the storage afterwards opens it again."""

    @abstractmethod
    def begin(self, *, read_only: bool) -> Unit:
        """Begin a unit, or a snapshot; ``Unsupported`` without the capability."""

    def check_schema(self) -> None:
        """Raise ``SchemaOutOfDate`` unless the schema is the code's; looks once, until it is forgotten."""
        if not self.schema_is_current:
            self.migrations.check_current()
            self.schema_is_current = True

    def forget_schema(self) -> None:
        """Have the next use look at the schema's revision again."""
        self.schema_is_current = False

    def observe(self, observer: Observer) -> None:
        """Have ``observer(call)`` told of each call of the repositories handed out from now on, and of those of units.

        It is called when the call has ended, in the thread that called, and in every process that is forked
        from here on. What it raises is logged and reaches no caller.
        """
        known = () if self.observation is None else self.observation.observers
        self.observation = Observation(self.backend, (*known, observer))

    def withdraw(self) -> bool:
        """Take the database out of service, until ``reinstate``; return whether it was in service.

        Every other storage is ``SchemaOutOfDate`` then. It finds out at its first use, or when it looks again
        (``forget_schema``), as the Flask extension does once a second. This storage can use the database meanwhile,
        also one that was withdrawn before.
        """
        was_in_service = self.migrations.withdraw()
        self.schema_is_current = True
        return was_in_service

    def reinstate(self) -> None:
        """Put a database that was withdrawn back into service; one that was not is left as it is."""
        self.migrations.reinstate()
        self.forget_schema()

    def transaction(self) -> AbstractContextManager[Unit]:
        """Open a unit: committed when the block is left cleanly, rolled back on an exception.

        Units do not nest; calls on the storage itself inside the block are not part of it. Only ``version``
        guards against lost updates, never the isolation of a unit.
        """
        return self.block(read_only=False)

    def snapshot(self) -> AbstractContextManager[Unit]:
        """Open a read-only unit that sees one state for as long as the engine keeps it."""
        return self.block(read_only=True)

    @contextmanager
    def block(self, *, read_only: bool) -> Iterator[Unit]:
        """Hold a unit open for the length of a block."""
        open_unit: Unit | None = getattr(self.thread, "unit", None)
        if open_unit is not None and open_unit.is_open():
            raise Unsupported("units do not nest: leave the open one first")
        self.check_schema()
        observation = self.observation
        with watched(observation, "begin"):
            unit = self.thread.unit = self.begin(read_only=read_only)
        unit.observation = observation
        try:
            yield unit
            if unit.failure is not None:
                raise unit.failure
            if not unit.is_open():
                raise Unsupported("a unit is committed by the process that began it")
            unit.finished = True
            with watched(observation, "commit"):
                unit.commit()
        except BaseException:
            unit.finished = True
            # What a forked process sent on its parent's connection would end the parent's unit.
            if unit.process == os.getpid():
                with watched(observation, "rollback"):
                    unit.rollback()
            raise

    def run(self, function: Callable[[Unit], R], *, attempts: int = 10) -> R:
        """Run ``function(unit)`` in a unit and return its result; again, as a whole, on ``TransactionConflict``.

        At most ``attempts`` times, with growing pauses of random length between them. Never again when a
        COMMIT's answer was lost.
        """

        def once() -> R:
            with self.transaction() as unit:
                return function(unit)

        return again(once, TransactionConflict, attempts=attempts)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()
