"""The contract on servers whose defaults would break it, and behind a pooler that mixes its clients' sessions.

One server of each family has all hostile settings at once. It runs the parts of the contract that the settings of a
session can change: what text, numbers and timestamps come back as, how they are compared, ordered and searched, what a
commit and an error leave behind, what meets what, and the schema's way up and down. Left to `tests/test_contract.py`,
and to ``make test-long``, are what is decided before a statement is written (cursors and filters that are refused,
capabilities that are missing), pages, which run the statements of the orders again, and random calls, which run those
of the other parts again.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any, ClassVar
from urllib.parse import urlsplit

import pytest

from storage import Engine, open_storage
from storage.testing import MakeStorage, RepositoryContract
from storage.testing.broken_units import BrokenUnits
from storage.testing.concurrency import Concurrency
from storage.testing.fields import Fields
from storage.testing.filtering import Filtering
from storage.testing.identity import Identity
from storage.testing.lifecycle import Opening, Schema
from storage.testing.moving import Moving
from storage.testing.ordering import Ordering
from storage.testing.reading import Getting, Scanning
from storage.testing.running import Running, Snapshots
from storage.testing.searching import Searching
from storage.testing.transactions import Transactions
from storage.testing.writing import Adding, Deleting, Updating
from tests.databases import execute
from tests.pgbouncer import PgBouncer
from tests.running import RunningServers
from tests.servers import MariaDB, MySQL, PostgreSQL
from tests.sizes import LONG

#: What both have. A packet of 64 KB takes no batch of a thousand engines.
MYSQL_DEFAULTS = (
    "--autocommit=0",
    "--completion-type=2",
    "--sql-mode=ANSI",
    "--character-set-server=latin1",
    "--max-allowed-packet=64K",
)


def hostile_mariadb() -> MariaDB:
    return MariaDB(*MYSQL_DEFAULTS, "--innodb-force-primary-key=ON")


def hostile_mysql() -> MySQL:
    return MySQL(*MYSQL_DEFAULTS, "--sql-require-primary-key=ON")


class HostilePostgresql(PostgreSQL):
    """Each of its databases is read-only and serializable by default, and looks into another schema first."""

    def new_database(self) -> str:
        url = super().new_database()
        name = urlsplit(url).path.lstrip("/")
        execute(url, "CREATE SCHEMA elsewhere")
        for setting in (
            "search_path = elsewhere, public",
            "default_transaction_isolation = serializable",
            "DateStyle = 'SQL, DMY'",
            "TimeZone = 'Asia/Kathmandu'",
            "default_transaction_read_only = on",
        ):
            execute(url if "read_only" not in setting else self.address, f"ALTER DATABASE {name} SET {setting}")
        return url


START = {
    "mariadb": hostile_mariadb,
    "mysql": hostile_mysql,
    "postgresql": HostilePostgresql,
    "pgbouncer": PgBouncer,
}


@pytest.fixture(scope="module")
def hostile() -> Iterator[RunningServers[Any]]:
    """The servers by name, each started when it is first asked for."""
    servers = RunningServers(lambda name: START[name]())
    yield servers
    servers.close()


class SessionContract(
    Snapshots,
    Running,
    BrokenUnits,
    Transactions,
    Moving,
    Ordering,
    Scanning,
    Getting,
    Identity,
    Deleting,
    Updating,
    Adding,
    Searching,
    Filtering,
    Fields,
    Concurrency,
    Schema,
    Opening,
):
    """The parts of the contract that the settings of a session can change."""


Contract: type[Any] = RepositoryContract if LONG else SessionContract


class OnHostileServer:
    """A database of its own for each storage."""

    name: ClassVar[str]

    @pytest.fixture(scope="class")
    @classmethod
    def make_storage(cls, hostile: RunningServers[Any]) -> MakeStorage:
        def make() -> Any:
            storage = open_storage(hostile[cls.name].new_database(), entities=[cls.entity])  # type: ignore[attr-defined]
            storage.migrations.upgrade()
            return storage

        return make


class TestHostileMariadb(OnHostileServer, Contract):
    name = "mariadb"


class TestHostileMysql(OnHostileServer, Contract):
    name = "mysql"


class TestHostilePostgresql(OnHostileServer, Contract):
    name = "postgresql"


class TestBehindPgbouncer(OnHostileServer, Contract):
    name = "pgbouncer"


@pytest.mark.parametrize("options", [{}, {"prepared_statements": False}], ids=["noticed", "said"])
def test_behind_a_pooler_no_statement_of_one_client_runs_for_another(
    hostile: RunningServers[Any], options: dict[str, Any]
) -> None:
    """Each client prepares what it runs often; the pooler then hands their connections around."""
    url = hostile["pgbouncer"].new_database()
    with open_storage(url, pool_size=4, **options) as first, open_storage(url, pool_size=4, **options) as second:
        first.migrations.upgrade()
        first.engines.add_many(Engine(f"engine {number}") for number in range(400))
        errors: list[BaseException] = []

        def work(storage: Any, ids: range) -> None:
            try:
                for id in ids:
                    assert storage.engines.get(id).id == id
                    assert storage.engines.update(id, {"thrust": id}, version=1).thrust == id
                    if id % 2:
                        storage.engines.delete(id)
            except BaseException as error:  # noqa: BLE001 - the thread that waits looks at them
                errors.append(error)

        threads = [
            threading.Thread(target=work, args=(storage, range(start, start + 100)))
            for start, storage in zip((1, 101, 201, 301), (first, second, first, second), strict=True)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert errors == []
        assert [engine.id for engine in first.engines.scan()] == list(range(2, 401, 2))


def test_a_server_without_a_pooler_keeps_prepared_statements(servers: RunningServers[Any]) -> None:
    with open_storage(servers["postgresql"].new_database()) as storage:
        storage.migrations.upgrade()
        storage.engines.add(Engine("Raptor"))
        storage.engines.get(1)
        with storage.engine.connect() as connection:
            number = connection.exec_driver_sql("SELECT count(*) FROM pg_prepared_statements").scalar()
        assert number
