"""An engine of the caller's own: used as it is, and still the caller's afterwards."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine as SqlEngine
from sqlalchemy import StaticPool, create_engine, text

from storage import Engine, open_storage
from storage.sql.urls import read_url
from tests.servers import SQL_KINDS


@pytest.fixture(params=SQL_KINDS)
def engine(request, make_database) -> Iterator[SqlEngine]:
    """An engine that SQLAlchemy made, with its defaults."""
    made = create_engine(read_url(make_database(request.param)))
    yield made
    made.dispose()


def test_it_is_migrated_and_used_through_its_own_pool(engine):
    storage = open_storage(engine)
    storage.migrations.upgrade()
    raptor = storage.engines.add(Engine("Raptor"))
    with storage.transaction() as work:
        work.engines.update(raptor.id, {"thrust": 7})
    with storage.snapshot() as work:
        assert work.engines.get(raptor.id).thrust == 7
    assert engine.pool.checkedout() == 0


def test_closing_the_storage_leaves_it_open(engine):
    with open_storage(engine) as storage:
        storage.migrations.upgrade()
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM engine")) == 0


def test_its_connections_are_transactional_again_for_their_owner(engine):
    storage = open_storage(engine)
    storage.migrations.upgrade()
    storage.engines.add(Engine("Raptor"))
    with engine.connect() as connection:
        connection.execute(text("DELETE FROM engine"))
        connection.rollback()
    assert storage.engines.count() == 1


def test_a_database_in_memory_is_possible_on_an_engine_that_keeps_its_one_connection():
    engine = create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})
    storage = open_storage(engine)
    storage.migrations.upgrade()
    assert storage.engines.add(Engine("Raptor")).id == 1
    with engine.connect() as connection:
        assert connection.scalar(text("PRAGMA legacy_alter_table")) == 0
    engine.dispose()
