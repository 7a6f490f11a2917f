"""A storage on MongoDB."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from pymongo import MongoClient

from storage.capabilities import Capability, unsupported
from storage.entity import Description
from storage.errors import Invalid
from storage.migrations import Migrations
from storage.mongo.client import (
    Document,
    Pool,
    Work,
    default_database,
    open_migration_client,
    open_pool,
)
from storage.mongo.errors import translated
from storage.mongo.executor import Connections, PoolConnections, Transaction, UnitConnections
from storage.mongo.migrations import MongoMigrations
from storage.mongo.repository import MongoRepository
from storage.mongo.settings import REFUSED
from storage.options import SERVER_SHARE, Options, milliseconds
from storage.repository import Repository
from storage.storage import Storage, Unit
from storage.url import masked

E = TypeVar("E")

REMEDY = "start mongod 5.0 or newer with --replSet, run rs.initiate() once, and connect to that"

#: The version of the protocol by which MongoDB 5.0 is known.
MONGODB_5 = 13


def open_backend(
    url_or_client: str | MongoClient[Document], options: Options, descriptions: Sequence[Description[Any]]
) -> MongoStorage:
    """Open the database at a URL, or that of a client, which then stays the caller's to close."""
    return MongoStorage(url_or_client, options, descriptions)


class MongoStorage(Storage):
    """See ``Storage`` for what each method promises."""

    backend = "mongodb"

    def __init__(
        self, url_or_client: str | MongoClient[Document], options: Options, descriptions: Sequence[Description[Any]]
    ) -> None:
        super().__init__(descriptions)
        if not isinstance(url_or_client, str):
            refuse_other_clients(url_or_client)
        self.options = options
        self.url = url_or_client if isinstance(url_or_client, str) else None
        self.handed_in = None if isinstance(url_or_client, str) else Pool(url_or_client)
        self.pools: dict[int, Pool] = {}
        name = self.pool.work.database.name
        self.address = masked(url_or_client) if isinstance(url_or_client, str) else f"the client handed in, {name}"
        self.found_capabilities: frozenset[Capability] | None = None
        self.migrations: Migrations = MongoMigrations(descriptions, lambda: self.pool.work, self.migrating)
        self.repositories = {one.type: self.build(one, PoolConnections(self)) for one in descriptions}

    @property
    def pool(self) -> Pool:
        """The client handed in, or the one of this process: a forked one opens its own.

        Its parent's is kept, unused: to have it finalised would talk on the parent's connections.
        """
        if self.url is None:
            assert self.handed_in is not None  # noqa: S101 - for the type checker: one of the two is there
            return self.handed_in
        process = os.getpid()
        pool = self.pools.get(process)
        # No lock, which a fork could copy while it is held: where two threads come at once, one client is
        # dropped before it was connected.
        return pool if pool is not None else self.pools.setdefault(process, open_pool(self.url, self.options))

    @contextmanager
    def migrating(self) -> Iterator[Work]:
        """Give what a migration works with, whose statements may take as long as they need."""
        if self.url is None:
            yield self.pool.work
            return
        with open_migration_client(self.url, self.options) as client:
            yield Work(default_database(client))

    @property
    def capabilities(self) -> frozenset[Capability]:
        """What the server's answer to ``hello`` tells; asked once."""
        if self.found_capabilities is None:
            with translated():
                answer = self.pool.client.admin.command("hello")
            self.found_capabilities = capabilities_of(answer)
        return self.found_capabilities

    def open_repository(self, entity: type[E]) -> Repository[E]:
        """Return the repository of an entity; ``Invalid`` names those there are."""
        self.description(entity)
        return self.repositories[entity]

    def build(self, description: Description[E], connections: Connections) -> MongoRepository[E]:
        """Return a repository that works on those connections."""
        return MongoRepository(description, connections, milliseconds(self.options.timeout * SERVER_SHARE))

    def ping(self) -> None:
        """Raise ``Unavailable`` unless the database answers."""
        with translated():
            self.pool.client.admin.command("ping")

    def server_version(self) -> str:
        """Return the name and the version of the server."""
        with translated():
            return f"MongoDB {self.pool.client.server_info()['version']}"

    def connections_in_use(self) -> int:
        """Return how many connections are lent out; 0 for a client that was handed in, which tells nobody."""
        return 0 if self.pool.watch is None else self.pool.watch.in_use

    def close(self) -> None:
        """Close the client, if it is ours."""
        pool = self.pools.pop(os.getpid(), None)
        if pool is not None:
            pool.client.close()
        self.found_capabilities = None
        self.forget_schema()

    def begin(self, *, read_only: bool) -> Unit:
        """Begin a unit, or one that reads one state."""
        wanted = Capability.SNAPSHOT if read_only else Capability.TRANSACTIONS
        if wanted not in self.capabilities:
            raise unsupported(wanted, "a MongoDB server that is old or in no replica set", REMEDY)
        return MongoUnit(self, Transaction.begin(self.pool, read_only=read_only), read_only=read_only)


def refuse_other_clients(client: object) -> None:
    """Raise ``Invalid`` for an asynchronous client, a database or a collection; a double of a client will do.

    And for a client of a load balancer, which binds a connection to each open cursor.
    """
    kinds = [kind.__name__ for kind in type(client).__mro__]
    if "MongoClient" not in kinds:
        raise Invalid({"url": f"must be a URL or a MongoClient of PyMongo's, not {kinds[0]}"})
    if client.options.load_balanced is True:  # type: ignore[attr-defined]
        raise Invalid({"url": f"the client's option loadBalanced {REFUSED['loadbalanced']}"})


def capabilities_of(hello: Document) -> frozenset[Capability]:
    """Return what a server can do: nothing unless it is in a replica set or a mongos, and snapshots since 5.0."""
    if "setName" not in hello and hello.get("msg") != "isdbgrid":
        return frozenset()
    if hello["maxWireVersion"] < MONGODB_5:
        return frozenset({Capability.TRANSACTIONS})
    return frozenset(Capability)


class MongoUnit(Unit):
    """A unit in one session."""

    def __init__(self, storage: MongoStorage, transaction: Transaction, *, read_only: bool) -> None:
        super().__init__()
        self.storage = storage
        self.transaction = transaction
        self.connections = UnitConnections(self, storage.pool.work, transaction.work, read_only=read_only)
        self.repositories: dict[type, MongoRepository[Any]] = {}

    def open_repository(self, entity: type[E]) -> Repository[E]:
        """Return the repository of an entity within the unit."""
        if entity not in self.repositories:
            self.repositories[entity] = self.storage.build(self.storage.description(entity), self.connections)
        return self.repositories[entity]

    def commit(self) -> None:
        """Commit."""
        self.transaction.commit()

    def rollback(self) -> None:
        """Roll back."""
        self.transaction.rollback()
