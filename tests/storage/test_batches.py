from __future__ import annotations

import pytest

from storage.batches import batched
from storage.entity import by_row, sliced_by_bytes


@pytest.mark.parametrize(("number", "lengths"), [(0, []), (1, [1]), (3, [3]), (4, [3, 1]), (6, [3, 3]), (7, [3, 3, 1])])
def test_items_come_in_lists_of_a_size(number: int, lengths: list[int]) -> None:
    batches = list(batched(iter(range(number)), 3))
    assert [len(batch) for batch in batches] == lengths
    assert [item for batch in batches for item in batch] == list(range(number))


@pytest.mark.parametrize(
    ("limit", "lengths"),
    [(1, [1, 1, 1]), (1000, [3]), (116, [3]), (115, [2, 1]), (76, [2, 1]), (75, [1, 1, 1])],
)
def test_rows_come_in_columns_of_a_number_of_bytes(limit: int, lengths: list[int]) -> None:
    """A row that is larger by itself comes alone."""
    # As literals these take 40, 36 and 40 bytes.
    columns: dict[str, list[object]] = {"title": ["\U0001f680" * 4, "a" * 14, None]}
    slices = list(sliced_by_bytes(columns, limit))
    assert [len(one["title"]) for one in slices] == lengths
    assert [row for one in slices for row in by_row(one)] == list(by_row(columns))
