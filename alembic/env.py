"""What Alembic runs around the revisions.

The library hands its own connection in, which holds the lock already. The command ``alembic`` has none: then
the address is the application's, and the library gives the connection and takes the lock.
"""

from __future__ import annotations

from alembic import context
from alembic.util import CommandError
from sqlalchemy import Connection, MetaData

from storage.sql.migrations import VERSION_TABLE
from storage.sql.schema_drift import IDS_TABLE


def run(connection: Connection, metadata: MetaData) -> None:
    """Run what was asked for; BEGIN and COMMIT belong to whoever holds the lock."""
    context.configure(
        connection=connection,
        target_metadata=metadata,
        version_table=VERSION_TABLE,
        include_name=lambda name, kind, _: kind != "table" or name in metadata.tables,
        include_object=is_compared,
    )
    context.run_migrations()


def is_compared(_item: object, name: str | None, kind: str, _reflected: bool, _other: object) -> bool:
    """Return whether `alembic check` looks at it: at columns. `flask db check` knows what each engine must have."""
    return kind in ("table", "column") and name != IDS_TABLE


def run_as_command() -> None:
    """Run on the application's database."""
    from storage import StorageError, open_storage
    from storage.flask import ConfigurationError
    from storage.sql import SqlStorage
    from storage.sql.interrupted_migration import find_begun
    from webapp.config import storage_url

    try:
        with open_storage(storage_url()) as storage:
            if not isinstance(storage, SqlStorage):
                raise CommandError(f"{storage.address} is no SQL database: use `flask db upgrade`")
            # Alembic itself only warns of one number twice, and runs one of the two.
            storage.migrations.resolve("head")
            with storage.migrations.exclusive() as connection:
                if find_begun(connection) is not None:
                    raise CommandError("a migration was killed before its end: run `flask db upgrade`, which ends it")
                run(connection, storage.migrations.metadata)
    except (ConfigurationError, StorageError) as error:
        raise CommandError(str(error)) from error


if context.is_offline_mode():
    raise CommandError("--sql is not possible here: the revisions look at the rows before they change them")
handed_in = context.config.attributes.get("connection")
if handed_in is None:
    run_as_command()
else:
    run(handed_in, context.config.attributes["metadata"])
