"""Who may: API tokens, sign-ins, and requests that are answered once.

The rules are copies, frozen with the revision.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

#: Each table's columns: the longest text, or what else it is. A question mark: it may be null.
TABLES: dict[str, dict[str, int | str]] = {
    "api_token": {"name": 64, "digest": 64, "role": 16, "created": "moment", "last_used": "moment?"},
    "sign_in": {"username": 64, "digest": 64, "created": "moment", "expires": "moment"},
    "idempotency_key": {"digest": 64, "request": 64, "expires": "moment", "answer": "4096?"},
}
#: Each table's indexes: their columns, and whether no two rows may have the same.
INDEXES = {
    "api_token": {"uq_api_token_name": ("UNIQUE", "name")},
    "sign_in": {"ix_sign_in_expires": ("", "expires, id")},
    "idempotency_key": {
        "uq_idempotency_key_digest": ("UNIQUE", "digest"),
        "ix_idempotency_key_expires": ("", "expires, id"),
    },
}

# What each engine says of a column by its own: {0} is its name, {1} the longest text.
SERVER_TEXT = "char_length({0}) >= 1 AND {0} = trim({0}) AND NOT {0} %s '[[:cntrl:]]'"
WHOLE = {"postgresql": "{0} >= 1", "mysql": "{0} >= 1", "sqlite": "typeof({0}) = 'integer' AND {0} >= 1"}
TEXT = {
    "postgresql": SERVER_TEXT % "~",
    "mysql": SERVER_TEXT % "REGEXP",
    # SQLite keeps any type in any column, and its functions on text stop at a NUL.
    "sqlite": "typeof({0}) = 'text' AND length({0}) BETWEEN 1 AND {1} AND {0} = trim({0}) AND instr({0}, char(0)) = 0"
    " AND {0} NOT GLOB '*[' || char(1) || '-' || char(31) || char(127) || ']*'",
}
MOMENT = {
    "postgresql": "{0} BETWEEN '1000-01-01' AND '9999-12-31 23:59:59.999'",
    "mysql": "{0} >= TIMESTAMP'1000-01-01 00:00:00'",
    "sqlite": "{0} GLOB '[1-9][0-9][0-9][0-9]-[01][0-9]-[0-3][0-9] [0-2][0-9]:[0-5][0-9]:[0-5][0-9].[0-9][0-9][0-9]'",
}
TEXT_TYPES = {"postgresql": 'varchar({}) COLLATE "C"', "sqlite": "VARCHAR({})"}
MOMENT_TYPES = {"postgresql": "timestamp(3)", "mysql": "DATETIME(3)", "sqlite": "VARCHAR(23)"}
TABLE_OPTIONS = {"postgresql": "", "mysql": "ENGINE=InnoDB ROW_FORMAT=DYNAMIC", "sqlite": "WITHOUT ROWID"}


def limits(engine: str, table: str) -> dict[str, str]:
    """Return the CHECKs of a table by name."""
    checks = {"id": WHOLE[engine].format("id"), "version": WHOLE[engine].format("version")}
    for name, kind in TABLES[table].items():
        plain = str(kind).removesuffix("?")
        checks[name] = MOMENT[engine].format(name) if plain == "moment" else TEXT[engine].format(name, plain)
    return {f"ck_{table}_{name}": check for name, check in checks.items()}


ENGINES = {"postgresql": "postgresql", "mysql": "mysql", "mariadb": "mysql", "sqlite": "sqlite"}
#: The names of the CHECKs, for those who look whether they are all there, and what they say.
LIMITS = {
    dialect: {name: check for table in TABLES for name, check in limits(engine, table).items()}
    for dialect, engine in ENGINES.items()
}


def upgrade() -> None:
    connection = op.get_bind()
    for table in TABLES:
        refuse_table_of_others(connection, table)
    for table in TABLES:
        make_table(connection, table)
        make_mark(connection, table)


def downgrade() -> None:
    connection = op.get_bind()
    if has_rows(connection, "api_token"):
        raise ValueError("there are API tokens, which revision 0003 cannot keep: revoke them, and downgrade again")
    for table in TABLES:
        if connection.dialect.name == "postgresql" and sa.inspect(connection).has_table(table):
            # The mark stays, so that no id is ever given twice.
            run(connection, f"ALTER SEQUENCE {table}_id_seq OWNED BY NONE")
        run(connection, f"DROP TABLE IF EXISTS {table}")


def refuse_table_of_others(connection: sa.Connection, table: str) -> None:
    """Raise a ``ValueError`` if there is such a table and no killed run of ours has left it, empty."""
    inspector = sa.inspect(connection)
    if not inspector.has_table(table):
        return
    columns = {column["name"] for column in inspector.get_columns(table)}
    if columns != {"id", "version", *TABLES[table]} or has_rows(connection, table):
        raise ValueError(f"there is a table {table} already: rename it, and upgrade again")


def has_rows(connection: sa.Connection, table: str) -> bool:
    """Return whether there is such a table, and a row in it."""
    if not sa.inspect(connection).has_table(table):
        return False
    return connection.execute(sa.select(sa.literal(1)).select_from(sa.table(table)).limit(1)).first() is not None


def make_table(connection: sa.Connection, table: str) -> None:
    """Make a table with its indexes; on MySQL and MariaDB in one statement, which happens as a whole or not at all."""
    engine = ENGINES[connection.dialect.name]
    parts = ["id BIGINT NOT NULL PRIMARY KEY"]
    parts += [f"{name} {column_type(connection, kind)}" for name, kind in TABLES[table].items()]
    parts += ["version BIGINT NOT NULL"]
    parts += [f"CONSTRAINT {name} CHECK ({check})" for name, check in limits(engine, table).items()]
    if engine == "mysql":
        parts += [f"{unique} INDEX {name} ({columns})" for name, (unique, columns) in INDEXES[table].items()]
    statements = [f"CREATE TABLE IF NOT EXISTS {table} ({', '.join(parts)}) {TABLE_OPTIONS[engine]}"]
    if engine != "mysql":
        statements += [
            f"CREATE {unique} INDEX IF NOT EXISTS {name} ON {table} ({columns})"
            for name, (unique, columns) in INDEXES[table].items()
        ]
    run(connection, *statements)


def column_type(connection: sa.Connection, kind: int | str) -> str:
    """Return the type of a column as the engine has it, and whether it may be null."""
    engine = ENGINES[connection.dialect.name]
    plain, nullable = str(kind).removesuffix("?"), str(kind).endswith("?")
    if plain == "moment":
        found = MOMENT_TYPES[engine]
    elif engine == "mysql":
        mariadb = getattr(connection.dialect, "is_mariadb", False)
        collation = "utf8mb4_nopad_bin" if mariadb else "utf8mb4_0900_bin"
        found = f"VARCHAR({plain}) CHARACTER SET utf8mb4 COLLATE {collation}"
    else:
        found = TEXT_TYPES[engine].format(plain)
    return found if nullable else f"{found} NOT NULL"


def make_mark(connection: sa.Connection, table: str) -> None:
    """Make the high-water mark; one that is there is left as it is, so that no id is ever given twice."""
    if connection.dialect.name == "postgresql":
        sequence = f"{table}_id_seq"
        run(
            connection,
            f"CREATE SEQUENCE IF NOT EXISTS {sequence} AS bigint",
            f"ALTER SEQUENCE {sequence} OWNED BY {table}.id",
            f"ALTER TABLE {table} ALTER id SET DEFAULT nextval('{sequence}')",
        )
        return
    mark = sa.text("SELECT last_id FROM engine_room_ids WHERE entity = :table")
    if connection.scalar(mark, {"table": table}) is None:
        insert = sa.text("INSERT INTO engine_room_ids (entity, last_id) VALUES (:table, 0)")
        connection.execute(insert, {"table": table})


def run(connection: sa.Connection, *statements: str) -> None:
    """Run statements as they are; PostgreSQL takes them all at once."""
    for statement in ["; ".join(statements)] if connection.dialect.name == "postgresql" else statements:
        connection.exec_driver_sql(statement)
