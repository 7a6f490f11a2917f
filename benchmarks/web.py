"""HTTP: one engine and a page of 100, against the same two views on Flask-SQLAlchemy with marshmallow."""

from __future__ import annotations

import json
from collections.abc import Iterator

from benchmarks.goals import POSTGRESQL, SQLITE
from benchmarks.http.measure import PATHS, fill, our_app, request
from benchmarks.http.peer import peer_app
from benchmarks.places import Places
from benchmarks.results import Row
from benchmarks.rounds import OURS, Call, race, speeds
from benchmarks.sizes import Sizes

PEER = "Flask-SQLAlchemy with marshmallow"


def measure(places: Places, sizes: Sizes) -> Iterator[Row]:
    """Yield a row for each path on each of two databases."""
    for place in (SQLITE, POSTGRESQL):
        url = places.new_database(place)
        fill(url)
        ours, theirs = our_app(url), peer_app(url)
        for name, path in PATHS.items():
            sides = {OURS: request(ours, path), PEER: request(theirs, path)}
            check_same(name, sides)
            yield from speeds("HTTP", f"{name}, {place}", race(sides, sizes))
        ours.extensions["storage"].close()
        with theirs.app_context():
            theirs.extensions["sqlalchemy"].engine.dispose()


def check_same(name: str, sides: dict[str, Call]) -> None:
    """Raise unless both answer the same; the cursor of what follows is ours alone."""
    ours, theirs = (json.loads(call()) for call in sides.values())  # type: ignore[arg-type]
    for answer in (ours, theirs):
        answer.pop("next", None)
    if ours != theirs:
        raise AssertionError(f"{name}: the two answers differ")
