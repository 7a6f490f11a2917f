"""Versions, search keys, 64-bit ids, an index for each order, and limits that the database itself keeps.

The rules are copies, frozen with the revision. It is one file, and so a long one, because Alembic reads a
revision from one: the rules, the rows, the high-water mark, and then the steps of each engine, up and down.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from unicodedata import category, normalize

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

OLD_COLUMNS = {"id", "title", "thrust", "last_fired"}
NEW_COLUMNS = {"version", "title_key"}
BATCH = 1000
MOST_NAMED = 20
SMALLEST_INT64, LARGEST_INT64 = -(2**63), 2**63 - 1
SMALLEST_INT32, LARGEST_INT32 = -(2**31), 2**31 - 1

INDEXES = {
    "ix_engine_title": "title, id",
    "ix_engine_title_key": "title_key, id",
    "ix_engine_thrust": "thrust, id",
    "ix_engine_last_fired": "last_fired, id",
}
POSTGRESQL_INDEXES = INDEXES | {"ix_engine_last_fired": "last_fired NULLS FIRST, id"}

POSITIVE = {"ck_engine_id": "id >= 1", "ck_engine_version": "version >= 1"}
SERVER_TITLE = "char_length(title) >= 1 AND title = trim(title) AND NOT title {} '[[:cntrl:]]'"
MYSQL_LIMITS = POSITIVE | {
    "ck_engine_title": SERVER_TITLE.format("REGEXP"),
    "ck_engine_last_fired": "last_fired >= TIMESTAMP'1000-01-01 00:00:00'",
}
#: The names of the CHECKs, for those who look whether they are all there, and what they say.
LIMITS = {
    "postgresql": POSITIVE
    | {
        "ck_engine_title": SERVER_TITLE.format("~"),
        "ck_engine_last_fired": "last_fired BETWEEN '1000-01-01' AND '9999-12-31 23:59:59.999'",
    },
    "mysql": MYSQL_LIMITS,
    "mariadb": MYSQL_LIMITS,
    # SQLite keeps any type in any column, and its functions on text stop at a NUL.
    "sqlite": {
        "ck_engine_id": "typeof(id) = 'integer' AND id >= 1",
        "ck_engine_version": "typeof(version) = 'integer' AND version >= 1",
        "ck_engine_title": "typeof(title) = 'text' AND length(title) BETWEEN 1 AND 128 AND title = trim(title)"
        " AND instr(title, char(0)) = 0"
        " AND title NOT GLOB '*[' || char(1) || '-' || char(31) || char(127) || ']*'",
        "ck_engine_title_key": "typeof(title_key) = 'text' AND length(title_key) BETWEEN 1 AND 384",
        "ck_engine_thrust": f"typeof(thrust) = 'integer' AND thrust BETWEEN {SMALLEST_INT32} AND {LARGEST_INT32}",
        "ck_engine_last_fired": "last_fired GLOB '[1-9][0-9][0-9][0-9]-[01][0-9]-[0-3][0-9]"
        " [0-2][0-9]:[0-5][0-9]:[0-5][0-9].[0-9][0-9][0-9]'",
    },
}


def upgrade() -> None:
    connection = op.get_bind()
    UPGRADES[connection.dialect.name](connection)


def downgrade() -> None:
    connection = op.get_bind()
    DOWNGRADES[connection.dialect.name](connection)


# The rules


def title_problem(title: object) -> str | None:
    """Return what is wrong with a title, if anything; one that is missing or blank gets a name instead."""
    if title is None:
        return None
    if not isinstance(title, str):
        return f"title must be text, not {type(title).__name__}"
    if not title.strip():
        return None
    if len(title) > 128:
        return f"title must have at most 128 characters, not {len(title)}"
    refused = next((one for one in title if category(one) in ("Cc", "Cs")), None)
    if refused is not None:
        return f"title must not hold the character U+{ord(refused):04X}"
    return "title must not begin or end with a blank" if title != title.strip() else None


def thrust_problem(thrust: object) -> str | None:
    """Return what is wrong with a thrust, if anything."""
    if thrust is None or (isinstance(thrust, int) and SMALLEST_INT32 <= thrust <= LARGEST_INT32):
        return None
    return f"thrust must be a whole number from {SMALLEST_INT32} to {LARGEST_INT32}"


def moment_problem(text: object) -> str | None:
    """Return what is wrong with a moment, if anything."""
    try:
        moment(text)
    except (ValueError, TypeError, OverflowError):
        return "last_fired must be a moment in the years 1000 to 9999"
    return None


def moment(text: Any) -> datetime | None:
    """Return the moment that the text names, truncated to the millisecond, without its zone: it is UTC."""
    if text is None:
        return None
    found = datetime.fromisoformat(text)
    if found.tzinfo is not None:
        found = found.astimezone(UTC).replace(tzinfo=None)
    if found.year < 1000:
        raise ValueError(text)
    return found.replace(microsecond=found.microsecond // 1000 * 1000)


def row_problems(row: sa.Row[Any]) -> list[str]:
    """Return everything that is wrong with a row."""
    problems = [title_problem(row.title), thrust_problem(row.thrust), moment_problem(row.last_fired)]
    return ["id must be at least 1"] * (row.id < 1) + [problem for problem in problems if problem]


def as_stored(row: sa.Row[Any]) -> dict[str, Any]:
    """Return the values that take a row's place."""
    title = row.title if row.title is not None and row.title.strip() else "untitled"
    key = normalize("NFC", normalize("NFC", title).casefold())
    thrust = row.thrust if row.thrust is not None else 0
    return {"id": row.id, "title": title, "title_key": key, "thrust": thrust, "last_fired": moment(row.last_fired)}


