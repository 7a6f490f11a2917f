"""Every limit value through every ordered pair of the four databases."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import permutations

import pytest

from storage import Storage, open_storage
from storage.transfer import Choice
from storage.transfer.copying import delete_rows
from tests.servers import KINDS
from tests.transfer.everything import copy, verify
from tests.transfer.samples import all_rows, fill_with_limits


@pytest.fixture(scope="module")
def opened(make_database: Callable[[str], str]) -> Iterator[dict[str, tuple[Storage, Storage]]]:
    """Two storages of each kind: one full, one to copy to."""
    storages: dict[str, tuple[Storage, Storage]] = {}
    for kind in KINDS:
        full, other = (open_storage(make_database(kind)) for _ in range(2))
        for storage in (full, other):
            storage.migrations.upgrade()
        fill_with_limits(full)
        storages[kind] = full, other
    yield storages
    for full, other in storages.values():
        full.close()
        other.close()


@pytest.mark.parametrize(("start", "end"), list(permutations(KINDS, 2)))
def test_limit_values_arrive_as_they_are(opened: dict[str, tuple[Storage, Storage]], start: str, end: str) -> None:
    source, destination = opened[start][0], opened[end][1]
    for description in destination.descriptions.values():
        repository = destination.repository(description.type)
        delete_rows(repository, list(repository.scan()))
    copy(source, destination, Choice(delete=True, overwrite=True))
    assert verify(source, destination).differing() == 0
    assert all_rows(destination) == all_rows(source)
