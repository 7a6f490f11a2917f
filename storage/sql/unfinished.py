"""What a killed migration was bound for, on engines that commit each statement by itself.

There a kill leaves a database between two revisions, and whoever comes next, whichever way it is bound, must
first go where the killed one was going. Elsewhere a transaction undoes it, and nothing is written down.
"""

from __future__ import annotations

from sqlalchemy import Column, Connection, MetaData, String, Table, insert, inspect, select

COMMITS_EACH_STATEMENT = ("mysql", "mariadb")

BEGUN = Table(
    "engine_room_begun",
    MetaData(),
    Column("target", String(32), nullable=False),
    mysql_engine="InnoDB",
    mariadb_engine="InnoDB",
)


def find_begun(connection: Connection) -> str | None:
    """Return the revision, or ``base``, that a killed migration was bound for."""
    if connection.dialect.name not in COMMITS_EACH_STATEMENT or not inspect(connection).has_table(BEGUN.name):
        return None
    return connection.scalar(select(BEGUN.c.target))


def note_begun(connection: Connection, target: str) -> None:
    """Write down where a migration is bound for, before its first step."""
    if connection.dialect.name in COMMITS_EACH_STATEMENT:
        BEGUN.create(connection, checkfirst=True)
        connection.execute(insert(BEGUN).values(target=target))


def forget_begun(connection: Connection) -> None:
    """Have it forgotten: it has arrived, or was refused before it changed anything."""
    if connection.dialect.name in COMMITS_EACH_STATEMENT:
        BEGUN.drop(connection, checkfirst=True)
