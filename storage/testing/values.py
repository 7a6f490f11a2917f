"""Input that a repository must refuse, and ids that nothing has."""

from __future__ import annotations

from typing import Any

LARGEST = 2**63 - 1

#: Whole numbers that are the id of no entity in an emptied repository; the last four can be that of none at all.
MISSING_IDS = (LARGEST, 0, -1, LARGEST + 1, 2**70)

#: What is no whole number, in the shapes that arrive from JSON, from a URL and from a slip.
NO_NUMBERS: tuple[Any, ...] = (True, 1.0, "1", b"1", None, {"$gt": ""}, [1], float("nan"))

NO_IDS = NO_NUMBERS

NO_VERSIONS: tuple[Any, ...] = (0, -1, LARGEST + 1, *(value for value in NO_NUMBERS if value is not None))

NO_MARKS: tuple[Any, ...] = (-1, LARGEST + 1, 2**70, *NO_NUMBERS)

NO_LIMITS: tuple[Any, ...] = (0, -1, 1001, 2**70, *NO_NUMBERS)