# The rows, in batches


def batches(connection: sa.Connection) -> Iterator[Sequence[sa.Row[Any]]]:
    """Yield the old rows in id order, ``last_fired`` as text: the drivers cannot read all that the servers keep."""
    id, title, thrust, last_fired = (sa.column(name) for name in ("id", "title", "thrust", "last_fired"))
    if connection.dialect.name != "sqlite":
        last_fired = sa.cast(last_fired, sa.Text).label("last_fired")
    rows_from = sa.select(id, title, thrust, last_fired).select_from(sa.table("engine")).order_by(id).limit(BATCH)
    first = SMALLEST_INT64
    while rows := connection.execute(rows_from.where(id >= first)).all():
        yield rows
        if len(rows) < BATCH or rows[-1].id == LARGEST_INT64:
            return
        first = rows[-1].id + 1


def refuse_wrong_rows(connection: sa.Connection) -> None:
    """Raise a ``ValueError`` that names the rows which break a rule, before anything is changed."""
    found, named = 0, []
    for rows in batches(connection):
        for row in rows:
            if problems := row_problems(row):
                found += 1
                if found <= MOST_NAMED:
                    named.append(f"id {row.id}: {', '.join(problems)}")
    if found > MOST_NAMED:
        named.append(f"and {found - MOST_NAMED} more")
    if found:
        raise ValueError(f"correct these rows of engine and upgrade again: {'; '.join(named)}")


def refuse_other_columns(connection: sa.Connection, *, may_have: set[str] | None = None) -> None:
    """Raise a ``ValueError`` unless the table has the columns of revision 0002."""
    inspector = sa.inspect(connection)
    found = inspector.get_columns("engine") if inspector.has_table("engine") else []
    columns = {column["name"] for column in found} - (may_have or set())
    if columns != OLD_COLUMNS:
        raise ValueError(
            f"the table engine must have the columns {', '.join(sorted(OLD_COLUMNS))} at revision {down_revision},"
            f" not {', '.join(sorted(columns)) or 'none'}: stamp the revision it is at, or move other columns elsewhere"
        )


def refuse_encoding(found: object) -> None:
    """Raise a ``ValueError`` unless the database's text is UTF-8, which sorts by code point and keeps every title."""
    if found not in ("UTF8", "UTF-8"):
        raise ValueError(f"the database's encoding must be UTF-8, not {found}: copy the rows into a new database")


def refuse_large_ids(connection: sa.Connection, mark: int) -> None:
    """Raise a ``ValueError`` if an id or the high-water mark does not fit where revision 0002 keeps it."""
    largest = max(mark, largest_id(connection))
    if largest > LARGEST_INT32:
        raise ValueError(f"revision {down_revision} keeps ids up to {LARGEST_INT32}, and {largest} was given already")


