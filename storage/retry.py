"""Running again what another was in the way of."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import TypeVar

from storage.errors import Invalid, StorageError

R = TypeVar("R")

LONGEST_PAUSE = 0.5
FIRST_PAUSE = 0.005


def again(function: Callable[[], R], *errors: type[StorageError], attempts: int) -> R:
    """Run the function, at most ``attempts`` times, until it raises none of the errors; return its result.

    The pauses between are of random length and grow, so that two who met do not meet again.
    """
    for attempt in range(1, attempts + 1):
        try:
            return function()
        except errors:
            if attempt == attempts:
                raise
        longest = min(LONGEST_PAUSE, FIRST_PAUSE * 2**attempt)
        time.sleep(random.uniform(0, longest))  # noqa: S311 - jitter, not a secret
    raise Invalid({"attempts": "must be at least 1"})
