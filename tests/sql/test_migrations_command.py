"""The command `alembic`, as it is run in the root of the repository: its database is the application's."""

from __future__ import annotations

import pytest

from storage import open_storage
from tests.sql.children import run_alembic
from tests.sql.plain import INSERT, execute, row, snapshot


def test_the_command_upgrades_the_applications_database(sql_url, sql_kind, make_database):
    url = make_database(sql_kind)
    with open_storage(url) as storage:
        storage.migrations.upgrade()
    assert run_alembic(sql_url, "upgrade", "head").returncode == 0
    assert snapshot(sql_url) == snapshot(url)


@pytest.mark.parametrize("sql_kind", ["sqlite"])
def test_the_command_downgrades(unmigrated, sql_url):
    unmigrated.migrations.upgrade()
    assert run_alembic(sql_url, "downgrade", "0001").returncode == 0
    assert unmigrated.migrations.current() == "0001"


def test_the_command_finds_nothing_to_change_after_an_upgrade(unmigrated, sql_url):
    unmigrated.migrations.upgrade()
    done = run_alembic(sql_url, "check")
    assert (done.returncode, done.stdout) == (0, "No new upgrade operations detected.\n")


@pytest.mark.parametrize("sql_kind", ["sqlite"])
def test_the_command_says_where_the_database_is(unmigrated, sql_url):
    unmigrated.migrations.upgrade("0002")
    assert run_alembic(sql_url, "current").stdout == "0002\n"


@pytest.mark.parametrize("sql_kind", ["sqlite"])
def test_rows_that_break_a_rule_are_one_sentence(unmigrated, sql_url):
    unmigrated.migrations.upgrade("0001")
    execute(sql_url, INSERT, row(1, " Raptor"))
    done = run_alembic(sql_url, "upgrade", "head")
    assert done.returncode != 0
    assert "id 1: title must not begin or end with a blank" in done.stderr + done.stdout
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("sql_kind", ["sqlite"])
def test_sql_without_a_database_is_refused(sql_url):
    done = run_alembic(sql_url, "upgrade", "head", "--sql")
    assert done.returncode != 0
    assert "--sql is not possible here" in done.stderr + done.stdout


def test_a_database_that_is_not_sql_is_sent_to_the_command_for_every_backend():
    done = run_alembic("mongodb://127.0.0.1:1/spaceship", "upgrade", "head")
    assert done.returncode != 0
    assert "is no SQL database: use `flask db upgrade`" in done.stderr + done.stdout
    assert "Traceback" not in done.stderr
