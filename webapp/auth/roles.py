"""The roles that a caller can have."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """What a caller may do; who may write may read."""

    READ = "read"
    WRITE = "write"

    def includes(self, other: Role) -> bool:
        """Return whether who has this role may do what asks for the other one."""
        return self is Role.WRITE or other is Role.READ
