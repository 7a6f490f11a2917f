"""Every row is read, also beside those that cannot be."""

from __future__ import annotations

import pytest

from storage import Invalid, Repository, Storage
from storage.transfer.rows import Unreadable, is_readable, rows
from tests.transfer.planting import change, remove
from tests.transfer.samples import engines

FAR = 2**31 - 1


@pytest.fixture
def faulty(source: Storage) -> Storage:
    """Four engines, the third of which cannot be read."""
    source.engines.put_many([*engines(3), *engines(1, first=FAR)])
    change(source, 3, "last_fired", "yesterday")
    return source


def test_an_unreadable_row_has_its_place_among_the_others(faulty: Storage) -> None:
    found = list(rows(faulty.engines))
    assert [row.id for row in found] == [1, 2, 3, FAR]
    assert [type(row) is Unreadable for row in found] == [False, False, True, False]


def test_what_was_found_to_be_readable_is_not_read_again(faulty: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    read = 0

    def watched(repository: Repository[object], first: int, last: int) -> bool:
        nonlocal read
        assert first > read
        readable = is_readable(repository, first, last)
        read = last if readable else read
        return readable

    monkeypatch.setattr("storage.transfer.rows.is_readable", watched)
    assert [row.id for row in rows(faulty.engines)] == [1, 2, 3, FAR]


def test_a_row_that_is_repaired_while_it_is_looked_for_is_no_unreadable_one(
    faulty: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def repaired(repository: Repository[object], first: int, last: int) -> bool:
        change(faulty, 3, "last_fired", None)
        return is_readable(repository, first, last)

    monkeypatch.setattr("storage.transfer.rows.is_readable", repaired)
    assert [(row.id, type(row) is Unreadable) for row in rows(faulty.engines)] == [
        (1, False), (2, False), (3, False), (FAR, False),
    ]  # fmt: skip


def test_a_row_that_is_deleted_while_it_is_looked_for_is_none(faulty: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    def deleted(repository: Repository[object], first: int, last: int) -> bool:
        remove(faulty, 3)
        return is_readable(repository, first, last)

    monkeypatch.setattr("storage.transfer.rows.is_readable", deleted)
    assert [row.id for row in rows(faulty.engines)] == [1, 2, FAR]


@pytest.mark.parametrize("id", [-3, "three"])
def test_an_unreadable_row_that_no_id_leads_to_is_told(faulty: Storage, id: object) -> None:
    change(faulty, 3, "id", id)
    with pytest.raises(Invalid, match="one cannot be read"):
        list(rows(faulty.engines))
