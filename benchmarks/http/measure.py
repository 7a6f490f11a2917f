"""Both applications in one process and one thread, in short rounds that alternate; the ratio is of medians."""

from __future__ import annotations

import json
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from flask import Flask
from werkzeug.test import EnvironBuilder

from benchmarks.http.peer import peer_app
from storage import Engine, open_storage
from webapp import create_app

ROWS = 1000
ROUNDS = 15
#: Seconds that each side has in a round.
TURN = 0.1
GOAL = 2.0
PATHS = {"one engine": "/api/engines/500", "page of 100": "/api/engines?limit=100"}

Call = Callable[[], bytes]


@dataclass(frozen=True, slots=True)
class Row:
    """What was measured: requests a second of each, their ratio, and its quartiles over the rounds."""

    name: str
    ours: float
    peer: float
    ratio: float
    spread: tuple[float, float]
    goal: float


def measure(*urls: str) -> list[Row]:
    """Measure on fresh databases: at the URLs, or on SQLite, and on a private PostgreSQL where there is one."""
    with databases(urls) as found:
        return [row for url in found for row in measured(url)]


@contextmanager
def databases(urls: tuple[str, ...]) -> Iterator[list[str]]:
    """Give the URLs of empty databases."""
    if urls:
        yield list(urls)
        return
    from tests.programs import Missing
    from tests.servers import start_server

    with tempfile.TemporaryDirectory() as folder:
        sqlite = f"sqlite:///{folder}/engines.db"
        try:
            server = start_server("postgresql")
        except Missing:
            yield [sqlite]
            return
        with closing(server):
            yield [sqlite, server.new_database()]


def measured(url: str) -> Iterator[Row]:
    """Fill a database and yield a row for each path."""
    fill(url)
    with tempfile.TemporaryDirectory() as folder:
        ours = our_app(url, folder)
        backend = ours.extensions["storage"].backend
        theirs = peer_app(url)
        for name, path in PATHS.items():
            yield compared(f"HTTP, {name}, {backend}", request(ours, path), request(theirs, path))
        ours.extensions["storage"].close()
        with theirs.app_context():
            theirs.extensions["sqlalchemy"].engine.dispose()


def our_app(url: str, folder: str) -> Flask:
    """Return our application, as it is served."""
    (Path(folder) / "config.py").touch()
    return create_app({"SECRET_KEY": "a key of the benchmark", "STORAGE_URL": url, "ALLOW_ANONYMOUS_WRITES": True})


def fill(url: str) -> None:
    """Write the rows that both read."""
    begin = datetime(2026, 1, 31, 9, 30, 0, 123_000, UTC)
    with open_storage(url) as storage:
        storage.migrations.upgrade()
        storage.engines.add_many(
            Engine(f"Räptor {number}", number, begin + timedelta(hours=number) if number % 3 else None)
            for number in range(ROWS)
        )


def request(app: Flask, path: str) -> Call:
    """Return what sends a request to an application and returns the body of its answer."""
    environ = EnvironBuilder(path, headers={"Accept": "*/*"}).get_environ()

    def send() -> bytes:
        answer = app.wsgi_app(dict(environ), lambda status, headers, error=None: lambda data: None)
        try:
            return b"".join(answer)
        finally:
            answer.close()  # type: ignore[attr-defined]

    return send


def compared(name: str, ours: Call, theirs: Call) -> Row:
    """Check that both answer the same, and measure them in turns."""
    pages = [json.loads(call()) for call in (ours, theirs)]
    for page in pages:
        page.pop("next", None)
    if pages[0] != pages[1]:
        raise SystemExit(f"{name}: the two answers differ")
    rounds = [(speed(ours), speed(theirs)) for _ in range(ROUNDS)]
    ratios = [mine / other for mine, other in rounds]
    low, _, high = statistics.quantiles(ratios, n=4)
    mine, other = (statistics.median(speeds) for speeds in zip(*rounds, strict=True))
    return Row(name, mine, other, mine / other, (low, high), GOAL)


def speed(call: Call) -> float:
    """Return how many calls a second are made."""
    made, begin = 0, time.perf_counter()
    while (taken := time.perf_counter() - begin) < TURN:
        call()
        made += 1
    return made / taken
