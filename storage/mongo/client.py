"""The client of one process: how it is opened, bounded in time, and watched."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import Any

from bson.codec_options import CodecOptions
from pymongo import MongoClient, ReadPreference, WriteConcern
from pymongo.client_session import ClientSession
from pymongo.collection import Collection
from pymongo.database import Database
from pymongo.errors import PyMongoError
from pymongo.monitoring import (
    ConnectionCheckedInEvent,
    ConnectionCheckedOutEvent,
    ConnectionPoolListener,
)
from pymongo.read_concern import ReadConcern
from pymongo.uri_parser import split_options

from storage.errors import Invalid, ReadOnly
from storage.mongo.settings import option_problems, package_problems, values_of, without_forced
from storage.options import Options, milliseconds
from storage.url import masked

Document = dict[str, Any]

DEFAULT_DATABASE = "engine_room"

#: Set by us, since the defaults of a server or of a URL may lose what was acknowledged.
WRITE_CONCERN = WriteConcern("majority", j=True)
READ_CONCERN = ReadConcern("majority")
READ_PREFERENCE = ReadPreference.PRIMARY


class Work:
    """What a call works with: the collections of a database, and the session that its commands belong to."""

    def __init__(self, database: Database[Document], session: ClientSession | None = None) -> None:
        self.database = database
        self.session = session
        self.collections: dict[str, Collection[Document]] = {}

    def collection(self, name: str) -> Collection[Document]:
        """Return a collection, always the same object: PyMongo takes its time to make one."""
        try:
            return self.collections[name]
        except KeyError:
            return self.collections.setdefault(name, self.database[name])


class PoolWatch(ConnectionPoolListener):
    """Counts the connections that are lent out, and knows whether this thread was lent one.

    PyMongo opens connections, sends and repeats within one call. Only what happened before a connection was
    lent is sure not to have reached the server.
    """

    def __init__(self) -> None:
        self.in_use = 0
        self.lock = threading.Lock()
        self.thread = threading.local()

    def begin(self) -> None:
        """Forget what this thread was lent before."""
        self.thread.lent = False

    def was_lent(self) -> bool:
        """Return whether this thread was lent a connection since ``begin``."""
        return bool(getattr(self.thread, "lent", False))

    def connection_checked_out(self, event: ConnectionCheckedOutEvent) -> None:
        """See a connection lent."""
        self.thread.lent = True
        with self.lock:
            self.in_use += 1

    def connection_checked_in(self, event: ConnectionCheckedInEvent) -> None:
        """See a connection come back."""
        with self.lock:
            self.in_use -= 1

    def pool_created(self, event: Any) -> None:
        """Nothing to see."""

    pool_ready = pool_cleared = pool_closed = pool_created
    connection_created = connection_ready = connection_closed = pool_created
    connection_check_out_started = connection_check_out_failed = pool_created


class Pool:
    """A client with what is derived from it. Without a watch, every write counts as sent."""

    def __init__(self, client: MongoClient[Document], watch: PoolWatch | None = None) -> None:
        self.client = client
        self.watch = watch
        self.work = Work(default_database(client))

    def begin_write(self) -> None:
        """Mark the moment after which ``may_be_sent`` is asked."""
        if self.watch is not None:
            self.watch.begin()

    def may_be_sent(self) -> bool:
        """Return whether a write of this thread may have reached the server."""
        return self.watch is None or self.watch.was_lent()


def refuse_secondary(client: MongoClient[Document]) -> None:
    """Raise ``ReadOnly`` where the client was told to use one server, and that one was last seen as a secondary."""
    found = client.topology_description
    if found.topology_type_name == "Single":
        kinds = [server.server_type_name for server in found.server_descriptions().values()]
        if kinds == ["RSSecondary"]:
            raise ReadOnly("the server is a secondary of a replica set: leave directConnection=true out of the URL")


def default_database(client: MongoClient[Document]) -> Database[Document]:
    """Return the database that the client's URL names, or ours, with every setting that we rely on."""
    return client.get_default_database(
        DEFAULT_DATABASE,
        codec_options=CodecOptions(tz_aware=False),
        read_preference=READ_PREFERENCE,
        write_concern=WRITE_CONCERN,
        read_concern=READ_CONCERN,
    )


def open_pool(url: str, options: Options) -> Pool:
    """Return a pool as the options say; it connects when it is used."""
    watch = PoolWatch()
    client = open_client(
        url,
        options,
        maxPoolSize=int(options.pool_size),
        socketTimeoutMS=milliseconds(options.timeout),
        event_listeners=[watch],
    )
    return Pool(client, watch)


def open_migration_client(url: str, options: Options) -> MongoClient[Document]:
    """Return a client whose statements may take as long as they need: the server's heartbeat tells if it is gone."""
    return open_client(url, options)


def open_client(url: str, options: Options, **settings: Any) -> MongoClient[Document]:
    """Return a client that is not connected yet; ``Invalid`` for a URL that cannot be read.

    A statement is bounded by socketTimeoutMS, an attempt, and not by timeoutMS: that one would also stretch
    the waits for a server and for the pool, which have a bound of their own, and repeat a failing call
    without a pause until it ends.
    """
    wait = milliseconds(options.connect_timeout)
    wanted = without_forced(url)
    query = wanted.partition("?")[2]
    refuse(url, [*place_problems(url), *option_problems(url.partition("?")[2])])
    settings |= dict.fromkeys(("serverSelectionTimeoutMS", "connectTimeoutMS", "waitQueueTimeoutMS"), wait)
    # An option given here counts before the URL's, and before what DNS may add to a mongodb+srv:// name.
    settings |= {"loadBalanced": False} | ({} if values_of(query, "appname") else {"appname": "engine-room"})
    try:
        compressors = known_options(query).get("compressors", ())
        client: MongoClient[Document] = MongoClient(wanted, connect=False, **settings)
        default_database(client)
    except (PyMongoError, ValueError, TypeError):
        # The cause could show the URL with its password.
        shape = "mongodb://user:password@host/database?option=value"
        raise Invalid({"url": f"{masked(url)!r} cannot be read: {shape}, with options that MongoDB has"}) from None
    except OSError as error:
        problem = f"names a file, or a certificate in one, that cannot be read: {type(error).__name__}"
        raise Invalid({"url": f"{masked(url)!r} {problem}"}) from None
    refuse(url, package_problems(query, compressors))
    return client


def refuse(url: str, problems: Sequence[str]) -> None:
    """Raise ``Invalid`` for the problems of a URL, if there are any."""
    if problems:
        raise Invalid({"url": f"{masked(url)!r}: {'; '.join(problems)}"})


def place_problems(url: str) -> list[str]:
    """Return, in a sentence, that a password ends too early: what is left of it would be shown as the host."""
    path = url.partition("?")[0].partition("://")[2].partition("/")[2]
    return ["has a / in its user or password: write it as %2F"] if "@" in path else []


def known_options(query: str) -> Mapping[str, Any]:
    """Return the options as the driver reads them; its error for one that it would warn of and leave out: tls=yes."""
    return split_options(query) if query else {}
