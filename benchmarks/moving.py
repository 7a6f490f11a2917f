"""A copy from PostgreSQL to MongoDB against reading and writing the same rows with the two drivers by hand."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing

import psycopg
from pymongo import MongoClient, WriteConcern

from benchmarks.calls import url_of
from benchmarks.goals import MEMORY, MONGODB, POSTGRESQL
from benchmarks.growth import fill
from benchmarks.places import Places
from benchmarks.results import Row
from benchmarks.rounds import Times, cost, speed
from benchmarks.scanning import peak
from benchmarks.sizes import Sizes
from storage import Storage, open_storage
from storage.batches import batched
from storage.transfer import copy

PLACE = "PostgreSQL to MongoDB"
#: MongoDB's stand-in writes too slowly for a million.
SHARE = 20
COLUMNS = ("_id", "title", "title_key", "thrust", "last_fired", "version")
SELECT = "SELECT id, title, title_key, thrust, last_fired, version FROM engine ORDER BY id"


def measure(places: Places, sizes: Sizes) -> Iterator[Row]:
    """Yield the copy, its memory, and the copy that finds nothing to do."""
    number = sizes.growth // SHARE
    with places.storage(POSTGRESQL) as source:
        fill(source, number)
        ours, again, theirs = Times(), Times(), Times()
        more = 0.0
        for _ in range(min(3, sizes.bulk_rounds)):
            with places.storage(MONGODB) as destination:
                seconds, grown = copy_in_child(source, destination)
                ours.wall.append(seconds)
                again.wall.append(copy_in_child(source, destination)[0])
                more = max(more, grown)
                check_same(source, destination)
            with places.storage(MONGODB) as destination:
                theirs.wall.append(copy_by_hand(source, destination))
                check_same(source, destination)
        work = f"copy of {number:,} rows"
        yield speed(PLACE, work, "the raw drivers", ours, theirs)
        yield cost(PLACE, "copy with nothing to do", "the first copy", again, ours)
        yield Row(PLACE, work, "before it", MEMORY, "MB", more, 0, more, more, more)


def check_same(source: Storage, destination: Storage) -> None:
    """Raise unless every row has arrived."""
    if list(source.engines.scan()) != list(destination.engines.scan()):
        raise AssertionError("copy: the destination has other rows")


def copy_by_hand(source: Storage, destination: Storage) -> float:
    """Read by a cursor of the server's and insert in batches; return the seconds."""
    start = time.perf_counter()
    with (
        psycopg.connect(url_of(source).replace("+psycopg", "")) as connection,
        connection.cursor("reading") as rows,
        closing(MongoClient(url_of(destination))) as client,
    ):
        rows.itersize = 5000
        engines = client.get_default_database(write_concern=WriteConcern("majority", j=True))["engine"]
        for batch in batched(rows.execute(SELECT), 5000):
            engines.insert_many(dict(zip(COLUMNS, row, strict=True)) for row in batch)
    return time.perf_counter() - start


def copy_in_child(source: Storage, destination: Storage) -> tuple[float, float]:
    """Copy in a process of its own; return the seconds, and the megabytes that it took at most beyond its start."""
    command = [sys.executable, "-m", "benchmarks.moving", url_of(source), url_of(destination)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - our own interpreter
    seconds, megabytes = done.stdout.split()
    return float(seconds), float(megabytes)


def main(here: str, there: str) -> None:
    """Copy, and print the seconds and the megabytes."""
    with open_storage(here) as source, open_storage(there) as destination:
        before, start = peak(), time.perf_counter()
        copy(source, destination)
        sys.stdout.write(f"{time.perf_counter() - start} {(peak() - before) / 1024}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