def backfill(connection: sa.Connection) -> None:
    """Write the values that take the rows' places, a batch at a time, where the table is changed in place."""
    statement = (
        "UPDATE engine SET title = :title, title_key = :title_key, thrust = :thrust, last_fired = :last_fired"
        " WHERE id = :id"
    )
    if connection.dialect.name != "postgresql":
        # One statement for a batch: each commits by itself.
        statement = (
            "INSERT INTO engine (id, title, title_key, thrust, last_fired)"
            " VALUES (:id, :title, :title_key, :thrust, :last_fired) ON DUPLICATE KEY UPDATE title = VALUES(title),"
            " title_key = VALUES(title_key), thrust = VALUES(thrust), last_fired = VALUES(last_fired)"
        )
    for rows in batches(connection):
        connection.execute(sa.text(statement), [as_stored(row) for row in rows])


# The high-water mark, where there are no sequences


def mark_of(connection: sa.Connection, *others: int | None) -> int:
    """Return the largest id that was given or stored, as far as anything tells."""
    return max(0, *(mark or 0 for mark in (largest_id(connection), stored_mark(connection), *others)))


def raise_mark(connection: sa.Connection, *others: int | None) -> None:
    """Raise the mark in ``engine_room_ids`` to the largest id that was given or stored."""
    statement = "UPDATE engine_room_ids SET last_id = :mark WHERE entity = 'engine'"
    if stored_mark(connection) is None:
        statement = "INSERT INTO engine_room_ids (entity, last_id) VALUES ('engine', :mark)"
    connection.execute(sa.text(statement), {"mark": mark_of(connection, *others)})


def stored_mark(connection: sa.Connection) -> int | None:
    """Return the mark in ``engine_room_ids``."""
    return connection.scalar(sa.text("SELECT last_id FROM engine_room_ids WHERE entity = 'engine'"))


def largest_id(connection: sa.Connection) -> int:
    """Return the largest id that is stored."""
    return connection.scalar(sa.text("SELECT max(id) FROM engine")) or 0


# PostgreSQL


def upgrade_postgresql(connection: sa.Connection) -> None:
    """Change the table in place; the transaction keeps it from others until it ends."""
    refuse_encoding(connection.scalar(sa.text("SHOW server_encoding")))
    refuse_other_columns(connection)
    run(connection, "SET LOCAL datestyle = 'ISO'", "LOCK TABLE engine IN ACCESS EXCLUSIVE MODE")
    refuse_wrong_rows(connection)
    run(connection, 'ALTER TABLE engine ADD title_key varchar(384) COLLATE "C", ADD version bigint DEFAULT 1 NOT NULL')
    backfill(connection)
    limits = [f"ADD CONSTRAINT {name} CHECK ({limit})" for name, limit in LIMITS["postgresql"].items()]
    changes = [
        "ALTER id TYPE bigint",
        'ALTER title TYPE varchar(128) COLLATE "C"',
        "ALTER title SET NOT NULL",
        "ALTER title_key SET NOT NULL",
        "ALTER thrust SET NOT NULL",
        "ALTER last_fired TYPE timestamp(3)",
        "ALTER version DROP DEFAULT",
    ]
    run(connection, f"ALTER TABLE engine {', '.join(changes + limits)}")
    for name, columns in POSTGRESQL_INDEXES.items():
        run(connection, f"DROP INDEX IF EXISTS {name}", f"CREATE INDEX {name} ON engine ({columns})")
    widen_sequence(connection)


def widen_sequence(connection: sa.Connection) -> None:
    """Have the sequence count to 2^63-1 from above every id; altering it keeps others from taking of it."""
    found = connection.scalar(sa.text("SELECT pg_get_serial_sequence('engine', 'id')"))
    if found is None:
        run(
            connection, "CREATE SEQUENCE IF NOT EXISTS engine_id_seq", "ALTER SEQUENCE engine_id_seq OWNED BY engine.id"
        )
        run(connection, "ALTER TABLE engine ALTER id SET DEFAULT nextval('engine_id_seq')")
    elif found.rpartition(".")[2] != "engine_id_seq":
        run(connection, f"ALTER SEQUENCE {found} RENAME TO engine_id_seq")
    run(connection, "ALTER SEQUENCE engine_id_seq AS bigint INCREMENT 1 MINVALUE 1 NO MAXVALUE CACHE 1 NO CYCLE")
    largest = largest_id(connection)
    if largest > sequence_mark(connection):
        connection.execute(sa.text("SELECT setval('engine_id_seq', :largest)"), {"largest": largest})


