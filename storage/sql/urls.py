"""Reading the URL of an SQL database: which driver it means, which file, and which settings."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, unquote

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from storage.backends import missing_driver
from storage.errors import Invalid, Unsupported
from storage.sql.settings import MYSQL, POSTGRESQL, SQLITE, read_settings
from storage.url import masked

#: The driver for each scheme, and the extra that installs it; a ``+driver`` in the URL is accepted and left out.
DRIVERS = {
    "postgresql": ("postgresql+psycopg", "postgresql"),
    "postgres": ("postgresql+psycopg", "postgresql"),
    "mysql": ("mysql+pymysql", "mysql"),
    "mariadb": ("mysql+pymysql", "mysql"),
    "sqlite": ("sqlite+pysqlite", "sqlite"),
}


@dataclass(frozen=True, slots=True)
class Address:
    """What a URL says: SQLAlchemy's URL of it, the settings for the driver, and whether statements may be prepared."""

    url: URL
    settings: Mapping[str, Any] = field(default_factory=dict)
    may_prepare: bool = True


def read_url(text: str) -> URL:
    """Return SQLAlchemy's URL of a database, with our driver in it; ``Invalid`` for one that cannot be read."""
    return read_address(text).url


def read_address(text: str) -> Address:
    """Return what a URL says; ``Invalid`` for one that cannot be read, or that holds a setting which is refused."""
    if text.lower().startswith("postgres"):
        return postgresql_address(text)
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        raise unreadable(text) from None
    url = url.set(drivername=DRIVERS[url.drivername.lower().partition("+")[0]][0])
    if url.get_backend_name() == "sqlite":
        return Address(sqlite_url(url))
    return mysql_address(url, text)


def unreadable(text: str) -> Invalid:
    """Return the error for a URL; its cause would show it with its password."""
    return Invalid({"url": f"{masked(text)!r} cannot be read: scheme://user:password@host/database"})


def postgresql_address(text: str) -> Address:
    """Read a URI as libpq does: it knows several hosts, sockets in the place of a host, and services."""
    try:
        from psycopg import ProgrammingError, pq
    except ModuleNotFoundError as error:
        raise missing_driver(error, "postgresql") from error
    # A driver's name, and what psycopg and not libpq takes, is not for libpq to read.
    place, _, query = text.partition("://")[2].partition("?")
    pairs = [pair.partition("=") for pair in query.split("&") if pair]
    if "@" in query and any(unquote(name) not in POSTGRESQL.taken for name, _, _ in pairs):
        # A ? in the password: what follows it must not be shown as the name of a setting.
        raise unreadable(text)
    read = read_settings(POSTGRESQL, {unquote(name): unquote(value) for name, _, value in pairs})
    may_prepare = read.pop("prepare_threshold", True)
    settings = "&".join(f"{name}={value}" for name, _, value in pairs if unquote(name) in read)
    try:
        options = pq.Conninfo.parse(f"postgresql://{place}{'?' * bool(settings)}{settings}".encode())
    except (ProgrammingError, UnicodeError, ValueError):
        raise unreadable(text) from None
    found = {one.keyword.decode(): one.val.decode() for one in options if one.val is not None}
    check_ports(text, found.get("port", ""))
    named = {name: found.pop(name, None) for name in ("user", "password", "dbname")}
    url = URL.create(DRIVERS["postgresql"][0], named["user"], named["password"], database=named["dbname"], query=found)
    return Address(url, {**found, **{name: value for name, value in named.items() if value is not None}}, may_prepare)


def check_ports(text: str, ports: str) -> None:
    """Raise ``Invalid`` unless ports are numbers: libpq looks only when it connects."""
    if any(port and not (port.isdecimal() and 0 < int(port) < 2**16) for port in ports.split(",")):
        raise unreadable(text)


def mysql_address(url: URL, text: str) -> Address:
    """Read the URL of MySQL or MariaDB."""
    if not url.database:
        raise Invalid({"url": f"{masked(text)!r} names no database: mysql://user:password@host/database"})
    if any(not isinstance(value, str) for value in url.query.values()):
        raise Invalid({"url": f"{masked(text)!r} holds a setting twice"})
    settings = read_settings(MYSQL, {name: str(value) for name, value in url.query.items()})
    return Address(url.set(query={}), settings)


def sqlite_url(url: URL) -> URL:
    """Return the URL of a file, its path absolute: the folder of a process may change.

    ``?mode=ro`` (or ``rw``, and ``?immutable=1``) opens it so; what else stands behind the ? is ``Invalid``.
    """
    path, query = url.database or "", dict(url.query)
    if path in ("", ":memory:") or query.get("mode") == "memory":
        raise Unsupported("an SQLite database in memory belongs to one connection: use a file, sqlite:///path")
    read_settings(SQLITE, {name: str(value) for name, value in query.items()})
    if path.startswith("file:"):
        path = unquote(path.removeprefix("file:"))
    query.pop("uri", None)
    path = os.path.abspath(path)
    return url.set(database=f"file:{quote(path)}", query=query | {"uri": "true"}) if query else url.set(database=path)
