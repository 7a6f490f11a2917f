"""PyMySQL by hand: one connection in autocommit."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC
from urllib.parse import urlsplit

import pymysql

from storage import Engine

COLUMNS = "title, thrust, last_fired, id, version"
GET = f"SELECT {COLUMNS} FROM engine WHERE id = %s"
PAGE = f"SELECT {COLUMNS} FROM engine WHERE id > %s ORDER BY id LIMIT 100"
ADD = "INSERT INTO engine (title, title_key, thrust, last_fired, version) VALUES (%s, %s, %s, %s, 1)"
#: The server gives the ids, as whoever writes by hand would have it.
TABLE = """
CREATE TABLE engine (id bigint AUTO_INCREMENT PRIMARY KEY, title varchar(128) NOT NULL, title_key varchar(384) NOT NULL,
    thrust int NOT NULL, last_fired datetime(3), version bigint NOT NULL, KEY (title, id), KEY (title_key, id),
    KEY (thrust, id), KEY (last_fired, id)) CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin
"""


class WithPyMySQL:
    """See ``Peer``."""

    name = "PyMySQL"

    def __init__(self, url: str) -> None:
        address = urlsplit(url)
        self.connection = pymysql.connect(
            host=address.hostname, port=address.port, user=address.username, database=address.path[1:],
            charset="utf8mb4", autocommit=True,
        )  # fmt: skip
        self.cursor = self.connection.cursor()
        self.cursor.execute(TABLE)

    def get(self, id: int) -> Engine:
        """Select by id."""
        self.cursor.execute(GET, (id,))
        title, thrust, fired, id, version = self.cursor.fetchone()
        return Engine(title, thrust, fired and fired.replace(tzinfo=UTC), id, version)

    def page(self, after: int) -> list[Engine]:
        """Select behind an id."""
        self.cursor.execute(PAGE, (after,))
        return [
            Engine(title, thrust, fired and fired.replace(tzinfo=UTC), id, version)
            for title, thrust, fired, id, version in self.cursor.fetchall()
        ]

    def add(self, engine: Engine) -> Engine:
        """Insert, with the id that the server gives."""
        self.cursor.execute(ADD, row(engine))
        return Engine(engine.title, engine.thrust, engine.last_fired, self.cursor.lastrowid, 1)

    def add_many(self, engines: Sequence[Engine]) -> None:
        """Insert in one transaction, as many rows a statement as the driver finds good; no ids come back."""
        self.cursor.execute("START TRANSACTION")
        self.cursor.executemany(ADD, [row(one) for one in engines])
        self.cursor.execute("COMMIT")

    def empty(self) -> None:
        """Take all rows away."""
        self.cursor.execute("TRUNCATE engine")

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()


def row(engine: Engine) -> tuple[object, ...]:
    """Return the columns of an engine."""
    fired = engine.last_fired
    return engine.title, engine.title.casefold(), engine.thrust, fired and fired.replace(tzinfo=None)