def sequence_mark(connection: sa.Connection) -> int:
    """Return the largest id that the sequence gave."""
    row = connection.execute(sa.text("SELECT last_value, is_called FROM engine_id_seq")).one()
    return int(row.last_value) - (not row.is_called)


def downgrade_postgresql(connection: sa.Connection) -> None:
    """Change the table back in place."""
    run(connection, "LOCK TABLE engine IN ACCESS EXCLUSIVE MODE")
    # It changes nothing, but keeps others from taking of the sequence.
    run(connection, "ALTER SEQUENCE engine_id_seq CACHE 1")
    refuse_large_ids(connection, sequence_mark(connection))
    for name in INDEXES:
        run(connection, f"DROP INDEX IF EXISTS {name}")
    limits = [f"DROP CONSTRAINT IF EXISTS {name}" for name in LIMITS["postgresql"]]
    changes = [
        "DROP version",
        "DROP title_key",
        "ALTER id TYPE integer",
        'ALTER title TYPE varchar(128) COLLATE "default"',
        "ALTER title DROP NOT NULL",
        "ALTER thrust DROP NOT NULL",
        "ALTER last_fired TYPE timestamp",
    ]
    run(connection, f"ALTER TABLE engine {', '.join(limits + changes)}", "ALTER SEQUENCE engine_id_seq AS integer")


# MySQL and MariaDB: each statement commits by itself, so each asks first whether it has been run


def upgrade_mysql(connection: sa.Connection) -> None:
    """Change the table in place, while nobody else can write to it."""
    refuse_other_columns(connection, may_have=NEW_COLUMNS)
    refuse_references(connection, "BIGINT")
    refuse_other_storage(connection)
    refuse_wrong_rows(connection)
    run(
        connection,
        "CREATE TABLE IF NOT EXISTS engine_room_ids"
        " (entity VARCHAR(64) NOT NULL PRIMARY KEY, last_id BIGINT NOT NULL) ENGINE=InnoDB",
    )
    binary = f"CHARACTER SET utf8mb4 COLLATE {'utf8mb4_nopad_bin' if is_mariadb(connection) else 'utf8mb4_0900_bin'}"
    with locked_tables(connection):
        if constraints(connection):
            return
        if not has_column(connection, "title_key"):
            key = f"title_key VARCHAR(384) {binary}"
            run(connection, f"ALTER TABLE engine ADD {key}, ADD version BIGINT DEFAULT 1 NOT NULL")
        backfill(connection)
        # Before the table's own counter goes.
        raise_mark(connection, auto_increment(connection))
        finish_mysql(connection, binary)


def finish_mysql(connection: sa.Connection, binary: str) -> None:
    """Set types, limits and indexes in one statement, which happens as a whole or not at all."""
    changes = [
        "MODIFY id BIGINT NOT NULL",
        f"MODIFY title VARCHAR(128) {binary} NOT NULL",
        f"MODIFY title_key VARCHAR(384) {binary} NOT NULL",
        "MODIFY thrust INTEGER NOT NULL",
        "MODIFY last_fired DATETIME(3)",
        "MODIFY version BIGINT NOT NULL",
    ]
    changes += [f"ADD CONSTRAINT {name} CHECK ({limit})" for name, limit in MYSQL_LIMITS.items()]
    changes += [f"DROP INDEX {name}" for name in indexes(connection)]
    changes += [f"ADD INDEX {name} ({columns})" for name, columns in INDEXES.items()]
    run(connection, f"ALTER TABLE engine {', '.join(changes)}, ENGINE=InnoDB, ROW_FORMAT=DYNAMIC")


