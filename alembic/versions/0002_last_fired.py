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
    if not has_last_fired():
        op.add_column("engine", sa.Column("last_fired", MOMENT))


def downgrade() -> None:
    if has_last_fired():
        op.drop_column("engine", "last_fired")


def has_last_fired() -> bool:
    """Return whether the column is there, as it is where a run was killed before it was recorded."""
    return "last_fired" in [column["name"] for column in sa.inspect(op.get_bind()).get_columns("engine")]
