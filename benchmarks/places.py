"""The servers of a run: those of the tests, private and in this machine, with memory for a million rows."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from benchmarks.goals import MARIADB, MONGODB, POSTGRESQL, SQLITE
from storage import Storage, open_storage
from tests import servers


class RoomyPostgreSQL(servers.PostgreSQL):
    """PostgreSQL with a cache that holds the rows of a run."""

    def command(self) -> list[str]:
        """Return the command of the tests with more memory; statistics are what we ask for, at no other time."""
        return [*super().command(), "--shared_buffers=512MB", "--max_wal_size=4GB", "--autovacuum=off"]


class RoomyMariaDB(servers.MariaDB):
    """MariaDB with a cache that holds the rows of a run."""

    def command(self) -> list[str]:
        """Return the command of the tests with more memory."""
        return [*super().command(), "--innodb-buffer-pool-size=1G"]


class QuickMongoDB(servers.MongoDB):
    """MongoDB as in the tests; of its stand-in the build in Rust, where that is on the path.

    That one writes ten times as fast. The tests do not pass on it: a unique value that a find_one_and_update has
    taken away is not free again.
    """

    def prepare(self) -> None:
        """Choose the program."""
        super().prepare()
        quick = shutil.which("secantusd-rs")
        if self.mongod is None and quick is not None:
            self.program, self.product = quick, "SecantusDB, built in Rust"


SERVERS = {POSTGRESQL: RoomyPostgreSQL, MARIADB: RoomyMariaDB, MONGODB: QuickMongoDB}


class Places:
    """The databases of a run by place, each on a server that is started when it is first asked for."""

    def __init__(self) -> None:
        self.stack = ExitStack()
        self.folder = Path(self.stack.enter_context(tempfile.TemporaryDirectory(prefix="engine-room-")))
        self.running: dict[str, servers.PrivateServer] = {}
        self.versions: dict[str, str] = {}
        self.files = 0

    def __enter__(self) -> Places:
        return self

    def __exit__(self, *_: object) -> None:
        self.stack.close()

    def new_database(self, place: str) -> str:
        """Return the URL of an empty database."""
        if place == SQLITE:
            self.files += 1
            return f"sqlite:///{self.folder / f'engines{self.files}.db'}"
        if place not in self.running:
            self.running[place] = SERVERS[place]()
            self.stack.callback(self.running[place].close)
        return self.running[place].new_database()

    def has_planner(self, place: str) -> bool:
        """Return whether the server serves an order from an index: MongoDB's stand-in does not."""
        return place != MONGODB or self.running[place].product == "mongod"

    def is_quick(self, place: str) -> bool:
        """Return whether the server writes a million rows in minutes: MongoDB's stand-in in Python does not."""
        return place != MONGODB or self.running[place].product != "SecantusDB"

    @contextmanager
    def storage(self, place: str) -> Iterator[Storage]:
        """Give a migrated storage on an empty database, and note the server's version."""
        with open_storage(self.new_database(place)) as opened:
            opened.migrations.upgrade()
            product = self.running[place].product if place == MONGODB else ""
            self.versions[place] = f"{opened.server_version()} ({product})" if product else opened.server_version()
            yield opened
