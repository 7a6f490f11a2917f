"""HTTP: one engine and a page of 100, against the same two views on Flask-SQLAlchemy with marshmallow."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

from flask import Flask
from werkzeug.test import EnvironBuilder

from benchmarks.goals import FLASK_PEER, HTTP_PLACES
from benchmarks.peers.with_flask import peer_app
from benchmarks.places import Places
from benchmarks.results import Row
from benchmarks.rounds import OURS, race, speeds
from benchmarks.sizes import Sizes
from storage import Engine, open_storage
from webapp import create_app

ROWS = 1000
PATHS = {"one engine": "/api/engines/500", "page of 100": "/api/engines?limit=100"}

Send = Callable[[], bytes]


def measure(places: Places, sizes: Sizes) -> Iterator[Row]:
    """Yield a row for each path on each of two databases."""
    for place in HTTP_PLACES:
        url = places.new_database(place)
        fill(url)
        ours, theirs = our_app(url), peer_app(url)
        for name, path in PATHS.items():
            sides = {OURS: request(ours, path), FLASK_PEER: request(theirs, path)}
            check_same(name, sides)
            yield from speeds("HTTP", f"{name}, {place}", race(sides, sizes))
        ours.extensions["storage"].close()
        with theirs.app_context():
            theirs.extensions["sqlalchemy"].engine.dispose()


def our_app(url: str) -> Flask:
    """Return our application, as it is served."""
    # The peer writes no log.
    config = {"ALLOW_ANONYMOUS_WRITES": True, "ACCESS_LOG": False, "SECRET_KEY": "a key of the benchmark"}
    return create_app(config | {"STORAGE_URL": url})


def fill(url: str) -> None:
    """Write the rows that both read."""
    begin = datetime(2026, 1, 31, 9, 30, 0, 123_000, UTC)
    with open_storage(url) as storage:
        storage.migrations.upgrade()
        storage.engines.add_many(
            Engine(f"Räptor {number}", number, begin + timedelta(hours=number) if number % 3 else None)
            for number in range(ROWS)
        )


def request(app: Flask, path: str) -> Send:
    """Return what sends a request to an application and returns the body of its answer."""
    environ = EnvironBuilder(path, headers={"Accept": "*/*"}).get_environ()

    def send() -> bytes:
        answer = app.wsgi_app(dict(environ), lambda status, headers, error=None: lambda data: None)
        try:
            return b"".join(answer)
        finally:
            answer.close()  # type: ignore[attr-defined]

    return send


def check_same(name: str, sides: dict[str, Send]) -> None:
    """Raise unless both answer the same; the cursor of what follows is ours alone."""
    ours, theirs = (json.loads(send()) for send in sides.values())
    for answer in (ours, theirs):
        answer.pop("next", None)
    if ours != theirs:
        raise AssertionError(f"{name}: the two answers differ")
