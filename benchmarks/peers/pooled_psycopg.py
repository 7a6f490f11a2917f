"""psycopg from many threads: a queue of connections is its pool, and by hand nothing is shorter."""

from __future__ import annotations

from queue import LifoQueue

from benchmarks.peers.with_psycopg import WithPsycopg

UPDATE = """UPDATE engine SET thrust = %s, version = version + 1 WHERE id = %s AND version = %s
RETURNING title, thrust, last_fired, id, version"""


class PooledPsycopg:
    """The mixed load by hand."""

    def __init__(self, url: str, size: int) -> None:
        self.idle: LifoQueue[WithPsycopg] = LifoQueue()
        self.all = [WithPsycopg(url.replace("+psycopg", "")) for _ in range(size)]
        for one in self.all:
            self.idle.put(one)

    def get(self, id: int) -> object:
        """Get one engine."""
        one = self.idle.get()
        try:
            return one.get(id)
        finally:
            self.idle.put(one)

    def page(self) -> object:
        """Read a page."""
        one = self.idle.get()
        try:
            return one.page(0)
        finally:
            self.idle.put(one)

    def update(self, id: int, thrust: int) -> bool:
        """Change one engine at the version that was read; say whether nobody was faster."""
        version = self.get(id).version  # type: ignore[attr-defined]
        one = self.idle.get()
        try:
            return one.execute(UPDATE, (thrust, id, version)).fetchone() is not None
        finally:
            self.idle.put(one)

    def close(self) -> None:
        """Close all of them."""
        for one in self.all:
            one.close()
