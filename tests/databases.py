"""Databases on a server: made, dropped and reached at the server's address, by the drivers themselves."""

from __future__ import annotations

import secrets
from contextlib import closing
from typing import Any
from urllib.parse import unquote, urlsplit

import psycopg
import pymongo
import pymysql

DRIVER_ERRORS = (psycopg.Error, pymysql.Error, pymongo.errors.PyMongoError)


def with_database(address: str, name: str) -> str:
    """Return the URL of a database at an address."""
    return urlsplit(address)._replace(path=f"/{name}").geturl()


def mongo_client(address: str, **options: Any) -> pymongo.MongoClient[dict[str, Any]]:
    """Return a client whose writes a majority confirms, as the library's reads demand.

    Before MongoDB 5.0 a server's own default is the primary alone: what a test writes past the library would not be
    read through it at once.
    """
    return pymongo.MongoClient(address, **{"w": "majority", **options})


def make_database(address: str) -> str:
    """Make an empty database and return its name; MongoDB makes one with its first collection."""
    name = f"engine_room_{secrets.token_hex(6)}"
    if not address.startswith("mongodb"):
        execute(address, f"CREATE DATABASE {name}")
    return name


def drop_database(address: str, name: str) -> None:
    """Drop a database and all that is in it."""
    if address.startswith("mongodb"):
        with mongo_client(address) as client:
            client.drop_database(name)
    else:
        # PostgreSQL would wait for others to let go of it.
        execute(address, f"DROP DATABASE {name}" + (" WITH (FORCE)" if address.startswith("postgres") else ""))


def ping(address: str) -> None:
    """Raise a driver's error unless a server answers."""
    if address.startswith("mongodb"):
        with mongo_client(address, directConnection=True, serverSelectionTimeoutMS=500) as client:
            client.admin.command("ping")
    else:
        execute(address, "SELECT 1")


def execute(address: str, command: str) -> None:
    """Run an SQL command as the user of the address."""
    if address.startswith("postgres"):
        # The driver does not know the suffix, as in postgresql+psycopg://, by which SQLAlchemy names it.
        address = "postgresql:" + address.partition(":")[2]
        with psycopg.connect(address, autocommit=True) as connection:
            connection.execute(command)
    else:
        with closing(mysql_connection(address)) as connection, connection.cursor() as cursor:
            cursor.execute(command)


def mysql_connection(address: str) -> pymysql.Connection:
    """Open a connection to MySQL or MariaDB at a URL."""
    url = urlsplit(address)
    return pymysql.connect(
        host=url.hostname or "127.0.0.1",
        port=url.port or 3306,
        user=unquote(url.username or "root"),
        password=unquote(url.password or ""),
        autocommit=True,
    )