def downgrade_mysql(connection: sa.Connection) -> None:
    """Change the table back in one statement; the next id is the one above the mark, which stays."""
    refuse_references(connection, "INTEGER")
    with locked_tables(connection):
        mark = mark_of(connection)
        refuse_large_ids(connection, mark)
        if not has_column(connection, "version"):
            return
        changes = [f"DROP CONSTRAINT {name}" for name in constraints(connection)]
        changes += [f"DROP INDEX {name}" for name in indexes(connection)]
        changes += [
            "DROP version",
            "DROP title_key",
            "MODIFY id INTEGER NOT NULL AUTO_INCREMENT",
            # Not the table's own character set: it may be one that cannot hold every title.
            "MODIFY title VARCHAR(128) CHARACTER SET utf8mb4",
            "MODIFY thrust INTEGER",
            "MODIFY last_fired DATETIME(6)",
        ]
        run(connection, f"ALTER TABLE engine {', '.join(changes)}, AUTO_INCREMENT = {mark + 1}")


@contextmanager
def locked_tables(connection: sa.Connection) -> Iterator[None]:
    """Keep others from writing to the tables, which no transaction does here."""
    run(connection, "LOCK TABLES engine WRITE, engine_room_ids WRITE")
    try:
        yield
    finally:
        run(connection, "UNLOCK TABLES")


def refuse_references(connection: sa.Connection, new_type: str) -> None:
    """Raise a ``ValueError`` if another table refers to the column that is to have a new type."""
    tables = connection.scalars(
        sa.text(
            "SELECT DISTINCT table_name FROM information_schema.key_column_usage"
            " WHERE referenced_table_schema = DATABASE() AND referenced_table_name = 'engine'"
        )
    ).all()
    if tables:
        raise ValueError(
            f"foreign keys of {', '.join(tables)} refer to engine.id, which is to become {new_type}:"
            f" drop them, migrate, make their columns {new_type} and add them again"
        )


def refuse_other_storage(connection: sa.Connection) -> None:
    """Raise a ``ValueError`` for a table without transactions on a server that would refuse to change it."""
    if is_mariadb(connection) or connection.scalar(sa.text("SELECT @@GLOBAL.enforce_gtid_consistency")) != "ON":
        return
    kept_by = connection.scalar(
        sa.text(
            "SELECT engine FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = 'engine'"
        )
    )
    if kept_by != "InnoDB":
        raise ValueError(
            f"the table engine is stored by {kept_by}, which has no transactions, and enforce_gtid_consistency is ON:"
            " run ALTER TABLE engine ENGINE=InnoDB, and upgrade again"
        )


def auto_increment(connection: sa.Connection) -> int | None:
    """Return the largest id that the table's counter gave, ``None`` where it has none any more."""
    if not is_mariadb(connection):
        # MySQL 8 answers from a cache that is a day old.
        run(connection, "SET SESSION information_schema_stats_expiry = 0")
    following = connection.scalar(
        sa.text(
            "SELECT auto_increment FROM information_schema.tables"
            " WHERE table_schema = DATABASE() AND table_name = 'engine'"
        )
    )
    return None if following is None else int(following) - 1


def constraints(connection: sa.Connection) -> list[str]:
    """Return the names of our limits that the table has."""
    names = connection.scalars(
        sa.text(
            "SELECT constraint_name FROM information_schema.table_constraints"
            " WHERE table_schema = DATABASE() AND table_name = 'engine' AND constraint_type = 'CHECK'"
        )
    )
    return [name for name in names if name in MYSQL_LIMITS]


def indexes(connection: sa.Connection) -> list[str]:
    """Return the names of indexes that the table has and that are, or will be, ours."""
    return [index["name"] for index in sa.inspect(connection).get_indexes("engine") if index["name"] in INDEXES]


def has_column(connection: sa.Connection, name: str) -> bool:
    """Return whether the table has the column."""
    return name in [column["name"] for column in sa.inspect(connection).get_columns("engine")]


def is_mariadb(connection: sa.Connection) -> bool:
    """Return whether it is MariaDB rather than MySQL."""
    return bool(getattr(connection.dialect, "is_mariadb", False))


# SQLite: the table is replaced, since neither types nor limits can be changed in place


