"""Migrations that are killed before any of their writes, and continued, or turned round, by the next."""

import signal
from itertools import count

import pytest

from storage import open_storage
from storage.mongo.migration_lock import LOCK
from tests.databases import mongo_client
from tests.mongo.children import exit_code, killed_before, started, with_short_lease

OLD = [{"_id": 1, "title": "Raptor", "thrust": 2300}, {"_id": 2, "title": None}, {"_id": 7, "title": "Merlin"}]


def state(url):
    """Return all that a migration leaves: documents, record, validator and indexes; the lock and moments aside."""
    with mongo_client(url) as client:
        database = client.get_default_database()
        names = sorted(set(database.list_collection_names()) - {LOCK})
        documents = {name: list(database[name].find({}, {"at": False}).sort("_id")) for name in names}
        found = {name: (database[name].options(), database[name].index_information()) for name in names}
        return documents, {
            name: (options.get("validator") or {}, indexes) for name, (options, indexes) in found.items()
        }


def prepare_0001(url):
    """Leave a database at 0001 with documents in it."""
    with open_storage(url) as storage, mongo_client(url) as client:
        storage.migrations.upgrade("0001")
        client.get_default_database()["engine"].insert_many(OLD)


def prepare_head(url):
    """Leave a database at the newest revision with documents in it."""
    prepare_0001(url)
    with open_storage(url) as storage:
        storage.migrations.upgrade()


def prepare_nothing(url):
    """Leave a database empty."""


def upgrade_to_0001(storage):
    storage.migrations.upgrade("0001")


def upgrade(storage):
    storage.migrations.upgrade()


def downgrade_to_0002(storage):
    storage.migrations.downgrade("0002")


def downgrade_to_0001(storage):
    storage.migrations.downgrade("0001")


def downgrade_to_base(storage):
    storage.migrations.downgrade("base")


def attempts(make_database, prepare, migrate):
    """Yield databases on which a child was killed before its first write, its second, until one survived."""
    for number in count(1):
        url = make_database("mongodb")
        prepare(url)
        code = exit_code(started(killed_before, number, url, migrate))
        assert code in (0, -signal.SIGKILL)
        yield number, url
        if code == 0:
            return


def finish(url, migrate):
    """Migrate in this process, after a child was killed."""
    with open_storage(url) as storage:
        with_short_lease(storage)
        migrate(storage)


CASES = {
    "the collection made": (prepare_nothing, upgrade_to_0001),
    "documents upgraded": (prepare_0001, upgrade),
    "documents downgraded": (prepare_head, downgrade_to_0001),
    "the collection removed": (prepare_0001, downgrade_to_base),
}


@pytest.mark.parametrize(("prepare", "migrate"), CASES.values(), ids=CASES)
def test_a_migration_killed_before_any_command_is_continued_by_the_next(make_database, prepare, migrate):
    undisturbed = make_database("mongodb")
    prepare(undisturbed)
    finish(undisturbed, migrate)
    for number, url in attempts(make_database, prepare, migrate):
        finish(url, migrate)
        assert state(url) == state(undisturbed), f"killed before write {number}"
    assert number > 5


def test_a_downgrade_killed_before_any_command_can_be_turned_round(make_database):
    undisturbed = make_database("mongodb")
    prepare_head(undisturbed)
    for number, url in attempts(make_database, prepare_head, downgrade_to_0002):
        finish(url, upgrade)
        assert state(url) == state(undisturbed), f"killed before write {number}"
    assert number > 5
