"""The settings of a URL: each one that a driver has is taken, forced or refused, and the documentation says which."""

from __future__ import annotations

import inspect
import re
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from psycopg import Connection, pq
from pymongo.common import URI_OPTIONS_VALIDATOR_MAP
from pymysql.connections import Connection as MySqlConnection

from storage import Engine, Invalid, StorageError, open_storage
from storage.mongo import settings as mongo
from storage.sql.settings import MYSQL, POSTGRESQL, SQLITE, Table

BACKENDS = (Path(__file__).parents[1] / "docs/backends.md").read_text()
TITLE = "Škoda \U0001f680"


def known(table: Table) -> set[str]:
    return {*table.taken, *table.forced, *table.refused}


def test_each_setting_of_libpq_and_psycopg_is_in_the_table() -> None:
    libpq = {one.keyword.decode() for one in pq.Conninfo.get_defaults()}
    psycopg = set(inspect.signature(Connection.connect).parameters) - {"conninfo", "kwargs"}
    assert known(POSTGRESQL) == libpq | psycopg


def test_each_setting_of_pymysql_is_in_the_table() -> None:
    assert known(MYSQL) == set(inspect.signature(MySqlConnection.__init__).parameters) - {"self"}


def test_each_setting_of_sqlite3_is_in_the_table() -> None:
    """Those of Python, and those that SQLite itself reads in a URI."""
    python = {"timeout", "isolation_level", "detect_types", "check_same_thread", "factory", "cached_statements"}
    uri = {"mode", "immutable", "cache", "vfs", "nolock", "psow", "modeof"}
    assert known(SQLITE) == {*python, *uri, "uri", "database", "autocommit"}
    assert "autocommit" in dir(sqlite3.Connection) or not hasattr(sqlite3, "LEGACY_TRANSACTION_CONTROL")


def test_each_option_of_pymongo_is_in_the_table() -> None:
    assert mongo.TAKEN | mongo.FORCED | set(mongo.REFUSED) == set(URI_OPTIONS_VALIDATOR_MAP)


@pytest.mark.parametrize(
    ("driver", "columns"),
    [
        ("libpq, psycopg", (POSTGRESQL.taken, POSTGRESQL.forced, POSTGRESQL.refused)),
        ("PyMySQL", (MYSQL.taken, MYSQL.forced, MYSQL.refused)),
        ("sqlite3", (SQLITE.taken, SQLITE.forced, SQLITE.refused)),
        ("PyMongo", (mongo.TAKEN, mongo.FORCED, mongo.REFUSED)),
    ],
)
def test_the_documentation_has_the_same_tables(driver: str, columns: tuple[object, ...]) -> None:
    [line] = [line for line in BACKENDS.splitlines() if line.startswith(f"| {driver} |")]
    documented = [set(re.findall(r"`(\w+)`", cell)) for cell in line.split("|")[2:5]]
    assert documented == [set(names) for names in columns]  # type: ignore[call-overload]


@pytest.mark.parametrize(
    ("kind", "query"),
    [
        *(("mariadb", query) for query in ("charset=utf8", "charset=latin1", "use_unicode=0", "sql_mode=ANSI")),
        *(("mariadb", query) for query in ("autocommit=0", "collation=utf8mb4_general_ci")),
        *(("mysql", query) for query in ("charset=utf8", "charset=ascii", "use_unicode=0", "sql_mode=ANSI")),
        *(("mysql", query) for query in ("autocommit=0", "charset=utf8mb5")),
        *(("postgresql", query) for query in ("client_encoding=latin1", "autocommit=false")),
        *(("postgresql", f"options=-c%20{name}") for name in ("default_transaction_read_only%3Don", "DateStyle%3DSQL")),
        *(("mongodb", query) for query in ("w=0", "journal=false", "readPreference=secondary", "tz_aware=true")),
        *(("mongodb", query) for query in ("unicode_decode_error_handler=ignore", "readConcernLevel=local")),
        *(("mongodb", query) for query in ("datetime_conversion=foo", "fsync=true&journal=true")),
        ("mongodb", "readPreferenceTags=dc:ny"),
    ],
)
def test_a_forced_setting_of_a_url_changes_nothing(make_database: Callable[[str], str], kind: str, query: str) -> None:
    url = make_database(kind)
    with open_storage(f"{url}{'&' if '?' in url else '?'}{query}") as storage:
        storage.migrations.upgrade()
        storage.engines.add(Engine(TITLE))
        with storage.transaction() as unit:
            unit.engines.update(1, {"thrust": 7})
    with open_storage(url) as storage:
        assert storage.engines.get(1) == Engine(TITLE, 7, None, 1, 2)


