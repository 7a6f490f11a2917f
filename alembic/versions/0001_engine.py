"""The table that ``db.create_all()`` makes from the chapter's model.

A database that was made that way has it already: it is adopted with ``stamp 0001``.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

COLUMNS = {"id", "title", "thrust"}
#: The tables of revision 0004.
LATER = ("api_token", "sign_in", "idempotency_key")


def upgrade() -> None:
    if is_there(op.get_bind()):
        return
    op.create_table(
        "engine",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("title", sa.String(128)),
        sa.Column("thrust", sa.Integer),
    )


def downgrade() -> None:
    op.drop_table("engine", if_exists=True)
    # Later revisions made them, and their downgrades left them, so that no id is ever given twice.
    op.drop_table("engine_room_ids", if_exists=True)
    if op.get_bind().dialect.name == "postgresql":
        for name in LATER:
            op.execute(f"DROP SEQUENCE IF EXISTS {name}_id_seq")


def is_there(connection: sa.Connection) -> bool:
    """Return whether an upgrade that was killed has made the table; another's is refused."""
    inspector = sa.inspect(connection)
    if not inspector.has_table("engine"):
        return False
    has_rows = connection.execute(sa.text("SELECT 1 FROM engine LIMIT 1")).first() is not None
    if has_rows or {column["name"] for column in inspector.get_columns("engine")} != COLUMNS:
        raise ValueError(
            "there is a table engine already: if db.create_all() made it, run `flask db stamp 0001` and upgrade again"
        )
    return True
