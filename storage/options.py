"""How a database is opened: sizes and times, the same names on every backend."""

from __future__ import annotations

from dataclasses import dataclass

from storage.errors import Invalid

#: The server gives up a little before the client does, so that a slow statement ends with an answer.
SERVER_SHARE = 0.95

NUMBERS = ("pool_size", "connect_timeout", "timeout", "lock_timeout")


@dataclass(frozen=True, slots=True)
class Options:
    """The options of ``open_storage``; times in seconds.

    ``pool_size``: connections kept at most. ``connect_timeout``: how long opening one may take, and how long
    a call waits for one of the pool. ``timeout``: how long a statement may go without an answer.
    ``lock_timeout``: how long a statement waits for a lock that another holds. ``prepared_statements``: whether
    statements may be prepared on the server, which a pooler in transaction mode would hand to other clients.
    """

    pool_size: int = 5
    connect_timeout: float = 5.0
    timeout: float = 30.0
    lock_timeout: float = 5.0
    prepared_statements: bool = True

    def __post_init__(self) -> None:
        problems = {}
        if self.prepared_statements not in (True, False):
            problems["prepared_statements"] = "must be True or False"
        for name in NUMBERS:
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, (int, float)) or not value > 0:
                problems[name] = "must be a number above 0"
        if "pool_size" not in problems and self.pool_size != int(self.pool_size):
            problems["pool_size"] = "must be a whole number"
        if problems:
            raise Invalid(problems)


def milliseconds(seconds: float) -> int:
    """Return whole milliseconds, at least one: 0 would mean no bound."""
    return max(1, round(seconds * 1000))
