"""psycopg by hand: one connection in autocommit, statements that it prepares by itself, COPY for what is many."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC

import psycopg

from storage import Engine

COLUMNS = "title, thrust, last_fired, id, version"
GET = f"SELECT {COLUMNS} FROM engine WHERE id = %s"
PAGE = f"SELECT {COLUMNS} FROM engine WHERE id > %s ORDER BY id LIMIT 100"
ADD = "INSERT INTO engine (title, title_key, thrust, last_fired, version) VALUES (%s, %s, %s, %s, 1) RETURNING id"
COPY = "COPY engine (title, title_key, thrust, last_fired, version) FROM STDIN (FORMAT binary)"
COPY_ALL = "COPY engine (title, title_key, thrust, last_fired, version, id) FROM STDIN (FORMAT binary)"
TYPES = ["varchar", "varchar", "int4", "timestamp", "int8"]


class WithPsycopg:
    """See ``Peer``."""

    name = "psycopg"

    def __init__(self, url: str) -> None:
        self.connection = psycopg.connect(url, autocommit=True)
        self.execute = self.connection.execute

    def get(self, id: int) -> Engine:
        """Select by id."""
        title, thrust, fired, id, version = self.execute(GET, (id,)).fetchone()
        return Engine(title, thrust, fired and fired.replace(tzinfo=UTC), id, version)

    def page(self, after: int) -> list[Engine]:
        """Select behind an id."""
        return [
            Engine(title, thrust, fired and fired.replace(tzinfo=UTC), id, version)
            for title, thrust, fired, id, version in self.execute(PAGE, (after,))
        ]

    def add(self, engine: Engine) -> Engine:
        """Insert, with the id that the sequence gives."""
        title, fired = engine.title, engine.last_fired
        values = (title, title.casefold(), engine.thrust, fired and fired.replace(tzinfo=None))
        [id] = self.execute(ADD, values).fetchone()
        return Engine(title, engine.thrust, fired, id, 1)

    def add_many(self, engines: Sequence[Engine]) -> None:
        """COPY; no ids come back."""
        with self.connection.cursor() as cursor, cursor.copy(COPY) as copy:
            copy.set_types(TYPES)
            for one in engines:
                fired = one.last_fired
                copy.write_row((one.title, one.title.casefold(), one.thrust, fired and fired.replace(tzinfo=None), 1))

    def put_many(self, engines: Sequence[Engine]) -> None:
        """COPY, ids and versions included."""
        with self.connection.cursor() as cursor, cursor.copy(COPY_ALL) as copy:
            copy.set_types([*TYPES, "int8"])
            for one in engines:
                fired = one.last_fired
                fired = fired and fired.replace(tzinfo=None)
                copy.write_row((one.title, one.title.casefold(), one.thrust, fired, one.version, one.id))

    def empty(self) -> None:
        """Take all rows away."""
        self.execute("TRUNCATE engine")
        self.execute("CHECKPOINT")

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()
