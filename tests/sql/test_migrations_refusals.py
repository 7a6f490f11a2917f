"""What stops a revision, before it has changed anything."""

from __future__ import annotations

import pytest

from storage import Engine, Invalid
from tests.sql.plain import INSERT, INSERT_FIRED, execute, row, snapshot


@pytest.mark.parametrize(
    ("title", "sentence"),
    [
        ("Rap\x07tor", "title must not hold the character U\\+0007"),
        ("Raptor\n", "title must not hold the character U\\+000A"),
        (" Raptor", "title must not begin or end with a blank"),
    ],
)
def test_a_title_that_breaks_a_rule_stops_0003(unmigrated, sql_url, title, sentence):
    unmigrated.migrations.upgrade("0002")
    execute(sql_url, INSERT, row(1), row(5, title))
    before = snapshot(sql_url)
    with pytest.raises(Invalid, match=f"correct these rows .*: id 5: {sentence}$"):
        unmigrated.migrations.upgrade()
    assert snapshot(sql_url) == before


def test_an_id_below_one_stops_0003(unmigrated, sql_url):
    unmigrated.migrations.upgrade("0002")
    execute(sql_url, INSERT, row(-4))
    with pytest.raises(Invalid, match=r"id -4: id must be at least 1$"):
        unmigrated.migrations.upgrade()


def test_a_moment_before_the_year_1000_stops_0003(unmigrated, sql_url):
    unmigrated.migrations.upgrade("0002")
    execute(sql_url, INSERT_FIRED, row(3, last_fired="0999-12-31 23:59:59"))
    with pytest.raises(Invalid, match=r"id 3: last_fired must be a moment in the years 1000 to 9999$"):
        unmigrated.migrations.upgrade()


def test_at_most_twenty_rows_are_named_and_the_others_counted(unmigrated, sql_url):
    unmigrated.migrations.upgrade("0002")
    execute(sql_url, INSERT, *(row(n, "a\tb") for n in range(1, 1104)))
    with pytest.raises(Invalid) as caught:
        unmigrated.migrations.upgrade()
    assert str(caught.value).count("id ") == 20
    assert str(caught.value).endswith("; and 1083 more")


def test_corrected_rows_are_taken(unmigrated, sql_url):
    unmigrated.migrations.upgrade("0002")
    execute(sql_url, INSERT, row(1, "a\tb"))
    with pytest.raises(Invalid):
        unmigrated.migrations.upgrade()
    execute(sql_url, "UPDATE engine SET title = 'ab'")
    unmigrated.migrations.upgrade()
    assert list(unmigrated.engines.scan()) == [Engine("ab", 7, None, 1, 1)]


def test_a_column_that_the_history_does_not_know_stops_0003(unmigrated, sql_url):
    unmigrated.migrations.upgrade("0002")
    execute(sql_url, "ALTER TABLE engine ADD COLUMN fuel INTEGER")
    before = snapshot(sql_url)
    with pytest.raises(Invalid, match=r"must have the columns .* not fuel, id, last_fired, thrust, title"):
        unmigrated.migrations.upgrade()
    assert snapshot(sql_url) == before


def test_a_table_that_was_there_before_is_not_taken_without_a_stamp(unmigrated, sql_url):
    execute(sql_url, "CREATE TABLE engine (id INTEGER PRIMARY KEY, title VARCHAR(128), thrust INTEGER)")
    execute(sql_url, INSERT, row(1))
    with pytest.raises(Invalid, match=r"there is a table engine already: .* run `flask db stamp 0001`"):
        unmigrated.migrations.upgrade()
    assert unmigrated.migrations.current() is None
