"""What the database itself keeps after the last revision, and what is seen when it keeps it no longer."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from storage import open_storage
from tests.servers import SQL_KINDS
from tests.sql.plain import connected, execute

BROKEN = {
    "an id below 1": {"id": 0},
    "a version below 1": {"version": 0},
    "an empty title": {"title": ""},
    "a title of 129 characters": {"title": "x" * 129},
    "a title that begins with a blank": {"title": " x"},
    "a title that ends with a blank": {"title": "x "},
    "a title with a tab": {"title": "x\ty"},
    "a title with the last control character": {"title": "x\x1fy"},
    "a title with a DEL": {"title": "x\x7fy"},
    "no title": {"title": None},
    "no search key": {"title_key": None},
    "no thrust": {"thrust": None},
    "no version": {"version": None},
    "a thrust beyond 32 bits": {"thrust": 2**31},
    "a moment before the year 1000": {"last_fired": "0999-12-31 23:59:59.999"},
}
WHOLE = {"id": 1, "title": "x", "title_key": "x", "thrust": 1, "last_fired": "2026-01-02 03:04:05.678", "version": 1}
INSERT_WHOLE = (
    "INSERT INTO engine (id, title, title_key, thrust, last_fired, version)"
    " VALUES (:id, :title, :title_key, :thrust, :last_fired, :version)"
)


@pytest.fixture(scope="module", params=SQL_KINDS)
def migrated(request, make_database) -> str:
    """The URL of a database at the head."""
    made = str(make_database(request.param))
    with open_storage(made) as storage:
        storage.migrations.upgrade()
    return made


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN.keys())
def test_the_database_itself_refuses(migrated, broken):
    with connected(migrated) as connection:
        if connection.dialect.name == "mysql":
            # MariaDB bends values for those who do not ask it to be strict.
            connection.exec_driver_sql("SET sql_mode = 'STRICT_ALL_TABLES'")
        with pytest.raises(DBAPIError):
            connection.execute(text(INSERT_WHOLE), WHOLE | broken)


def test_the_database_takes_what_breaks_no_limit(migrated):
    execute(migrated, INSERT_WHOLE, WHOLE, WHOLE | {"id": 2**63 - 1, "title": "é" * 128, "last_fired": None})
    execute(migrated, "DELETE FROM engine")


@pytest.mark.parametrize(
    "broken",
    [
        {"title": b"x"},
        {"title": "x\0y"},
        {"thrust": "many"},
        {"thrust": 1.5},
        {"version": "first"},
        {"id": "one"},
        {"title_key": b"x"},
        {"last_fired": 2026},
        {"last_fired": "2026-01-02 03:04:05"},
        {"last_fired": "2026-01-02T03:04:05.678"},
    ],
    ids=repr,
)
@pytest.mark.parametrize("migrated", ["sqlite"], indirect=True)
def test_sqlite_refuses_another_type(migrated, broken):
    with pytest.raises(DBAPIError):
        execute(migrated, INSERT_WHOLE, WHOLE | broken)


@pytest.mark.parametrize("moment", ["infinity", "-infinity", "10000-01-01 00:00:00"])
@pytest.mark.parametrize("migrated", ["postgresql"], indirect=True)
def test_postgresql_refuses_a_moment_that_no_other_engine_keeps(migrated, moment):
    with pytest.raises(DBAPIError):
        execute(migrated, INSERT_WHOLE, WHOLE | {"last_fired": moment})


# Differences


def test_after_an_upgrade_nothing_differs(unmigrated):
    unmigrated.migrations.upgrade()
    assert list(unmigrated.migrations.differences()) == []


def test_an_empty_database_lacks_the_table(unmigrated):
    assert "the table engine is missing" in unmigrated.migrations.differences()


def test_a_dropped_index_differs(unmigrated, sql_url):
    unmigrated.migrations.upgrade()
    execute(sql_url, f"DROP INDEX ix_engine_thrust{' ON engine' * (unmigrated.backend == 'mysql')}")
    assert list(unmigrated.migrations.differences()) == ["the index ix_engine_thrust is missing"]


def test_an_index_of_other_columns_differs(unmigrated, sql_url):
    unmigrated.migrations.upgrade()
    execute(sql_url, f"DROP INDEX ix_engine_thrust{' ON engine' * (unmigrated.backend == 'mysql')}")
    execute(sql_url, "CREATE UNIQUE INDEX ix_engine_thrust ON engine (thrust)")
    assert list(unmigrated.migrations.differences()) == ["the index ix_engine_thrust must be of thrust, id"]


@pytest.mark.parametrize(
    "definition", ["INDEX ix_engine_thrust ON engine (thrust)", "UNIQUE INDEX ix_engine_thrust ON engine (thrust, id)"]
)
def test_an_index_that_differs_in_columns_or_uniqueness_alone_differs(unmigrated, sql_url, definition):
    unmigrated.migrations.upgrade()
    execute(sql_url, f"DROP INDEX ix_engine_thrust{' ON engine' * (unmigrated.backend == 'mysql')}")
    execute(sql_url, f"CREATE {definition}")
    assert list(unmigrated.migrations.differences()) == ["the index ix_engine_thrust must be of thrust, id"]


def test_a_dropped_limit_differs(unmigrated, sql_url):
    unmigrated.migrations.upgrade()
    drop_limit(sql_url, "ck_engine_title")
    assert list(unmigrated.migrations.differences()) == ["the limit ck_engine_title is missing"]


def drop_limit(url: str, name: str) -> None:
    """Drop a CHECK; SQLite cannot, so there the table's definition is written anew without it."""
    with connected(url) as connection:
        if connection.dialect.name != "sqlite":
            connection.exec_driver_sql(f"ALTER TABLE engine DROP CONSTRAINT {name}")
            return
        connection.exec_driver_sql("PRAGMA writable_schema = ON")
        (definition,) = connection.scalars(text("SELECT sql FROM sqlite_schema WHERE name = 'engine'"))
        connection.execute(
            text("UPDATE sqlite_schema SET sql = :definition WHERE name = 'engine'"),
            {"definition": re.sub(rf"CONSTRAINT {name} CHECK .*?(?=, CONSTRAINT)", "CHECK (1)", definition)},
        )


