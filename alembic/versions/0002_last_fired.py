"""When an engine was last fired."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0002"
down_revision = "0001"

# To the microsecond, as it is elsewhere: a bare DATETIME of MySQL keeps whole seconds.
MOMENT = sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")


def upgrade() -> None:
    columns = engine_columns()
    if not columns:
        raise ValueError("there is no table engine, which 0001 makes: run `flask db downgrade base`, then upgrade")
    # It is there where a run was killed before it was recorded.
    if "last_fired" not in columns:
        op.add_column("engine", sa.Column("last_fired", MOMENT))


def downgrade() -> None:
    if "last_fired" in engine_columns():
        op.drop_column("engine", "last_fired")


def engine_columns() -> list[str]:
    """Return the names of the table's columns, none if there is no table."""
    inspector = sa.inspect(op.get_bind())
    return [column["name"] for column in inspector.get_columns("engine")] if inspector.has_table("engine") else []
