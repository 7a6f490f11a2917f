"""What others have made around our table, and what they have put into it that only one engine takes."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest
from sqlalchemy import make_url, text

from storage import Engine, Invalid
from tests.servers import MYSQL_KINDS
from tests.sql.plain import INSERT, INSERT_FIRED, connected, execute, fetch, row, snapshot


@pytest.fixture
def at_0002(unmigrated, sql_url) -> str:
    """The URL of a database at 0002."""
    unmigrated.migrations.upgrade("0002")
    return str(sql_url)


@pytest.mark.parametrize("sql_kind", ["sqlite", "postgresql"])
def test_references_to_engines_are_kept(unmigrated, at_0002):
    execute(at_0002, INSERT, row(1))
    execute(at_0002, "CREATE TABLE pilot (engine_id INTEGER REFERENCES engine (id) ON DELETE CASCADE)")
    execute(at_0002, "INSERT INTO pilot VALUES (1)")
    unmigrated.migrations.upgrade()
    unmigrated.migrations.downgrade("0002")
    unmigrated.migrations.upgrade()
    assert fetch(at_0002, "SELECT engine_id FROM pilot") == [(1,)]
    unmigrated.engines.delete(1)
    assert fetch(at_0002, "SELECT engine_id FROM pilot") == []


@pytest.mark.parametrize("sql_kind", MYSQL_KINDS)
@pytest.mark.parametrize(("at", "to", "new_type"), [("0002", "0003", "BIGINT"), ("0003", "0002", "INTEGER")])
def test_references_that_would_stop_mariadb_half_way_stop_it_before(unmigrated, sql_url, at, to, new_type):
    unmigrated.migrations.upgrade(at)
    old_type = "BIGINT" if new_type == "INTEGER" else "INTEGER"
    execute(sql_url, f"CREATE TABLE pilot (engine_id {old_type}, FOREIGN KEY (engine_id) REFERENCES engine (id))")
    before = snapshot(sql_url)
    migrate = unmigrated.migrations.upgrade if at < to else unmigrated.migrations.downgrade
    with pytest.raises(Invalid, match=rf"foreign keys of pilot refer to engine\.id, which is to become {new_type}"):
        migrate(to)
    assert snapshot(sql_url) == before


def test_an_index_that_has_the_name_of_ours_gives_way(unmigrated, at_0002):
    execute(at_0002, "CREATE INDEX ix_engine_title ON engine (title)")
    unmigrated.migrations.upgrade()
    assert list(unmigrated.migrations.differences()) == []


def test_an_index_of_somebody_else_is_kept(unmigrated, at_0002):
    execute(at_0002, "CREATE INDEX their_own ON engine (thrust, title)")
    for revision in ("0003", "0002"):
        migrate = unmigrated.migrations.upgrade if revision == "0003" else unmigrated.migrations.downgrade
        migrate(revision)
        assert "their_own" in snapshot(at_0002)["engine"]["indexes"]


@pytest.mark.parametrize("sql_kind", ["sqlite"])
def test_a_trigger_and_a_view_on_sqlite_are_kept(unmigrated, at_0002):
    execute(at_0002, "CREATE TABLE log (engine_id INTEGER)")
    execute(at_0002, "CREATE TRIGGER noted AFTER DELETE ON engine BEGIN INSERT INTO log VALUES (old.id); SELECT 1; END")
    execute(at_0002, "CREATE VIEW titles AS SELECT title FROM engine")
    unmigrated.migrations.upgrade()
    unmigrated.engines.add_many([Engine("Raptor"), Engine("Merlin")])
    unmigrated.engines.delete(1)
    assert fetch(at_0002, "SELECT engine_id FROM log") == [(1,)]
    assert fetch(at_0002, "SELECT title FROM titles") == [("Merlin",)]


@pytest.mark.parametrize("sql_kind", ["sqlite"])
def test_the_counter_of_an_autoincrement_table_is_taken_over(unmigrated, sql_url):
    execute(sql_url, "CREATE TABLE engine (id INTEGER PRIMARY KEY AUTOINCREMENT, title VARCHAR(128), thrust INTEGER)")
    execute(sql_url, INSERT, row(1), row(90))
    execute(sql_url, "DELETE FROM engine WHERE id = 90")
    unmigrated.migrations.stamp("0001")
    unmigrated.migrations.upgrade()
    assert unmigrated.engines.last_id() == 90


@pytest.mark.parametrize("sql_kind", ["sqlite"])
@pytest.mark.parametrize(
    ("statement", "sentence"),
    [
        ("INSERT INTO engine (id, title) VALUES (4, x'52')", "title must be text, not bytes"),
        ("INSERT INTO engine (id, title) VALUES (4, CAST(x'52ff' AS TEXT))", r"must not hold the character U\+DCFF"),
        ("INSERT INTO engine (id, title) VALUES (4, 'a' || char(0) || 'b')", r"must not hold the character U\+0000"),
        ("INSERT INTO engine (id, thrust) VALUES (4, 'many')", "thrust must be a whole number"),
        ("INSERT INTO engine (id, thrust) VALUES (4, 1.5)", "thrust must be a whole number"),
        ("INSERT INTO engine (id, thrust) VALUES (4, 2147483648)", "thrust must be a whole number from -2147483648"),
        ("INSERT INTO engine (id, last_fired) VALUES (4, 'yesterday')", "last_fired must be a moment"),
        ("INSERT INTO engine (id, last_fired) VALUES (4, 1700000000)", "last_fired must be a moment"),
    ],
)
def test_a_value_that_only_sqlite_keeps_is_named(unmigrated, at_0002, statement, sentence):
    execute(at_0002, INSERT, row(1))
    execute(at_0002, statement)
    with pytest.raises(Invalid, match=f"id 4: .*{sentence}"):
        unmigrated.migrations.upgrade()


@pytest.mark.parametrize("sql_kind", ["sqlite"])
def test_ids_at_both_ends_of_64_bits_are_read(unmigrated, at_0002):
    execute(at_0002, INSERT, row(-(2**63)), *(row(2**63 - n) for n in range(1, 1001)))
    with pytest.raises(Invalid, match=r"id -9223372036854775808: id must be at least 1$"):
        unmigrated.migrations.upgrade()


@pytest.mark.parametrize("sql_kind", ["sqlite"])
def test_moments_as_other_programs_write_them_are_understood(unmigrated, at_0002):
    moments = ["2026-01-02", "2026-01-02T03:04:05Z", "2026-01-02 03:04:05.6789", "2026-01-02 03:04:05+02:00"]
    execute(at_0002, INSERT_FIRED, *(row(n, last_fired=moment) for n, moment in enumerate(moments, start=1)))
    unmigrated.migrations.upgrade()
    assert [engine.last_fired.isoformat() for engine in unmigrated.engines.scan()] == [
        "2026-01-02T00:00:00+00:00",
        "2026-01-02T03:04:05+00:00",
        "2026-01-02T03:04:05.678000+00:00",
        "2026-01-02T01:04:05+00:00",
    ]


@pytest.mark.parametrize("sql_kind", ["sqlite"])
def test_a_file_in_utf_16_is_refused(unmigrated, sql_url):
    with closing(sqlite3.connect(make_url(sql_url).database)) as connection:
        connection.execute("PRAGMA encoding = 'UTF-16le'")
        connection.execute("CREATE TABLE other (id)")
    unmigrated.migrations.upgrade("0002")
    with pytest.raises(Invalid, match="encoding must be UTF-8, not UTF-16le"):
        unmigrated.migrations.upgrade()


@pytest.mark.parametrize("sql_kind", ["postgresql"])
@pytest.mark.parametrize("moment", ["infinity", "-infinity", "10000-01-01 00:00:00", "1500-01-01 00:00:00 BC"])
def test_a_moment_that_only_postgresql_keeps_is_named(unmigrated, at_0002, moment):
    execute(at_0002, INSERT_FIRED, row(4, last_fired=moment))
    with pytest.raises(Invalid, match=r"id 4: last_fired must be a moment in the years 1000 to 9999$"):
        unmigrated.migrations.upgrade()


@pytest.mark.parametrize("sql_kind", ["postgresql"])
@pytest.mark.parametrize(
    "statement",
    ["ALTER SEQUENCE engine_id_seq RENAME TO their_counter", "DROP SEQUENCE engine_id_seq CASCADE"],
)
def test_a_sequence_of_another_name_or_none_becomes_ours(unmigrated, at_0002, statement):
    execute(at_0002, INSERT, row(7))
    execute(at_0002, statement)
    unmigrated.migrations.upgrade()
    assert unmigrated.engines.add(Engine("Raptor")).id == 8
    assert list(unmigrated.migrations.differences()) == []


@pytest.mark.parametrize("sql_kind", MYSQL_KINDS)
@pytest.mark.parametrize("moment", ["0000-00-00 00:00:00", "2026-00-00 00:00:00", "2026-02-31 00:00:00"])
def test_a_date_that_only_such_a_server_keeps_is_named(unmigrated, at_0002, moment):
    with connected(at_0002) as connection:
        connection.execute(text("SET SESSION sql_mode = 'ALLOW_INVALID_DATES'"))
        connection.execute(text(INSERT_FIRED), row(4, last_fired=moment))
    with pytest.raises(Invalid, match=r"id 4: last_fired must be a moment in the years 1000 to 9999$"):
        unmigrated.migrations.upgrade()


@pytest.mark.parametrize("sql_kind", ["mariadb"])
def test_a_table_without_transactions_gets_them(unmigrated, at_0002):
    execute(at_0002, "ALTER TABLE engine ENGINE=MyISAM")
    unmigrated.migrations.upgrade()
    engine = "SELECT engine FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = 'engine'"
    assert fetch(at_0002, engine) == [("InnoDB",)]


@pytest.mark.parametrize("sql_kind", ["mysql"])
def test_a_table_without_transactions_is_refused_where_the_server_takes_no_changes_of_it(unmigrated, at_0002):
    execute(at_0002, "ALTER TABLE engine ENGINE=MyISAM")
    execute(at_0002, INSERT, row(1))
    before = snapshot(at_0002)
    with pytest.raises(Invalid, match=r"stored by MyISAM.*run ALTER TABLE engine ENGINE=InnoDB, and upgrade again"):
        unmigrated.migrations.upgrade()
    assert snapshot(at_0002) == before
    execute(at_0002, "ALTER TABLE engine ENGINE=InnoDB")
    unmigrated.migrations.upgrade()
    assert unmigrated.engines.get(1).title == "Raptor"