@pytest.mark.parametrize(
    "url",
    [
        "mysql://u:s3cret@127.0.0.1:9/x?init_command=SET%20autocommit%3D0",
        "mysql://u:s3cret@127.0.0.1:9/x?read_default_file=/etc/my.cnf",
        "mysql://u:s3cret@127.0.0.1:9/x?ssl=true",
        "mysql://u:s3cret@127.0.0.1:9/x?ssl_ca=/nonexistent.pem",
        "mysql://u:s3cret@127.0.0.1:9/x?ssl_verify_cert=perhaps",
        "mysql://u:s3cret@127.0.0.1:9/x?connect_timeout=0",
        "mysql://u:s3cret@127.0.0.1:9/x?connect_timeout=soon",
        "mysql://u:s3cret@127.0.0.1:9/x?read_timeout=5",
        "mysql://u:s3cret@127.0.0.1:9/x?charset=a&ssl_ca=b&ssl_ca=c",
        "postgresql://u:s3cret@127.0.0.1:9/x?replication=database",
        "postgresql://u:s3cret@127.0.0.1:9/x?cursor_factory=x",
        "postgresql://u:s3cret@127.0.0.1:9/x?prepare_threshold=often",
        "postgresql://u:s3cret@127.0.0.1:9/x?connect_timeout=0",
        "postgresql://u:s3cret@127.0.0.1:port/x",
        "postgresql://u:s3cret@127.0.0.1:65536/x",
        "postgresql://u:x?s3cret@127.0.0.1:9/x",
        "postgresql://u:x?s3cret&more@127.0.0.1:9/x",
        "mongodb://u:x?s3cret@127.0.0.1:9/x",
        "mongodb://u:x?s3cret&more@127.0.0.1:9/x",
        "mongodb://u:s3cret@127.0.0.1:9/x?driver=x",
        "postgresql://u:s3cret@127.0.0.1:9/x?sslmode=bogus",
        "postgresql://u:s3cret@127.0.0.1:9/x?target_session_attrs=bogus",
        "postgresql://u:s3cret@127.0.0.1:9/x?keepalives=often",
        "postgresql://u:s3cret@127.0.0.1:9/x?gssencmode=bogus",
        "mysql://u:s3cret@127.0.0.1:9/x?ssl_verify_identity=true",
        "mysql://u:s3cret@127.0.0.1:9/x?ssl_verify_identity=true&ssl_verify_cert=true",
        "sqlite:///x.db?mode=bogus",
        "sqlite:///x.db?immutable=perhaps",
        "sqlite:///x.db?cache=shared",
        "mongodb://u:s3cret@127.0.0.1:9/x?timeoutMS=1",
        "mongodb://u:s3cret@127.0.0.1:9/x?loadBalanced=true",
        "mongodb://u:s3cret@127.0.0.1:9/x?no_such_option=1",
        "mongodb://127.0.0.1:9/x?tls=true&tlsCAFile=/nonexistent.pem",
        "mongodb://127.0.0.1:9/x?tls=true&tlsCertificateKeyFile=/nonexistent.pem",
        "mongodb://127.0.0.1:9/x?tls=true&tlsCAFile=/etc/hostname",
        "mongodb://127.0.0.1:9/x?tls=true&tlsCRLFile=/etc/hostname",
    ],
)
def test_a_setting_that_cannot_be_used_is_invalid_when_the_storage_is_opened(url: str) -> None:
    with pytest.raises(Invalid) as caught:
        open_storage(url)
    assert "s3cret" not in str(caught.value)
    assert "url" in caught.value.problems


def test_a_certificate_that_the_driver_cannot_read_is_an_error_of_ours() -> None:
    with open_storage("mysql://u@127.0.0.1:9/x?ssl_ca=/etc/hostname") as storage, pytest.raises(StorageError):
        storage.ping()
