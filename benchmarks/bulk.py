"""Many rows at once: ``add_many`` and ``put_many``, into a table that is empty at the beginning of each round."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from benchmarks.calls import OPEN
from benchmarks.goals import BULK, CPU, MARIADB, MONGODB, POSTGRESQL, PUT, SQLITE, WALL
from benchmarks.places import Places
from benchmarks.results import Row
from benchmarks.rounds import OURS, race_in_bulk, speeds
from benchmarks.samples import check_same, engines, numbered
from benchmarks.sizes import Sizes, for_mongodb
from storage import Storage


def measure(places: Places, sizes: Sizes) -> Iterator[Row]:
    """Yield the rows of each place."""
    yield from on_postgresql(places, sizes)
    for place in (SQLITE, MARIADB):
        with places.storage(place) as storage:
            (peer,) = OPEN[place](places, storage)
            yield from adding(place, storage, [peer], sizes.bulk, sizes.bulk_rounds)
            peer.close()
    with places.storage(MONGODB) as storage:
        peers = OPEN[MONGODB](places, storage)
        yield from adding(MONGODB, storage, peers, for_mongodb(sizes).bulk, sizes.bulk_rounds)
        for peer in peers:
            peer.close()


def on_postgresql(places: Places, sizes: Sizes) -> Iterator[Row]:
    """Yield ``add_many`` and ``put_many`` against COPY."""
    with places.storage(POSTGRESQL) as storage:
        copy, *others = OPEN[POSTGRESQL](places, storage)
        copy.name = "psycopg COPY"
        yield from adding(POSTGRESQL, storage, [copy], sizes.bulk, sizes.bulk_rounds)
        yield from putting(storage, copy, sizes)
        for peer in (copy, *others):
            peer.close()


def adding(place: str, storage: Storage, peers: list[Any], number: int, rounds: int) -> Iterator[Row]:
    """Yield ``add_many`` of that many against the peers, checked to have stored the same."""
    new = engines(number)
    sides = {OURS: lambda: storage.engines.add_many(new), **{one.name: bulk_of(one, new) for one in peers}}

    def empty() -> None:
        delete_all(storage)
        for peer in peers:
            empty_peer(peer)

    for peer in peers:
        empty()
        ours = storage.engines.add_many(new)
        check_same(BULK, ours, storage.engines.scan(), OURS)
        empty_peer(peer)
        peer.add_many(new)
        check_same(BULK, ours[:100], peer.page(0), peer.name, ids=False)
    times = race_in_bulk(sides, empty, rounds)
    yield from speeds(place, BULK, times, *((CPU, WALL) if place == MONGODB else (WALL,)))


def bulk_of(peer: Any, new: list[Any]) -> Any:
    """Return a peer's bulk as a call."""
    return lambda: peer.add_many(new)


def putting(storage: Storage, peer: Any, sizes: Sizes) -> Iterator[Row]:
    """Yield ``put_many`` of rows that are not there yet, against COPY of the same."""
    new = numbered(sizes.bulk)
    peer.empty()
    storage.engines.put_many(new)
    ours = list(storage.engines.scan())
    peer.empty()
    peer.put_many(new)
    check_same(PUT, ours, storage.engines.scan(), peer.name)
    sides = {OURS: lambda: storage.engines.put_many(new), peer.name: lambda: peer.put_many(new)}
    yield from speeds(POSTGRESQL, PUT, race_in_bulk(sides, peer.empty, sizes.bulk_rounds))


def delete_all(storage: Any) -> None:
    """Take all rows of ours away."""
    if storage.backend == "mongodb":
        storage.pool.work.collection("engine").delete_many({})
        return
    with storage.engine.connect() as connection:
        connection.exec_driver_sql("DELETE FROM engine" if storage.backend == "sqlite" else "TRUNCATE TABLE engine")


def empty_peer(peer: Any) -> None:
    """Take all rows of a peer away, if it has its own."""
    if hasattr(peer, "empty"):
        peer.empty()
