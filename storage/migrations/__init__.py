"""Migrations: what every backend's history has in common, and the files of the revisions."""

from storage.migrations.base import NOTICED_WITHIN, WITHDRAWN, Migrations, MigrationsInFiles, Revision
from storage.migrations.files import create_twins
from storage.migrations.history import (
    MONGO_FOLDER,
    RevisionFile,
    check_module,
    import_fault,
    misnumbered,
    number_before,
    scripts_folder,
    sql_folder,
)

__all__ = [
    "MONGO_FOLDER",
    "NOTICED_WITHIN",
    "WITHDRAWN",
    "Migrations",
    "MigrationsInFiles",
    "Revision",
    "RevisionFile",
    "check_module",
    "create_twins",
    "import_fault",
    "misnumbered",
    "number_before",
    "scripts_folder",
    "sql_folder",
]
