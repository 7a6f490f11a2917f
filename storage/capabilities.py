"""What a backend may or may not be able to do, each in one sentence.

Few and named: what is not here, every backend can. Lacking one raises ``Unsupported``.
"""

from __future__ import annotations

from enum import Enum

from storage.errors import Unsupported


class Capability(Enum):
    """A named ability; its value is the sentence that says what it means."""

    TRANSACTIONS = "several writes become visible together, or none of them does"
    SNAPSHOT = "a read-only unit sees one committed state while others write"


def unsupported(capability: Capability, found: str, mend: str) -> Unsupported:
    """Return the refusal: what was wanted, what was found instead, and how to mend it."""
    return Unsupported(f"{capability.name.lower()} ({capability.value}) is not supported by {found}: {mend}")
