"""Choosing a backend: a table from a URL's scheme to the place that opens it, looked into at the call."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any

from storage.entities import ENTITIES
from storage.entity import Description, check_together, describe
from storage.errors import Invalid, Unsupported
from storage.options import Options
from storage.storage import Storage
from storage.url import masked

ENTRY_POINTS = "storage.backends"


@dataclass(frozen=True, slots=True)
class Backend:
    """Where a backend's ``open_backend(url_or_client, options, descriptions)`` is, and the extra with its driver."""

    target: str
    extra: str | None


SQLITE = Backend("storage.sql:open_backend", "sqlite")
POSTGRESQL = Backend("storage.sql:open_backend", "postgresql")
MYSQL = Backend("storage.sql:open_backend", "mysql")
MONGODB = Backend("storage.mongo:open_backend", "mongodb")

BUILT_IN = {
    "sqlite": SQLITE,
    "postgresql": POSTGRESQL,
    "postgres": POSTGRESQL,
    "mysql": MYSQL,
    "mariadb": MYSQL,
    "mongodb": MONGODB,
    "mongodb+srv": MONGODB,
}

#: The package of a client that was handed in, to the backend that takes it.
CLIENTS = {"sqlalchemy": SQLITE, "pymongo": MONGODB}


def open_storage(url_or_client: Any, *, entities: Sequence[type] = ENTITIES, **options: Any) -> Storage:
    """Open the database at a URL, or the one of a SQLAlchemy ``Engine`` or a PyMongo ``MongoClient``.

    Connects at the first use. ``entities`` are the dataclasses it keeps; ``options`` are those of
    ``storage.options.Options``. An unknown scheme is ``Invalid`` and names the known ones; a driver that is
    not installed is ``Unsupported`` and names the extra to install.
    """
    descriptions: list[Description[Any]] = [describe(entity) for entity in entities]
    check_together(descriptions)
    backend = backend_of(url_or_client)
    return load(backend)(url_or_client, Options(**options), descriptions)  # type: ignore[no-any-return]


def backend_of(url_or_client: Any) -> Backend:
    """Return the backend for a URL's scheme or a client's package."""
    if not isinstance(url_or_client, str):
        packages = [kind.__module__.partition(".")[0] for kind in type(url_or_client).__mro__]
        found = next((CLIENTS[package] for package in packages if package in CLIENTS), None)
        if found is None:
            raise Invalid({"url": f"must be a URL or a client of {' or '.join(CLIENTS)}, not {packages[0]}"})
        return found
    scheme, separator, _ = url_or_client.partition(":")
    name = scheme.lower() if scheme.lower() in BUILT_IN else scheme.lower().partition("+")[0]
    backends = known_backends()
    if not separator or name not in backends:
        raise Invalid(
            {"url": f"{masked(url_or_client)!r} has no known scheme; known are {', '.join(sorted(backends))}"}
        )
    return backends[name]


@cache
def known_backends() -> dict[str, Backend]:
    """Return the built-in backends and those of installed packages; a scheme taken twice is ``Invalid``."""
    backends = dict(BUILT_IN)
    for point in entry_points(group=ENTRY_POINTS):
        if point.name in backends:
            raise Invalid(
                {"url": f"the scheme {point.name} is taken by {backends[point.name].target} and {point.value}"}
            )
        backends[point.name] = Backend(point.value, None)
    return backends


def load(backend: Backend) -> Any:
    """Import the function that opens a backend."""
    module, _, name = backend.target.partition(":")
    try:
        return getattr(import_module(module), name)
    except ModuleNotFoundError as error:
        if backend.extra is None or (error.name or "").partition(".")[0] == "storage":
            raise
        raise missing_driver(error, backend.extra) from error


def missing_driver(error: ModuleNotFoundError, extra: str) -> Unsupported:
    """Return the sentence for a driver that is not installed."""
    return Unsupported(f"the package {error.name} is not installed: pip install 'engine-room[{extra}]'")
