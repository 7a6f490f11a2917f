"""Rows, and the high-water mark, on their way up and down through the revisions."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from storage import Engine, Filter, Invalid, Storage
from tests.servers import MYSQL_KINDS
from tests.sql.plain import INSERT, INSERT_FIRED, execute, fetch, row, snapshot

MILLISECOND = datetime(2026, 1, 2, 3, 4, 5, 678000, UTC)


def all_engines(storage: Storage) -> list[Engine]:
    return list(storage.engines.scan())


def test_the_rows_of_0001_are_kept_and_what_was_missing_is_filled_in(unmigrated, sql_url):
    unmigrated.migrations.upgrade("0001")
    execute(sql_url, INSERT, row(1, "Raptor", 2300), row(2, None, None), row(3, " \t", 0), row(7, "Straße", -(2**31)))
    unmigrated.migrations.upgrade()
    assert all_engines(unmigrated) == [
        Engine("Raptor", 2300, None, 1, 1),
        Engine("untitled", 0, None, 2, 1),
        Engine("untitled", 0, None, 3, 1),
        Engine("Straße", -(2**31), None, 7, 1),
    ]


def test_the_rows_of_0002_are_kept_and_their_moments_truncated_towards_the_past(unmigrated, sql_url):
    unmigrated.migrations.upgrade("0002")
    moments = ["2026-01-02 03:04:05.678999", "1969-12-31 23:59:59.999999", "1000-01-01 00:00:00.000000", None]
    execute(sql_url, INSERT_FIRED, *(row(n, last_fired=moment) for n, moment in enumerate(moments, start=1)))
    unmigrated.migrations.upgrade()
    assert [engine.last_fired for engine in all_engines(unmigrated)] == [
        MILLISECOND,
        datetime(1969, 12, 31, 23, 59, 59, 999000, UTC),
        datetime(1000, 1, 1, tzinfo=UTC),
        None,
    ]


def test_old_rows_are_found_updated_and_deleted_like_new_ones(unmigrated, sql_url):
    unmigrated.migrations.upgrade("0001")
    execute(sql_url, INSERT, row(1, "Straße"), row(2, "Merlin"))
    unmigrated.migrations.upgrade()
    (found,) = unmigrated.engines.find(Filter("title", "contains", "STRASSE")).items
    assert unmigrated.engines.update(found.id, {"thrust": 8}, version=1).version == 2
    unmigrated.engines.delete(2)
    assert unmigrated.engines.add(Engine("Vulcain")).id == 3


def test_more_rows_than_a_batch_holds_are_kept(unmigrated, sql_url):
    unmigrated.migrations.upgrade("0001")
    execute(sql_url, INSERT, *(row(n, f"Engine {n}", n) for n in range(1, 2101)))
    unmigrated.migrations.upgrade()
    assert all_engines(unmigrated) == [Engine(f"Engine {n}", n, None, n, 1) for n in range(1, 2101)]


def test_rows_go_down_to_0001_and_up_again(unmigrated, sql_url):
    unmigrated.migrations.upgrade()
    unmigrated.engines.add_many([Engine("Raptor 🚀", 1, MILLISECOND), Engine("Merlin", 2)])
    unmigrated.migrations.downgrade("0001")
    assert fetch(sql_url, "SELECT id, thrust FROM engine ORDER BY id") == [(1, 1), (2, 2)]
    unmigrated.migrations.upgrade()
    assert all_engines(unmigrated) == [Engine("Raptor 🚀", 1, None, 1, 1), Engine("Merlin", 2, None, 2, 1)]


def test_a_moment_goes_down_to_0002_and_up_again(unmigrated):
    unmigrated.migrations.upgrade()
    unmigrated.engines.add(Engine("Raptor", 1, MILLISECOND))
    unmigrated.migrations.downgrade("0002")
    unmigrated.migrations.upgrade()
    assert all_engines(unmigrated) == [Engine("Raptor", 1, MILLISECOND, 1, 1)]


def test_after_a_downgrade_the_old_code_can_write_as_before(unmigrated, sql_url):
    unmigrated.migrations.upgrade()
    unmigrated.engines.add(Engine("Raptor"))
    unmigrated.migrations.downgrade("0002")
    execute(sql_url, "INSERT INTO engine (title, thrust, last_fired) VALUES (NULL, NULL, NULL)")
    assert fetch(sql_url, "SELECT id, title, thrust FROM engine ORDER BY id") == [(1, "Raptor", 0), (2, None, None)]


# The high-water mark


@pytest.mark.parametrize("to", ["0002", "0001"])
def test_the_id_of_a_deleted_newest_row_is_not_given_again_after_down_and_up(unmigrated, to):
    unmigrated.migrations.upgrade()
    unmigrated.engines.add_many([Engine("Raptor"), Engine("Merlin"), Engine("Vulcain")])
    unmigrated.engines.delete(3)
    unmigrated.migrations.downgrade(to)
    unmigrated.migrations.upgrade()
    assert unmigrated.engines.last_id() == 3
    assert unmigrated.engines.add(Engine("Vinci")).id == 4


@pytest.mark.parametrize("sql_kind", ["postgresql", *MYSQL_KINDS])
def test_the_counter_of_a_server_is_taken_over(unmigrated, sql_url):
    unmigrated.migrations.upgrade("0001")
    for title in ("Raptor", "Merlin", "Vulcain"):
        execute(sql_url, f"INSERT INTO engine (title) VALUES ('{title}')")
    execute(sql_url, "DELETE FROM engine WHERE id = 3")
    unmigrated.migrations.upgrade()
    assert unmigrated.engines.last_id() == 3


@pytest.mark.parametrize("sql_kind", ["postgresql", *MYSQL_KINDS])
def test_after_a_downgrade_a_server_counts_on_from_the_mark(unmigrated, sql_url):
    unmigrated.migrations.upgrade()
    unmigrated.engines.add_many([Engine("Raptor"), Engine("Merlin")])
    unmigrated.engines.delete(2)
    unmigrated.migrations.downgrade("0001")
    execute(sql_url, "INSERT INTO engine (title) VALUES ('Vulcain')")
    assert fetch(sql_url, "SELECT max(id) FROM engine") == [(3,)]


def test_ids_that_were_written_past_the_counter_are_not_given_again(unmigrated, sql_url):
    unmigrated.migrations.upgrade("0001")
    execute(sql_url, INSERT, row(1), row(900))
    unmigrated.migrations.upgrade()
    assert unmigrated.engines.add(Engine("Raptor")).id == 901


def test_an_id_beyond_32_bits_stops_a_downgrade_before_it_changes_anything(unmigrated, sql_url):
    unmigrated.migrations.upgrade()
    unmigrated.engines.put_many([Engine("Raptor", id=2**31, version=1)])
    unmigrated.migrations.downgrade("0003")
    before = snapshot(sql_url)
    with pytest.raises(Invalid, match="keeps ids up to 2147483647, and 2147483648 was given already"):
        unmigrated.migrations.downgrade("0002")
    assert snapshot(sql_url) == before


def test_a_mark_beyond_32_bits_stops_a_downgrade_before_it_changes_anything(unmigrated, sql_url):
    unmigrated.migrations.upgrade()
    unmigrated.engines.reserve_ids(2**40)
    unmigrated.migrations.downgrade("0003")
    before = snapshot(sql_url)
    with pytest.raises(Invalid, match="and 1099511627776 was given already"):
        unmigrated.migrations.downgrade("base")
    assert snapshot(sql_url) == before


def test_the_largest_id_of_32_bits_goes_down_and_up(unmigrated):
    unmigrated.migrations.upgrade()
    unmigrated.engines.put_many([Engine("Raptor", id=2**31 - 1, version=1)])
    unmigrated.migrations.downgrade("0001")
    unmigrated.migrations.upgrade()
    assert unmigrated.engines.add(Engine("Merlin")).id == 2**31
