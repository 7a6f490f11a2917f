"""A migration that is killed at any statement, and run again, ends as if it had not been killed."""

from __future__ import annotations

import pytest

from storage import open_storage
from tests.servers import MYSQL_KINDS
from tests.sql.children import is_killed, run_alembic
from tests.sql.plain import execute, snapshot

#: Where a transaction holds it together, every so many statements will do: on SQLite, which is quick, each.
STEPS = {"sqlite": 1, "postgresql": 3}

#: No migration writes with so many statements; a test that came this far would never end.
MANY = 100


def migrate(url: str, *steps: tuple[str, str]) -> str:
    """Run the steps, such as ``("upgrade", "head")``, on the database at the URL, and return the URL."""
    with open_storage(url) as storage:
        for command, to in steps:
            getattr(storage.migrations, command)(to)
    return url


def with_rows(url: str, revision: str) -> str:
    """Bring an empty database to a revision, with rows that were written at 0001."""
    migrate(url, ("upgrade", "0001"))
    execute(url, "INSERT INTO engine (title) VALUES ('Raptor'), (NULL), ('Merlin'), ('Vulcain')")
    execute(url, "DELETE FROM engine WHERE id = 3")
    return migrate(url, ("upgrade", revision))


@pytest.mark.parametrize("sql_kind", ["sqlite", "postgresql"])
def test_where_a_transaction_holds_it_together_a_kill_leaves_all_as_it_was(sql_kind, make_database):
    url, other = (with_rows(make_database(sql_kind), "0001") for _ in range(2))
    for command, to in [("upgrade", "head"), ("downgrade", "0001")]:
        before, wanted = snapshot(url), snapshot(migrate(other, (command, to)))
        writes = 0
        while writes < MANY and is_killed(url, command, to, writes):
            assert snapshot(url) == before, f"killed before the write {writes + 1} of {command}"
            writes += STEPS[sql_kind]
        assert 1 < writes < MANY
        assert snapshot(url) == wanted


@pytest.mark.parametrize(
    ("revision", "killed", "then", "step"),
    [
        (None, ("upgrade", "0002"), ("upgrade", "0002"), 1),
        ("0002", ("upgrade", "head"), ("upgrade", "head"), 1),
        ("head", ("downgrade", "0001"), ("downgrade", "0001"), 1),
        # Whoever comes next ends what was begun in the same way, so that every third statement will do.
        ("0002", ("upgrade", "head"), ("downgrade", "0001"), 3),
        ("head", ("downgrade", "0001"), ("upgrade", "head"), 3),
    ],
    ids=[
        "a first upgrade is continued",
        "an upgrade is continued",
        "a downgrade is continued",
        "an upgrade is followed by a downgrade",
        "a downgrade is followed by an upgrade",
    ],
)
@pytest.mark.parametrize("sql_kind", MYSQL_KINDS)
def test_where_each_statement_commits_the_next_one_goes_on(sql_kind, make_database, revision, killed, then, step):
    def database() -> str:
        url = make_database(sql_kind)
        return url if revision is None else with_rows(url, revision)

    # Killed before its first write it has not begun; from then on the next one takes it to its end first.
    wanted = [snapshot(migrate(database(), then)), snapshot(migrate(database(), killed, then))]
    writes, survived = 0, False
    while writes < MANY and not survived:
        url = database()
        survived = not is_killed(url, *killed, writes)
        assert snapshot(migrate(url, then)) == wanted[writes > 0], f"killed before the write {writes + 1}"
        writes += step
    assert 2 < writes < MANY


@pytest.mark.parametrize("sql_kind", MYSQL_KINDS)
def test_the_command_leaves_what_was_begun_to_those_who_can_end_it(sql_kind, make_database):
    url = with_rows(make_database(sql_kind), "0002")
    assert is_killed(url, "upgrade", "head", 3)
    before = snapshot(url)
    done = run_alembic(url, "downgrade", "0001")
    assert done.returncode != 0
    assert "a migration was killed before its end: run `flask db upgrade`" in done.stdout + done.stderr
    assert snapshot(url) == before
