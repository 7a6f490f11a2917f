"""Writing a new revision: its module for SQL and the twin for MongoDB, with the next number."""

from __future__ import annotations

import re
from pathlib import Path
from typing import cast

from storage.errors import Invalid, Unsupported
from storage.migrations.history import check_histories

ROOT = Path(__file__).parents[2]
# It becomes the name of the files and the first line of their docstrings.
MESSAGE = re.compile(r'[^"\\\n\r]*\w[^"\\\n\r]*')

TWIN = '''"""{message}."""

from __future__ import annotations

from typing import Any


def upgrade(database: Any) -> None:
    raise NotImplementedError


def downgrade(database: Any) -> None:
    raise NotImplementedError
'''


def create_twins(message: str, root: Path = ROOT) -> tuple[Path, Path]:
    """Write both modules of the next revision in the source checkout at ``root``; return the files.

    ``Unsupported`` outside a checkout. ``Invalid`` for a message without a word, and for a history that forks or
    that lacks a twin.
    """
    sql, mongo = root / "alembic" / "versions", root / "storage" / "mongo" / "revisions"
    if not (root / "pyproject.toml").is_file() or not sql.is_dir() or not mongo.is_dir():
        raise Unsupported("a revision can only be written in a source checkout: clone the repository and run it there")
    if not MESSAGE.fullmatch(message):
        raise Invalid({"message": "must say in one line of words, without quotes, what the revision does"})
    message = message.strip().rstrip(".")
    last = check_histories(sql, mongo)[-1]
    written = write_alembic_revision(root, f"{int(last[:4]) + 1:04d}", message)
    twin = mongo / written.name
    twin.write_text(TWIN.format(message=message), encoding="utf-8")
    return written, twin


def write_alembic_revision(root: Path, id: str, message: str) -> Path:
    """Have Alembic write its module by the template of the folder; return the file."""
    # Here, so that who only migrates MongoDB needs no Alembic.
    from alembic.script import Script, ScriptDirectory

    scripts = ScriptDirectory(root / "alembic", messaging_opts={"quiet": True})
    return Path(cast(Script, scripts.generate_revision(id, message)).path)
