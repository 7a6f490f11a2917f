"""Our backends are held to the contract: on engines, and on a second, different entity.

MongoDB is shown over the wire, with and without transactions, and in process on mongomock.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, ClassVar

import pytest

from storage import Engine, Storage, open_storage
from storage.testing import EntityContract, MakeStorage, RepositoryContract, SingleThreadedContract, Uniqueness
from tests.mongo.doubles import EXPECTED_FAILURES, open_on_mongomock
from tests.probe import Probe
from tests.probe_places import make_probes
from tests.running import RunningServers
from tests.servers import MongoDB, Server

MakeDatabase = Callable[[str], str]

SNAPSHOT_SESSION = "on SecantusDB the second read of a snapshot session sees later writes"

MACHINE = "test_a_repository_does_what_the_plain_model_does"

#: Tests that replace an entity by ``put_many``.
MONGOMOCK_CANNOT_PUT = {
    MACHINE,
    "test_a_higher_version_replaces[3-result2]",
    "test_overwriting_replaces_whatever_is_there[1]",
    "test_overwriting_replaces_whatever_is_there[2]",
    "test_overwriting_replaces_whatever_is_there[3]",
    "test_overwriting_with_the_same_is_a_replacement",
    "test_added_replaced_and_kept_are_counted_apart",
    "test_a_search_finds_a_title_as_it_is_now",
}


class OnServer:
    """A database of its own for each storage, on the server of a kind."""

    kind: ClassVar[str]
    entity: ClassVar[type[Any]]

    @pytest.fixture(scope="class")
    @classmethod
    def make_storage(cls, make_database: MakeDatabase) -> MakeStorage:
        return lambda: migrated(make_database(cls.kind), cls.entity)


class TestSqlite(OnServer, RepositoryContract):
    kind = "sqlite"


class TestSqliteOfProbes(OnServer, EntityContract, Uniqueness):
    kind = "sqlite"
    entity = Probe


class TestPostgresql(OnServer, RepositoryContract):
    kind = "postgresql"


class TestPostgresqlOfProbes(OnServer, EntityContract, Uniqueness):
    kind = "postgresql"
    entity = Probe


class TestMariadb(OnServer, RepositoryContract):
    kind = "mariadb"


class TestMariadbOfProbes(OnServer, EntityContract, Uniqueness):
    kind = "mariadb"
    entity = Probe


class TestMysql(OnServer, RepositoryContract):
    kind = "mysql"


class TestMysqlOfProbes(OnServer, EntityContract, Uniqueness):
    kind = "mysql"
    entity = Probe


class OnMongodb(OnServer):
    """As on any server; but where the stand-in is at fault, a test that passes all the same is a failure."""

    kind = "mongodb"

    @pytest.fixture(autouse=True)
    def expect_failure(self, request: pytest.FixtureRequest, servers: RunningServers[Server]) -> None:
        if request.node.name == "test_a_snapshot_sees_one_state" and servers["mongodb"].product == "SecantusDB":
            request.applymarker(pytest.mark.xfail(reason=SNAPSHOT_SESSION, strict=True))


class TestMongodb(OnMongodb, RepositoryContract):
    pass


class TestMongodbOfProbes(OnMongodb, EntityContract, Uniqueness):
    entity = Probe


class TestMongodbStandalone(EntityContract, Uniqueness):
    """A server of MongoDB's that is in no replica set, and so without transactions."""

    entity = Probe

    @pytest.fixture(scope="class")
    @classmethod
    def make_storage(cls, standalone: MongoDB) -> MakeStorage:
        return lambda: migrated(standalone.new_database(), cls.entity)


class TestMongomock(SingleThreadedContract):
    """The stand-in in this process: a test that passes although it is expected to fail is a failure."""

    @pytest.fixture(scope="class")
    @classmethod
    def make_storage(cls) -> MakeStorage:
        return lambda: open_on_mongomock([cls.entity])

    @pytest.fixture(autouse=True)
    def expect_failure(self, request: pytest.FixtureRequest) -> None:
        reason = EXPECTED_FAILURES["put_many"] if request.node.name in MONGOMOCK_CANNOT_PUT else None
        if request.node.name == "test_versions_come_to_an_end":
            reason = "mongomock counts beyond 64 bits"
        if reason is not None:
            # The machine would look for the shortest way to fail, for minutes.
            run = request.node.name != MACHINE
            request.applymarker(pytest.mark.xfail(reason=reason, strict=True, run=run))


@pytest.fixture(scope="module")
def standalone() -> Iterator[MongoDB]:
    servers = RunningServers(lambda kind: MongoDB(f"--{kind}", stand_in=True))
    yield servers["standalone"]
    servers.close()


def migrated(url: str, entity: type[Any]) -> Storage:
    """Return a storage on an empty database, as its revisions leave it."""
    storage = open_storage(url, entities=[entity])
    storage.migrations.upgrade()
    if entity is not Engine:
        make_probes(storage)
    return storage
