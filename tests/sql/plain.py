"""SQL beside the library: what others have written, and what the library left behind."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, MetaData, NullPool, Table, create_engine, inspect, select, text

from storage.sql.urls import read_url

INSERT = "INSERT INTO engine (id, title, thrust) VALUES (:id, :title, :thrust)"
INSERT_FIRED = "INSERT INTO engine (id, title, thrust, last_fired) VALUES (:id, :title, :thrust, :last_fired)"


def row(id: int, title: str | None = "Raptor", thrust: int | None = 7, **further: Any) -> dict[str, Any]:
    """Return the parameters of ``INSERT``, or with ``last_fired`` those of ``INSERT_FIRED``."""
    return {"id": id, "title": title, "thrust": thrust, **further}


@contextmanager
def connected(url: str) -> Iterator[Connection]:
    """Give a connection in autocommit that knows nothing of the library's settings."""
    engine = create_engine(read_url(url), poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def execute(url: str, statement: str, *rows: dict[str, Any]) -> None:
    """Run a statement, once for each of the rows that are its parameters."""
    with connected(url) as connection:
        connection.execute(text(statement), list(rows) or None)


def fetch(url: str, query: str) -> list[tuple[Any, ...]]:
    """Return the rows of a query."""
    with connected(url) as connection:
        return [tuple(row) for row in connection.execute(text(query))]


def snapshot(url: str) -> dict[str, Any]:
    """Return everything that is in a database: tables, columns, indexes, limits, sequences and rows."""
    with connected(url) as connection:
        inspector = inspect(connection)
        found: dict[str, Any] = {name: describe(connection, name) for name in inspector.get_table_names()}
        if connection.dialect.name == "postgresql":
            for name in inspector.get_sequence_names():
                found[name] = connection.execute(text(f"SELECT last_value, is_called FROM {name}")).one()
        return found


def describe(connection: Connection, name: str) -> dict[str, Any]:
    """Return everything about a table."""
    inspector = inspect(connection)
    table = Table(name, MetaData(), autoload_with=connection)
    return {
        "columns": {column["name"]: str(column) for column in inspector.get_columns(name)},
        "indexes": {index["name"]: str(index) for index in inspector.get_indexes(name)},
        "limits": {limit["name"]: limit["sqltext"] for limit in inspector.get_check_constraints(name)},
        "key": inspector.get_pk_constraint(name)["constrained_columns"],
        "rows": sorted(str(row) for row in connection.execute(select(table))),
    }
