"""Single calls: ``get``, a page of 100, ``add``; each place against its driver, and against the libraries."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import cycle
from random import Random
from typing import Any

from benchmarks.goals import CPU, MARIADB, MONGODB, POSTGRESQL, SQLITE, WALL
from benchmarks.peers.peer import Peer
from benchmarks.places import Places
from benchmarks.results import Row
from benchmarks.rounds import OURS, race, speeds
from benchmarks.samples import check_same, engines
from benchmarks.sizes import Sizes, for_mongodb
from storage import Engine, Storage

PAGE = 100


def measure(places: Places, sizes: Sizes) -> Iterator[Row]:
    """Yield the rows of each place."""
    for place in (POSTGRESQL, SQLITE, MARIADB, MONGODB):
        yield from measure_place(places, place, sizes)


def measure_place(places: Places, place: str, sizes: Sizes) -> Iterator[Row]:
    """Yield the rows of one place."""
    compared = (CPU, WALL) if place == MONGODB else (WALL,)
    sizes = for_mongodb(sizes) if place == MONGODB else sizes
    with places.storage(place) as storage, peers_of(places, place, storage) as peers:
        storage.engines.add_many(engines(sizes.rows))
        analyze(storage)
        for peer in peers:
            if not shares_rows(place, peer):
                peer.add_many(engines(sizes.rows))
        for work, make in (("get", getting), ("page of 100", paging), ("add", adding)):
            sides = make(storage, peers, sizes.rows)
            yield from speeds(place, work, race(sides, sizes), *compared)


def analyze(storage: Storage) -> None:
    """Have the planner know the rows, as it would in service."""
    if storage.backend != "mongodb":
        with storage.engine.connect() as connection:  # type: ignore[attr-defined]
            connection.exec_driver_sql("ANALYZE TABLE engine" if storage.backend == "mysql" else "ANALYZE")


@contextmanager
def peers_of(places: Places, place: str, storage: Storage) -> Iterator[Sequence[Any]]:
    """Give the peers of a place: on our rows where they count ids as we do, else on rows of their own."""
    peers = OPEN[place](places, storage)
    try:
        yield peers
    finally:
        for peer in peers:
            peer.close()


def shares_rows(place: str, peer: Peer) -> bool:
    """Return whether a peer works on the table or the collection that ours works on."""
    return place == POSTGRESQL or peer.name == "PyMongo"


def url_of(storage: Any) -> str:
    """Return where a storage is, for others to open."""
    return str(storage.url) if isinstance(storage.url, str) else str(storage.url.render_as_string(False))


def on_postgresql(_places: Places, storage: Storage) -> list[Peer]:
    """Return psycopg and the three libraries."""
    from benchmarks.peers.with_psycopg import WithPsycopg
    from benchmarks.peers.with_sqlalchemy import WithAdvancedAlchemy, WithFlaskSQLAlchemy, WithOrm

    url = url_of(storage)
    return [
        WithPsycopg(url.replace("+psycopg", "")),
        WithOrm(url),
        WithFlaskSQLAlchemy(url),
        WithAdvancedAlchemy(url),
        WithOrm(url, autocommit=True),
    ]


def on_sqlite(places: Places, _storage: Storage) -> list[Peer]:
    """Return sqlite3."""
    from benchmarks.peers.with_sqlite3 import WithSqlite3

    return [WithSqlite3(places.new_database(SQLITE))]


def on_mariadb(places: Places, _storage: Storage) -> list[Peer]:
    """Return PyMySQL."""
    from benchmarks.peers.with_pymysql import WithPyMySQL

    return [WithPyMySQL(places.new_database(MARIADB))]


def on_mongodb(_places: Places, storage: Storage) -> list[Peer]:
    """Return PyMongo and MongoEngine."""
    from benchmarks.peers.with_mongoengine import WithMongoEngine
    from benchmarks.peers.with_pymongo import WithPyMongo

    return [WithPyMongo(url_of(storage)), WithMongoEngine(url_of(storage))]


OPEN: dict[str, Callable[[Places, Storage], list[Peer]]] = {
    POSTGRESQL: on_postgresql,
    SQLITE: on_sqlite,
    MARIADB: on_mariadb,
    MONGODB: on_mongodb,
}


def getting(storage: Storage, peers: Sequence[Peer], rows: int) -> dict[str, Callable[[], object]]:
    """Return the sides that get one engine after another."""
    ids = Random(1).sample(range(1, rows + 1), min(rows, 1000))
    for peer in peers:
        check_same("get", map(storage.engines.get, ids), map(peer.get, ids), peer.name)
    sides: dict[str, Callable[[int], object]] = {OURS: storage.engines.get, **{peer.name: peer.get for peer in peers}}
    return {name: bound(get, ids) for name, get in sides.items()}


def paging(storage: Storage, peers: Sequence[Peer], rows: int) -> dict[str, Callable[[], object]]:
    """Return the sides that read one page after another."""
    cursors, ends, cursor = [], [], None
    while len(cursors) < min(50, rows // PAGE - 1):
        page = storage.engines.find(limit=PAGE, cursor=cursor)
        cursor = page.next_cursor
        cursors.append(cursor)
        ends.append(page.items[-1].id)
    for peer in peers:
        for cursor, end in zip(cursors, ends, strict=True):
            items = storage.engines.find(limit=PAGE, cursor=cursor).items
            check_same("page of 100", items, peer.page(end), peer.name)
    find = storage.engines.find
    ours = bound(lambda cursor: find(limit=PAGE, cursor=cursor), cursors)
    return {OURS: ours, **{peer.name: bound(peer.page, ends) for peer in peers}}


def adding(storage: Storage, peers: Sequence[Peer], rows: int) -> dict[str, Callable[[], object]]:
    """Return the sides that add one engine after another."""
    new = engines(1000)
    for peer in peers:
        check_same("add", map(storage.engines.add, new[:9]), map(peer.add, new[:9]), peer.name, ids=False)
        ids = [peer.add(one).id for one in new[:9]]
        check_same("what add stored", new_as_stored(new[:9]), map(peer.get, ids), peer.name, ids=False)
    sides: dict[str, Callable[[Engine], object]] = {
        OURS: storage.engines.add,
        **{peer.name: peer.add for peer in peers},
    }
    return {name: bound(add, new) for name, add in sides.items()}


def new_as_stored(new: Sequence[Engine]) -> list[Engine]:
    """Return new engines with the version that storing gives them."""
    return [Engine(one.title, one.thrust, one.last_fired, one.id, 1) for one in new]


def bound(call: Callable[[Any], object], arguments: Sequence[Any]) -> Callable[[], object]:
    """Return the call with one argument after another, round and round."""
    following = cycle(arguments).__next__
    return lambda: call(following())
