"""What a peer can do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from storage import Engine


class Peer(Protocol):
    """A driver or a library at the same work, on the same rows."""

    name: str

    def get(self, id: int) -> Any:
        """Return an engine."""
        ...

    def page(self, after: int) -> Sequence[Any]:
        """Return the 100 engines behind an id."""
        ...

    def add(self, engine: Engine) -> Any:
        """Store a new engine and return it."""
        ...

    def close(self) -> None:
        """Let the database go."""
        ...