def upgrade_sqlite(connection: sa.Connection) -> None:
    """Copy the rows into a table whose key is the id itself, without a rowid beside it."""
    refuse_encoding(connection.scalar(sa.text("PRAGMA encoding")))
    refuse_other_columns(connection)
    with any_bytes(connection):
        refuse_wrong_rows(connection)
    run(
        connection,
        "CREATE TABLE IF NOT EXISTS engine_room_ids (entity VARCHAR(64) NOT NULL PRIMARY KEY, last_id BIGINT NOT NULL)",
    )
    raise_mark(connection, autoincrement(connection))
    limits = [f"CONSTRAINT {name} CHECK ({limit})" for name, limit in LIMITS["sqlite"].items()]
    columns = (
        "id BIGINT NOT NULL PRIMARY KEY, title VARCHAR(128) NOT NULL, title_key VARCHAR(384) NOT NULL,"
        " thrust INTEGER NOT NULL, last_fired VARCHAR(23), version BIGINT NOT NULL"
    )
    replace_sqlite(connection, f"({columns}, {', '.join(limits)}) WITHOUT ROWID", copy_forwards)
    for name, indexed in INDEXES.items():
        run(connection, f"CREATE INDEX {name} ON engine ({indexed})")


def downgrade_sqlite(connection: sa.Connection) -> None:
    """Copy the rows into a table as revision 0002 has it; the mark stays."""
    refuse_large_ids(connection, mark_of(connection))
    columns = "id INTEGER NOT NULL, title VARCHAR(128), thrust INTEGER, last_fired DATETIME, PRIMARY KEY (id)"
    replace_sqlite(connection, f"({columns})", copy_backwards)


def replace_sqlite(connection: sa.Connection, definition: str, copy: Callable[[sa.Connection], None]) -> None:
    """Put a new table in the old one's place; what others have hung on it, indexes and triggers, is made again."""
    objects = connection.execute(
        sa.text("SELECT name, sql FROM sqlite_master WHERE tbl_name = 'engine' AND type IN ('index', 'trigger')")
    )
    others = [sql for name, sql in objects if sql is not None and name not in INDEXES]
    run(connection, f"CREATE TABLE engine_new {definition}")
    copy(connection)
    run(connection, "DROP TABLE engine", "ALTER TABLE engine_new RENAME TO engine", *others)


def copy_forwards(connection: sa.Connection) -> None:
    """Copy the rows as they are to be stored, in the order of their key."""
    statement = sa.text(
        "INSERT INTO engine_new (id, title, title_key, thrust, last_fired, version)"
        " VALUES (:id, :title, :title_key, :thrust, :last_fired, 1)"
    )
    for rows in batches(connection):
        values = [as_stored(row) for row in rows]
        for one in values:
            if one["last_fired"] is not None:
                one["last_fired"] = one["last_fired"].isoformat(" ", "milliseconds")
        connection.execute(statement, values)


def copy_backwards(connection: sa.Connection) -> None:
    """Copy the rows, with the six digits of a second that SQLAlchemy writes."""
    run(
        connection,
        "INSERT INTO engine_new (id, title, thrust, last_fired)"
        " SELECT id, title, thrust, last_fired || '000' FROM engine ORDER BY id",
    )


def autoincrement(connection: sa.Connection) -> int | None:
    """Return the largest id that the table's counter gave, if it ever had one."""
    if not sa.inspect(connection).has_table("sqlite_sequence"):
        return None
    return connection.scalar(sa.text("SELECT seq FROM sqlite_sequence WHERE name = 'engine'"))


@contextmanager
def any_bytes(connection: sa.Connection) -> Iterator[None]:
    """Read text that is no UTF-8 as text with surrogates, which the rules refuse; the driver would fail at it."""
    driver: Any = connection.connection.driver_connection
    driver.text_factory = lambda raw: raw.decode(errors="surrogateescape")
    try:
        yield
    finally:
        driver.text_factory = str


def run(connection: sa.Connection, *statements: str) -> None:
    """Run statements as they are."""
    for statement in statements:
        connection.exec_driver_sql(statement)


UPGRADES = {
    "postgresql": upgrade_postgresql,
    "mysql": upgrade_mysql,
    "mariadb": upgrade_mysql,
    "sqlite": upgrade_sqlite,
}
DOWNGRADES = {
    "postgresql": downgrade_postgresql,
    "mysql": downgrade_mysql,
    "mariadb": downgrade_mysql,
    "sqlite": downgrade_sqlite,
}
