"""A copy from PostgreSQL to MongoDB, and the one back, against reading and writing by the two drivers by hand."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import zip_longest
from operator import itemgetter

import psycopg
from bson.int64 import Int64
from pymongo import MongoClient, WriteConcern

from benchmarks.calls import url_of
from benchmarks.goals import BACK, MEMORY, MONGODB, POSTGRESQL, THERE, THERE_AND_BACK
from benchmarks.growth import fill
from benchmarks.peers.with_psycopg import COPY_ALL, TYPES
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
#: In the order of ``COPY_ALL``.
COLUMNS = ("title", "title_key", "thrust", "last_fired", "version", "_id")
SELECT = "SELECT title, title_key, thrust, last_fired, version, id FROM engine ORDER BY id"
BATCH = 5000

ByHand = Callable[[str, str], float]


@dataclass(frozen=True, slots=True)
class Trip:
    """Seconds of one copy: ours, ours again with nothing to do, by hand; and the megabytes that ours took more."""

    ours: float
    again: float
    by_hand: float
    more: float


def measure(places: Places, sizes: Sizes) -> Iterator[Row]:
    """Yield the way from PostgreSQL to MongoDB, the way back, and both together."""
    with places.storage(POSTGRESQL) as one, places.storage(MONGODB) as other, places.storage(POSTGRESQL) as back:
        number = sizes.growth if places.is_quick(MONGODB) else sizes.growth // SHARE
        fill(one, number)
        with places.storage(MONGODB) as by_hand:
            out = trip(one, other, to_mongodb, by_hand)
        yield from rows(THERE, number, out)
        with places.storage(POSTGRESQL) as by_hand:
            home = trip(other, back, to_postgresql, by_hand)
        yield from rows(BACK, number, home)
    both = Trip(out.ours + home.ours, out.again + home.again, out.by_hand + home.by_hand, more=0)
    yield from rows(THERE_AND_BACK, number, both)


def trip(source: Storage, destination: Storage, move: ByHand, by_hand: Storage) -> Trip:
    """Copy by hand, then ours, into empty databases, and ours once more; each is checked to have copied all."""
    seconds = move(url_of(source), url_of(by_hand))
    check_same(source, by_hand)
    ours, more = copy_in_child(source, destination)
    check_same(source, destination)
    return Trip(ours, copy_in_child(source, destination)[0], seconds, more)


def rows(place: str, number: int, found: Trip) -> Iterator[Row]:
    """Yield what a copy takes against the drivers, what it takes again, and its memory where it was one process."""
    work = f"copy of {number:,} rows"
    ours, again, by_hand = Times([found.ours]), Times([found.again]), Times([found.by_hand])
    yield speed(place, work, "the raw drivers", ours, by_hand)
    yield cost(place, f"{work} with nothing to do", "the first copy", again, ours)
    if found.more:
        yield Row(place, work, "before it", MEMORY, "MB", found.more, 0, found.more, found.more, found.more)


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
        cursor.copy(COPY_ALL) as copying,
    ):
        copying.set_types([*TYPES, "int8"])
        documents = client.get_default_database()["engine"].find(sort=[("_id", 1)], batch_size=BATCH)
        while documents.alive:
            for document in documents.to_list(BATCH):
                copying.write_row([int(value) if type(value) is Int64 else value for value in pick(document)])
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