@pytest.mark.parametrize("sql_kind", ["postgresql"])
def test_an_index_with_nulls_last_differs(unmigrated, sql_url):
    unmigrated.migrations.upgrade()
    execute(sql_url, "DROP INDEX ix_engine_last_fired")
    execute(sql_url, "CREATE INDEX ix_engine_last_fired ON engine (last_fired, id)")
    assert list(unmigrated.migrations.differences()) == ["the index ix_engine_last_fired must have nulls first"]


@pytest.mark.parametrize("sql_kind", ["postgresql"])
def test_a_dropped_sequence_differs(unmigrated, sql_url):
    unmigrated.migrations.upgrade()
    execute(sql_url, "DROP SEQUENCE engine_id_seq CASCADE")
    assert list(unmigrated.migrations.differences()) == ["the sequence engine_id_seq is missing"]


@pytest.mark.parametrize(
    ("sql_kind", "change"),
    [
        ("postgresql", 'ALTER TABLE engine ALTER title TYPE varchar(128) COLLATE "POSIX"'),
        ("mariadb", "ALTER TABLE engine MODIFY title VARCHAR(128) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL"),
    ],
)
def test_a_column_that_sorts_otherwise_differs(unmigrated, sql_url, change):
    unmigrated.migrations.upgrade()
    execute(sql_url, change)
    (difference,) = unmigrated.migrations.differences()
    assert difference.startswith("the column engine.title is VARCHAR(128)")


@pytest.mark.parametrize(
    ("sql_kind", "change"),
    [
        ("postgresql", "ALTER TABLE engine ALTER thrust TYPE bigint, ALTER version DROP NOT NULL"),
        ("mariadb", "ALTER TABLE engine MODIFY thrust BIGINT NOT NULL, MODIFY version BIGINT"),
    ],
)
def test_columns_of_another_type_and_with_nulls_differ(unmigrated, sql_url, change):
    unmigrated.migrations.upgrade()
    execute(sql_url, change)
    thrust, version = unmigrated.migrations.differences()
    assert thrust.startswith("the column engine.thrust is BIGINT")
    assert version == "the column engine.version must refuse nulls"


def test_a_column_that_is_missing_differs(unmigrated):
    unmigrated.migrations.upgrade("0001")
    assert "the column engine.last_fired is missing" in unmigrated.migrations.differences()
