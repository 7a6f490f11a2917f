"""A copy from PostgreSQL to MongoDB, and the one back, against reading and writing by the two drivers by hand."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from itertools import zip_longest
from operator import itemgetter

import psycopg
from bson.int64 import Int64
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

#: MongoDB's stand-in in Python writes too slowly for a million.
SHARE = 20
COLUMNS = ("_id", "title", "title_key", "thrust", "last_fired", "version")
SELECT = "SELECT id, title, title_key, thrust, last_fired, version FROM engine ORDER BY id"
BATCH = 5000


def measure(places: Places, sizes: Sizes) -> Iterator[Row]:
    """Yield the way from PostgreSQL to MongoDB, and the way back."""
    with places.storage(POSTGRESQL) as one, places.storage(MONGODB) as other:
        number = sizes.growth if places.is_quick(MONGODB) else sizes.growth // SHARE
        fill(one, number)
        yield from moved(places, one, other, number)
        with places.storage(POSTGRESQL) as back:
            yield from moved(places, other, back, number)


def moved(places: Places, source: Storage, destination: Storage, number: int) -> Iterator[Row]:
    """Yield a copy into an empty database, its memory, and the copy that finds nothing to do."""
    ours, again, theirs = Times(), Times(), Times()
    here, there = (NAMES[storage.backend] for storage in (source, destination))
    with places.storage(there) as by_hand:
        theirs.wall.append(BY_HAND[here, there](url_of(source), url_of(by_hand)))
        check_same(source, by_hand)
    seconds, more = copy_in_child(source, destination)
    ours.wall.append(seconds)
    check_same(source, destination)
    again.wall.append(copy_in_child(source, destination)[0])
    place, work = f"{here} to {there}", f"copy of {number:,} rows"
    yield speed(place, work, "the raw drivers", ours, theirs)
    yield cost(place, f"{work} with nothing to do", "the first copy", again, ours)
    yield Row(place, work, "before it", MEMORY, "MB", more, 0, more, more, more)


def check_same(source: Storage, destination: Storage) -> None:
    """Raise unless every row has arrived."""
    pairs = zip_longest(source.engines.scan(), destination.engines.scan())
    if any(one != other for one, other in pairs):
        raise AssertionError("copy: the destination has other rows")


def to_mongodb(source: str, destination: str) -> float:
    """Read by a cursor of the server's and insert in batches; return the seconds."""
    start = time.perf_counter()
    with (
        psycopg.connect(source.replace("+psycopg", "")) as connection,
        connection.cursor("reading") as rows,
        closing(MongoClient(destination)) as client,
    ):
        rows.itersize = BATCH
        engines = client.get_default_database(write_concern=WriteConcern("majority", j=True))["engine"]
        for batch in batched(rows.execute(SELECT), BATCH):
            engines.insert_many(dict(zip(COLUMNS, row, strict=True)) for row in batch)
    return time.perf_counter() - start


def to_postgresql(source: str, destination: str) -> float:
    """Read by a cursor in batches and COPY; return the seconds."""
    start = time.perf_counter()
    pick = itemgetter(*COLUMNS)
    with (
        closing(MongoClient(source)) as client,
        psycopg.connect(destination.replace("+psycopg", "")) as connection,
        connection.cursor() as cursor,
        cursor.copy(COPY) as copying,
    ):
        copying.set_types(TYPES)
        documents = client.get_default_database()["engine"].find(sort=[("_id", 1)], batch_size=BATCH)
        while documents.alive:
            for document in documents.to_list(BATCH):
                copying.write_row([int(value) if type(value) is Int64 else value for value in pick(document)])
    return time.perf_counter() - start


COPY = "COPY engine (id, title, title_key, thrust, last_fired, version) FROM STDIN (FORMAT binary)"
TYPES = ["int8", "varchar", "varchar", "int4", "timestamp", "int8"]
NAMES = {"postgresql": POSTGRESQL, "mongodb": MONGODB}
BY_HAND = {(POSTGRESQL, MONGODB): to_mongodb, (MONGODB, POSTGRESQL): to_postgresql}


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
