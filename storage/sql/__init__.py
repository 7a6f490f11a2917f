"""PostgreSQL, MySQL, MariaDB and SQLite, by SQLAlchemy Core."""

from storage.sql.storage import SqlStorage, open_backend

__all__ = ["SqlStorage", "open_backend"]
