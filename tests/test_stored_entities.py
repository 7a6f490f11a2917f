"""A database names all entities that it stores, whatever the storage was opened with."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from storage import Engine, Storage, open_storage
from tests.probe import Probe
from tests.probe_places import make_probes
from tests.servers import KINDS
from tests.sql.plain import execute

OURS = ["api_token", "engine", "idempotency_key", "sign_in"]


@pytest.fixture(params=KINDS)
def url(request: pytest.FixtureRequest, make_database: Callable[[str], str]) -> str:
    return make_database(request.param)


@pytest.fixture
def storage(url: str) -> Iterator[Storage]:
    """A storage opened with the built-in entities."""
    with open_storage(url) as opened:
        yield opened


def make_room_for_probes(url: str) -> None:
    with open_storage(url, entities=[Engine, Probe]) as other:
        other.migrations.upgrade()
        make_probes(other)


def test_an_empty_database_stores_no_entity(storage: Storage) -> None:
    assert storage.migrations.stored_entities() == []


def test_an_entity_of_another_application_is_named(storage: Storage, url: str) -> None:
    make_room_for_probes(url)
    assert storage.migrations.stored_entities() == sorted([*OURS, "probe"])
    assert storage.migrations.unknown_entities(OURS) == ["probe"]


def test_entities_are_named_by_a_storage_that_was_opened_with_none(url: str) -> None:
    make_room_for_probes(url)
    with open_storage(url, entities=[]) as storage:
        assert storage.migrations.stored_entities() == sorted([*OURS, "probe"])


def test_an_entity_whose_revision_was_undone_is_not_named(storage: Storage) -> None:
    storage.migrations.upgrade()
    storage.migrations.downgrade("0003")
    assert storage.migrations.stored_entities() == ["engine"]


@pytest.mark.parametrize(
    "columns",
    [
        "id serial PRIMARY KEY, version bigint NOT NULL",
        "id bigserial PRIMARY KEY",
        "id bigint, version bigint NOT NULL",
    ],
    ids=["short ids", "no version", "no sequence"],
)
def test_a_neighbours_table_on_postgresql_is_no_entity(make_database: Callable[[str], str], columns: str) -> None:
    url = make_database("postgresql")
    execute(url, f"CREATE TABLE neighbour ({columns})")
    with open_storage(url) as storage:
        storage.migrations.upgrade()
        assert storage.migrations.stored_entities() == OURS
