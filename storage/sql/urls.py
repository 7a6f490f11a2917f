"""Reading the URL of an SQL database: which driver it means, and which file."""

from __future__ import annotations

import os
from urllib.parse import quote, unquote

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from storage.errors import Invalid, Unsupported
from storage.url import masked

#: The driver for each scheme, and the extra that installs it; a ``+driver`` in the URL is accepted and left out.
DRIVERS = {
    "postgresql": ("postgresql+psycopg", "postgresql"),
    "postgres": ("postgresql+psycopg", "postgresql"),
    "mysql": ("mysql+pymysql", "mysql"),
    "mariadb": ("mysql+pymysql", "mysql"),
    "sqlite": ("sqlite+pysqlite", "sqlite"),
}


def read_url(text: str) -> URL:
    """Return the URL with our driver in it; ``Invalid`` for one that cannot be read."""
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        # The cause would show the URL with its password.
        raise Invalid({"url": f"{masked(text)!r} cannot be read: scheme://user:password@host/database"}) from None
    url = url.set(drivername=DRIVERS[url.drivername.lower().partition("+")[0]][0])
    if url.get_backend_name() == "sqlite":
        return sqlite_url(url)
    if url.get_backend_name() == "mysql" and not url.database:
        raise Invalid({"url": f"{masked(text)!r} names no database: mysql://user:password@host/database"})
    return url


def sqlite_url(url: URL) -> URL:
    """Return the URL of a file, its path absolute: the folder of a process may change.

    ``?mode=ro`` (or ``rw``, and ``?immutable=1``) opens it so; what else stands behind the ? is ``Invalid``.
    """
    path, query = url.database or "", dict(url.query)
    if path in ("", ":memory:") or query.get("mode") == "memory":
        raise Unsupported("an SQLite database in memory belongs to one connection: use a file, sqlite:///path")
    if unknown := query.keys() - {"mode", "immutable", "uri"}:
        raise Invalid({"url": f"SQLite knows no {', '.join(sorted(unknown))} in a URL, only mode and immutable"})
    if path.startswith("file:"):
        path = unquote(path.removeprefix("file:"))
    query.pop("uri", None)
    path = os.path.abspath(path)
    return url.set(database=f"file:{quote(path)}", query=query | {"uri": "true"}) if query else url.set(database=path)
