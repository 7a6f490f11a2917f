"""The migrations of an SQL database: Alembic's, under a lock of ours."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import Script, ScriptDirectory
from sqlalchemy import Connection, MetaData, column, inspect, select, table, update

from storage.errors import Invalid
from storage.migrations import (
    WITHDRAWN,
    MigrationsInFiles,
    check_module,
    import_fault,
    misnumbered,
    number_before,
    scripts_folder,
    sql_folder,
)
from storage.sql.errors import translated
from storage.sql.interrupted_migration import find_begun, forget_begun, note_begun
from storage.sql.inventory import find_entities
from storage.sql.migration_lock import sole_upgrader
from storage.sql.schema_drift import find_differences

#: Ours alone: a reader's own ``alembic_version`` is left as it is.
VERSION_TABLE = "engine_room_version"

#: What Alembic calls the state before the first revision.
BASE = "base"

# Alembic's ``op`` and ``context`` are proxies that belong to the whole process: two threads that migrate two
# databases would write into each other's.
ALEMBIC_IN_USE = threading.Lock()


class SqlMigrations(MigrationsInFiles):
    """See ``Migrations`` for what each method promises.

    ``connect`` gives a connection in autocommit, whose statements may take as long as they need, for the
    length of a block; ``look`` one of the pool. ``metadata`` holds the tables as the code wants them.
    """

    def __init__(
        self,
        connect: Callable[[], AbstractContextManager[Connection]],
        look: Callable[[], AbstractContextManager[Connection]],
        metadata: MetaData,
    ) -> None:
        self.folder = sql_folder()
        self.connect = connect
        self.look = look
        self.metadata = metadata

    def load_scripts(self) -> Sequence[Script]:
        """Import the revisions and return them, newest first; ``Invalid`` names one that cannot be run."""
        names = [file.name for file in self.checked_files()]
        try:
            scripts = list(ScriptDirectory.from_config(self.config()).walk_revisions())
        except Exception as error:  # a revision may raise anything
            raise import_fault(error, names) from error
        for script in scripts:
            name = Path(script.path).name
            check_module(name, script.module)
            if (script.revision, script.down_revision) != (name[:4], number_before(name)):
                raise misnumbered(name)
        return scripts

    def current(self) -> str | None:
        """Return what the version table records, without Alembic: every start asks for it."""
        with translated(), self.look() as connection:
            return recorded_revision(connection)

    def upgrade(self, to: str = "head") -> None:
        """Run the revisions; in one transaction where the engine can, else each step asks if it is done."""
        target = self.resolve(to)
        with self.connected() as connection:
            if self.is_done(connection, target):
                return
        with self.exclusive() as connection:
            self.end_begun(connection)
            # Somebody else may have upgraded while we waited, even to a release that is newer than ours.
            if not self.is_done(connection, target):
                self.migrate(connection, target)

    def downgrade(self, to: str) -> None:
        """Undo the revisions as ``upgrade`` runs them."""
        target = BASE if to == BASE else self.resolve(to)
        with self.exclusive() as connection:
            self.end_begun(connection)
            if self.applied(recorded_revision(connection)) > self.applied(target):
                self.migrate(connection, target)

    def stamp(self, revision: str) -> None:
        """Replace what the version table records, whatever it was."""
        target = self.resolve(revision)
        self.load_scripts()
        with self.exclusive() as connection:
            self.run(connection, command.stamp, target, purge=True)
            forget_begun(connection)

    def withdraw(self) -> bool:
        """Write over what the version table records."""
        head = self.resolve("head")
        with self.exclusive() as connection:
            found = recorded_revision(connection)
            if found not in (WITHDRAWN, head):
                raise self.out_of_date(found)
            record(connection, WITHDRAWN)
            return found != WITHDRAWN

    def reinstate(self) -> None:
        """Write the head revision over what ``withdraw`` has written, in one statement."""
        head = self.resolve("head")
        with self.exclusive() as connection:
            if recorded_revision(connection) == WITHDRAWN:
                record(connection, head)

    def differences(self) -> Sequence[str]:
        """Compare with the code's tables, and with the limits that the revisions say they set."""
        limits: set[str] = set()
        with self.connected() as connection:
            for script in self.load_scripts():
                limits.update(getattr(script.module, "LIMITS", {}).get(connection.dialect.name, ()))
            return find_differences(connection, self.metadata, limits)

    def stored_entities(self) -> Sequence[str]:
        """Look at the high-water marks: rows of a table, or sequences."""
        with translated(), self.look() as connection:
            return find_entities(connection)

    def applied(self, revision: str | None) -> int:
        """Return how many revisions of the history that one includes; ``SchemaOutOfDate`` if it is not ours."""
        known = [BASE, *(one.id for one in self.checked_history)]
        if (revision or BASE) not in known:
            raise self.out_of_date(revision)
        return known.index(revision or BASE)

    @contextmanager
    def connected(self) -> Iterator[Connection]:
        """Give a connection of its own, whose errors are translated."""
        with translated(), self.connect() as connection:
            yield connection

    @contextmanager
    def exclusive(self) -> Iterator[Connection]:
        """Give a connection while nobody else upgrades; what was done is kept if the block is left cleanly."""
        try:
            with self.connected() as connection, sole_upgrader(connection):
                yield connection
        except ValueError as error:
            # How a revision, which knows nothing of us, refuses what it finds.
            raise Invalid({"database": str(error)}) from error

    def is_done(self, connection: Connection, target: str) -> bool:
        """Return whether an upgrade to the target has nothing to do."""
        is_reached = self.applied(recorded_revision(connection)) >= self.applied(target)
        return is_reached and find_begun(connection) is None

    def end_begun(self, connection: Connection) -> None:
        """Finish an interrupted migration."""
        target = find_begun(connection)
        if target is not None:
            self.load_scripts()
            self.move(connection, target)
            forget_begun(connection)

    def migrate(self, connection: Connection, target: str) -> None:
        """Go to a revision or to ``base``, and have that written down for as long as it takes."""
        self.load_scripts()
        note_begun(connection, target)
        try:
            self.move(connection, target)
        except ValueError:
            # How a revision refuses, before it changes anything.
            forget_begun(connection)
            raise
        forget_begun(connection)

    def move(self, connection: Connection, target: str) -> None:
        """Go up or down."""
        found, wanted = self.applied(recorded_revision(connection)), self.applied(target)
        if found != wanted:
            self.run(connection, command.upgrade if found < wanted else command.downgrade, target)

    def run(self, connection: Connection, alembic_command: Callable[..., None], to: str, **options: bool) -> None:
        """Run a command of Alembic on the connection; it is the folder's ``env.py`` that takes it up."""
        config = self.config()
        config.attributes |= {"connection": connection, "metadata": self.metadata}
        with ALEMBIC_IN_USE:
            alembic_command(config, to, **options)

    def config(self) -> Config:
        """Return Alembic's configuration, made here: there is no ``alembic.ini``."""
        config = Config()
        config.set_main_option("script_location", str(scripts_folder()).replace("%", "%%"))
        return config


def recorded_revision(connection: Connection) -> str | None:
    """Return the revision that the version table records, ``None`` where there is no table or no row."""
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    return connection.scalar(select(column("version_num")).select_from(table(VERSION_TABLE)))


def record(connection: Connection, revision: str) -> None:
    """Write over what the version table records."""
    connection.execute(update(table(VERSION_TABLE, column("version_num"))).values(version_num=revision))
