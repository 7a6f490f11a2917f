"""The history of the schema on each engine: where a database is, where it goes, and what is left alone."""

from __future__ import annotations

from threading import Thread

import pytest

from storage import Engine, Invalid, Revision, SchemaOutOfDate, open_storage
from storage.sql.migration_lock import lock_name
from tests.probe import Probe
from tests.probe_places import make_probes
from tests.servers import MYSQL_KINDS
from tests.sql.plain import execute, snapshot


def test_the_history_names_each_revision_and_what_it_does(unmigrated):
    history = unmigrated.migrations.history()
    assert [revision.id for revision in history][:3] == ["0001", "0002", "0003"]
    assert history[1] == Revision("0002", "When an engine was last fired.")


def test_an_empty_database_has_no_revision_and_stays_empty_when_asked(unmigrated, sql_url):
    assert unmigrated.migrations.current() is None
    assert snapshot(sql_url) == {}


def test_each_revision_is_current_after_an_upgrade_to_it(unmigrated):
    found = []
    for revision in unmigrated.migrations.history():
        unmigrated.migrations.upgrade(revision.id)
        found.append(unmigrated.migrations.current())
    assert found == [revision.id for revision in unmigrated.migrations.history()]


def test_each_revision_is_current_after_a_downgrade_to_it(unmigrated):
    unmigrated.migrations.upgrade()
    for wanted in ("0002", "0001", "base"):
        unmigrated.migrations.downgrade(wanted)
        assert unmigrated.migrations.current() == (None if wanted == "base" else wanted)


def test_a_revision_that_is_not_in_the_history_is_invalid(unmigrated):
    for method in (unmigrated.migrations.upgrade, unmigrated.migrations.downgrade, unmigrated.migrations.stamp):
        with pytest.raises(Invalid, match="'1234' is not in the history: 0001"):
            method("1234")


def test_an_upgrade_to_where_the_database_is_already_changes_nothing(unmigrated, sql_url):
    unmigrated.migrations.upgrade()
    before = snapshot(sql_url)
    unmigrated.migrations.upgrade()
    unmigrated.migrations.upgrade("0001")
    assert snapshot(sql_url) == before


def test_a_downgrade_to_where_the_database_is_not_yet_changes_nothing(unmigrated, sql_url):
    unmigrated.migrations.upgrade("0001")
    before = snapshot(sql_url)
    unmigrated.migrations.downgrade("0002")
    assert snapshot(sql_url) == before


def test_stamp_records_a_revision_and_runs_nothing(unmigrated, sql_url):
    unmigrated.migrations.stamp("0002")
    assert unmigrated.migrations.current() == "0002"
    assert set(snapshot(sql_url)) == {"engine_room_version"}


def test_a_stamp_on_an_empty_database_is_found_out(unmigrated):
    unmigrated.migrations.stamp("0001")
    with pytest.raises(Invalid, match=r"there is no table engine, .* run `flask db downgrade base`, then upgrade"):
        unmigrated.migrations.upgrade()
    unmigrated.migrations.downgrade("base")
    unmigrated.migrations.upgrade()
    assert unmigrated.engines.count() == 0


def test_a_stamp_that_is_ahead_of_the_table_is_found_out(unmigrated):
    unmigrated.migrations.upgrade("0001")
    unmigrated.migrations.stamp("0002")
    with pytest.raises(Invalid, match="at revision 0002, not id, thrust, title: stamp the revision it is at"):
        unmigrated.migrations.upgrade()


def test_stamp_replaces_a_revision_that_is_unknown(unmigrated, sql_url):
    unmigrated.migrations.stamp("head")
    execute(sql_url, "UPDATE engine_room_version SET version_num = 'f00d'")
    unmigrated.migrations.stamp("0001")
    assert unmigrated.migrations.current() == "0001"


def test_a_database_at_a_newer_revision_is_left_alone(unmigrated, sql_url):
    unmigrated.migrations.upgrade()
    execute(sql_url, "UPDATE engine_room_version SET version_num = '9999'")
    before = snapshot(sql_url)
    for migrate in (unmigrated.migrations.upgrade, lambda: unmigrated.migrations.downgrade("base")):
        with pytest.raises(SchemaOutOfDate, match="revision 9999, newer than the code's 0004") as caught:
            migrate()
        assert (caught.value.found, caught.value.wanted) == ("9999", "0004")
    assert snapshot(sql_url) == before


def test_a_downgrade_to_base_leaves_no_table_but_the_empty_record(unmigrated, sql_url):
    unmigrated.migrations.upgrade()
    unmigrated.migrations.downgrade("base")
    assert {name: table["rows"] for name, table in snapshot(sql_url).items()} == {"engine_room_version": []}


def test_two_threads_can_migrate_two_databases_at_once(sql_kind, make_database):
    urls = [make_database(sql_kind), make_database(sql_kind)]

    def migrate(url: str) -> None:
        with open_storage(url) as storage:
            storage.migrations.upgrade()

    threads = [Thread(target=migrate, args=[url]) for url in urls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert snapshot(urls[0]) == snapshot(urls[1]) != {}


@pytest.mark.parametrize("sql_kind", MYSQL_KINDS)
def test_a_server_that_demands_a_primary_key_is_migrated_up_and_down(sql_kind, make_database):
    url = make_database(sql_kind)
    setting = "innodb_force_primary_key" if sql_kind == "mariadb" else "sql_require_primary_key"
    execute(url, f"SET GLOBAL {setting} = ON")
    try:
        with open_storage(url) as storage:
            storage.migrations.upgrade()
            assert storage.engines.add(Engine("Raptor")).id == 1
            storage.migrations.downgrade("base")
            assert storage.migrations.current() is None
    finally:
        execute(url, f"SET GLOBAL {setting} = OFF")


def test_upgrades_of_databases_whose_names_begin_alike_do_not_wait_for_each_other():
    assert lock_name("a" * 64) != lock_name("a" * 63 + "b")
    assert len(lock_name("a" * 64)) <= 64


def test_a_missing_index_of_an_entity_of_ones_own_is_a_difference(unmigrated, sql_url):
    unmigrated.migrations.upgrade()
    with open_storage(sql_url, entities=[Engine, Probe]) as storage:
        make_probes(storage)
        assert list(storage.migrations.differences()) == []
        index = "uq_probe_code"
        execute(sql_url, f"DROP INDEX {index}" + (" ON probe" if storage.backend == "mysql" else ""))
        assert list(storage.migrations.differences()) == [f"the index {index} is missing"]
