"""How much the tests try: what notices a fault soon, and with ``TEST_LONG=1``, as ``make test-long`` has it, all of it.

What is tried less by default comes from a seed, so that a run repeats the one before on the same code.
"""

from __future__ import annotations

import os

#: Whether to try all.
LONG = bool(os.environ.get("TEST_LONG"))

#: Bad requests of each kind: a generator of one has some dozens of ways to be wrong.
BAD_REQUESTS = 10_000 if LONG else 1_000
