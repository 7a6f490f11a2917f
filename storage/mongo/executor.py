"""How a repository comes to its collections: outside of any unit for each call, or within its unit.

Every driver's error is translated here, and only here.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import Protocol, Self

from pymongo.client_session import ClientSession
from pymongo.errors import PyMongoError
from pymongo.read_concern import ReadConcern

from storage.capabilities import Capability
from storage.errors import ReadOnly, Unsupported
from storage.mongo.client import READ_PREFERENCE, WRITE_CONCERN, Pool, Work, refuse_secondary
from storage.mongo.errors import translated
from storage.storage import Unit


class Lender(Protocol):
    """What lends connections: the storage."""

    @property
    def pool(self) -> Pool:
        """The client and its sessions."""

    @property
    def capabilities(self) -> frozenset[Capability]:
        """What the server can do."""

    def check_schema(self) -> None:
        """Raise ``SchemaOutOfDate`` unless the database is at the code's revision."""


class Connections(ABC):
    """What a repository asks for, by what it is about to do."""

    @abstractmethod
    def reading(self) -> AbstractContextManager[Work]:
        """Give what statements need that only read."""

    @abstractmethod
    def writing(self) -> AbstractContextManager[Work]:
        """Give what one statement needs that writes, and commits by itself outside a unit."""

    @abstractmethod
    def atomic(self) -> AbstractContextManager[Work]:
        """Give what several statements need of which all or none take effect.

        Where the server has no transactions there is no session in it, and the caller says how far it came.
        """

    @abstractmethod
    def numbering(self) -> AbstractContextManager[Work]:
        """Give what raising a high-water mark needs: always outside of any unit, so that units do not meet on it.

        A lost answer costs ids and nothing else.
        """

    @abstractmethod
    def refuse_in_unit(self, method: str) -> None:
        """Raise ``Unsupported`` inside a unit."""


class Transaction:
    """A session with a transaction in it, or with one state to read."""

    def __init__(self, pool: Pool, session: ClientSession) -> None:
        self.session = session
        self.work = Work(pool.work.database, session)

    @classmethod
    def begin(cls, pool: Pool, *, read_only: bool = False) -> Self:
        """Take a session and begin; ``ReadOnly`` for a transaction on a secondary.

        To read one state it is a snapshot session, which the server keeps for five minutes by default: a
        transaction would be ended after one.
        """
        if not read_only:
            refuse_secondary(pool.client)
        with translated():
            session = pool.client.start_session(snapshot=read_only)
            if not read_only:
                session.start_transaction(ReadConcern("snapshot"), WRITE_CONCERN, READ_PREFERENCE)
        return cls(pool, session)

    def commit(self) -> None:
        """Commit. If the answer is lost, the driver asks once more; then nobody knows."""
        if self.session.in_transaction:
            with translated():
                self.session.commit_transaction()
        self.session.end_session()

    def rollback(self) -> None:
        """Abort if it is still open; what fails here is of no use, since the server forgets it anyway."""
        with suppress(PyMongoError):
            self.session.end_session()


class PoolConnections(Connections):
    """A connection of the pool for each statement."""

    def __init__(self, storage: Lender) -> None:
        self.storage = storage

    @contextmanager
    def reading(self) -> Iterator[Work]:
        """Give the collections."""
        self.storage.check_schema()
        with translated():
            yield self.storage.pool.work

    @contextmanager
    def writing(self) -> Iterator[Work]:
        """Give the collections; once a connection was lent, a lost answer leaves open whether it was applied."""
        self.storage.check_schema()
        pool = self.storage.pool
        refuse_secondary(pool.client)
        pool.begin_write()
        with translated(pool.may_be_sent):
            yield pool.work

    @contextmanager
    def atomic(self) -> Iterator[Work]:
        """Give the collections inside a transaction, where there are any."""
        self.storage.check_schema()
        if Capability.TRANSACTIONS not in self.storage.capabilities:
            with self.writing() as work:
                yield work
            return
        transaction = Transaction.begin(self.storage.pool)
        try:
            with translated():
                yield transaction.work
            transaction.commit()
        finally:
            transaction.rollback()

    @contextmanager
    def numbering(self) -> Iterator[Work]:
        """Give the collections."""
        with self.reading() as work:
            refuse_secondary(self.storage.pool.client)
            yield work

    def refuse_in_unit(self, method: str) -> None:
        """Refuse nothing: this is no unit."""


class UnitConnections(Connections):
    """The one session of a unit."""

    def __init__(self, unit: Unit, outside: Work, work: Work, *, read_only: bool) -> None:
        self.unit = unit
        self.outside = outside
        self.work = work
        self.read_only = read_only

    @contextmanager
    def reading(self) -> Iterator[Work]:
        """Give the unit's session."""
        with self.unit.guard(), translated():
            yield self.work

    @contextmanager
    def writing(self) -> Iterator[Work]:
        """Give the unit's session, unless the unit only reads."""
        with self.unit.guard():
            self.refuse_if_read_only()
            with translated():
                yield self.work

    def atomic(self) -> AbstractContextManager[Work]:
        """Give the unit's session: the unit as a whole is atomic."""
        return self.writing()

    @contextmanager
    def numbering(self) -> Iterator[Work]:
        """Give the collections outside of the unit."""
        with self.unit.guard():
            self.refuse_if_read_only()
            with translated():
                yield self.outside

    def refuse_in_unit(self, method: str) -> None:
        """Raise ``Unsupported``, which breaks the unit."""
        with self.unit.guard():
            raise Unsupported(f"{method} is not possible inside a unit: call it on the storage itself")

    def refuse_if_read_only(self) -> None:
        """Raise ``ReadOnly`` inside a snapshot."""
        if self.read_only:
            raise ReadOnly("a snapshot only reads: write on the storage itself or in a transaction")
