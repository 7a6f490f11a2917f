from __future__ import annotations

import pytest

from storage.batches import batched


@pytest.mark.parametrize(("number", "lengths"), [(0, []), (1, [1]), (3, [3]), (4, [3, 1]), (6, [3, 3]), (7, [3, 3, 1])])
def test_items_come_in_lists_of_a_size(number: int, lengths: list[int]) -> None:
    batches = list(batched(iter(range(number)), 3))
    assert [len(batch) for batch in batches] == lengths
    assert [item for batch in batches for item in batch] == list(range(number))
