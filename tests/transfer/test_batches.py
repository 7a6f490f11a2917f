"""Rows move in batches that are bounded by their bytes, as far as these are declared, and not by their number alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from storage import Engine, Storage, batches, open_storage
from storage.entity import describe
from storage.transfer import Choice, backing_up, backup, check, copy, verify, verifying
from tests.transfer.samples import engines

#: Of these rows, a batch of the tests takes so many.
AT_ONCE = 40
ROWS = 100


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "BATCH_BYTES", AT_ONCE * describe(Engine).widest_row)


@pytest.fixture
def pair(make_database: Callable[[str], str]) -> Iterator[tuple[Storage, Storage]]:
    with open_storage(make_database("sqlite")) as source, open_storage(make_database("sqlite")) as destination:
        for storage in (source, destination):
            storage.migrations.upgrade()
        source.engines.put_many(engines(ROWS))
        yield source, destination


def test_a_copy_writes_no_more_at_once(pair: tuple[Storage, Storage], monkeypatch: pytest.MonkeyPatch) -> None:
    source, destination = pair
    repository, sizes = type(destination.engines), []
    put_many = repository.put_many

    def noting(self: Any, entities: Any, **more: Any) -> Any:
        rows = list(entities)
        sizes.append(len(rows))
        return put_many(self, rows, **more)

    monkeypatch.setattr(repository, "put_many", noting)
    copy(source, destination)
    assert (max(sizes), sum(sizes)) == (AT_ONCE, ROWS)


def test_a_copy_deletes_no_more_at_once(pair: tuple[Storage, Storage], monkeypatch: pytest.MonkeyPatch) -> None:
    source, destination = pair
    sizes = []
    monkeypatch.setattr("storage.transfer.copying.delete_rows", lambda _, rows: sizes.append(len(list(rows))))
    copy(destination, source, Choice(delete=True))
    assert (max(sizes), sum(sizes)) == (AT_ONCE, ROWS)


@pytest.mark.parametrize("module", [backing_up, verifying])
def test_a_backup_and_a_verification_hold_no_more_at_once(
    pair: tuple[Storage, Storage], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, module: Any
) -> None:
    source, destination = pair
    sizes, batched = [], module.batched

    def noting(items: Any, size: int) -> Iterator[list[Any]]:
        for batch in batched(items, size):
            sizes.append(len(batch))
            yield batch

    monkeypatch.setattr(module, "batched", noting)
    if module is backing_up:
        backup(source, tmp_path / "some.backup")
    else:
        verify(source, destination)
    assert (max(sizes), sum(sizes)) == (AT_ONCE, ROWS)


def test_a_check_asks_for_no_more_at_once(pair: tuple[Storage, Storage], monkeypatch: pytest.MonkeyPatch) -> None:
    source, destination = pair
    sizes: list[int] = []
    looks = "storage.transfer.checking.problems_of"
    monkeypatch.setattr(looks, lambda _, rows: sizes.append(len(rows)) or [None] * len(rows))
    check(source, destination)
    assert (max(sizes), sum(sizes)) == (AT_ONCE, ROWS)
