"""One repository, any database: PostgreSQL, MySQL, MariaDB, SQLite or MongoDB, chosen by a URL."""

from storage.backends import open_storage
from storage.capabilities import Capability
from storage.entities import ApiToken, Engine, IdempotencyKey, SignIn
from storage.errors import (
    AlreadyExists,
    Invalid,
    NotFound,
    ReadOnly,
    SchemaOutOfDate,
    StorageError,
    TransactionConflict,
    Unavailable,
    Unsupported,
    VersionConflict,
)
from storage.instrumentation import Call, Observer
from storage.migrations import Migrations, Revision
from storage.query import Filter, Page
from storage.repository import PutResult, Repository
from storage.storage import Storage, Unit

__all__ = [
    "AlreadyExists",
    "ApiToken",
    "Call",
    "Capability",
    "Engine",
    "Filter",
    "IdempotencyKey",
    "Invalid",
    "Migrations",
    "NotFound",
    "Observer",
    "Page",
    "PutResult",
    "ReadOnly",
    "Repository",
    "Revision",
    "SchemaOutOfDate",
    "SignIn",
    "Storage",
    "StorageError",
    "TransactionConflict",
    "Unavailable",
    "Unit",
    "Unsupported",
    "VersionConflict",
    "open_storage",
]
