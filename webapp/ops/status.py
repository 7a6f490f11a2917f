"""How the application and its database are: what the page ``/status`` shows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from importlib.metadata import version
from time import monotonic, perf_counter

from flask import Flask, current_app

from storage import ReadOnly, SchemaOutOfDate, Storage, StorageError
from storage.flask import configured_options, current_storage
from storage.options import Options
from webapp.ops.probe import check_database

BEGAN = "engine_room_began"

#: Seconds after which no further entity is counted.
COUNTING = 2.0


@dataclass
class Status:
    """What was found out; what is ``None`` could not be, and ``problem`` says why."""

    backend: str
    wanted_revision: str
    pool_size: int
    pool_in_use: int
    version: str
    uptime: timedelta
    problem: str | None = None
    ping_milliseconds: float | None = None
    server: str | None = None
    found_revision: str | None = None
    counts: dict[str, int | None] = field(default_factory=dict)


def init_app(app: Flask) -> None:
    """Note when the application began."""
    app.extensions[BEGAN] = monotonic()


def current_status() -> Status:
    """Return how it is now; a failed check of the database ends the asking, which bounds the time."""
    storage = current_storage
    status = Status(
        backend=storage.backend,
        wanted_revision=storage.migrations.head(),
        pool_size=Options(**configured_options(current_app.config)).pool_size,
        pool_in_use=storage.connections_in_use(),
        version=version("engine-room"),
        uptime=timedelta(seconds=int(monotonic() - current_app.extensions[BEGAN])),
    )
    try:
        status.problem = found_problem()
        ask(storage, status)
    except StorageError as error:
        current_app.logger.warning("the status is not whole: %s: %s", type(error).__name__, error)
        status.problem = "The database does not answer as it should: the log of the server says more."
    return status


def found_problem() -> str | None:
    """Return what is wrong with a database that answers; raise the error of one that does not."""
    try:
        check_database()
    except (SchemaOutOfDate, ReadOnly) as error:
        return str(error)
    return None


def ask(storage: Storage, status: Status) -> None:
    """Ask the database, quick questions first."""
    began = perf_counter()
    storage.ping()
    status.ping_milliseconds = (perf_counter() - began) * 1000
    status.server = storage.server_version()
    status.found_revision = storage.migrations.current()
    if status.found_revision == status.wanted_revision:
        status.counts = counted(
            {one.name: storage.repository(one.type).count for one in storage.descriptions.values()}, perf_counter
        )


def counted(counts: Mapping[str, Callable[[], int]], clock: Callable[[], float]) -> dict[str, int | None]:
    """Return how many entities of each kind there are; ``None`` for those that there was no time to count."""
    end = clock() + COUNTING
    return {name: count() if clock() < end else None for name, count in counts.items()}
