"""Eight threads on one storage; shown on engines."""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import Any

from storage import Capability, Engine, NotFound, Repository, Storage, Unit, VersionConflict
from storage.testing.fixtures import Fixtures, needs
from storage.testing.threads import ROUNDS, THREADS, in_threads, until_done, workload


class Concurrency(Fixtures):
    """What several threads do at once ends as if they had done it one after another."""

    def test_no_update_is_lost(self, repository: Repository[Any]) -> None:
        """10.9 Every thread adds 1 by version, again and again: the sum is what was acknowledged."""
        id = repository.add(Engine("counted")).id

        def add_one() -> Any:
            engine = repository.get(id)
            return repository.update(id, {"thrust": engine.thrust + 1}, version=engine.version)

        threads, rounds = workload()
        acknowledged = in_threads(lambda _: [until_done(add_one).version for _ in range(rounds)], threads)
        versions = [version for versions in acknowledged for version in versions]
        assert sorted(versions) == list(range(2, threads * rounds + 2))
        found = repository.get(id)
        assert (found.thrust, found.version) == (threads * rounds, threads * rounds + 1)

    def test_every_update_counts(self, repository: Repository[Any]) -> None:
        """10.4 10.9 Those without a version too: each returns a version of its own."""
        id = repository.add(Engine("counted")).id
        returned = in_threads(
            lambda thread: [until_done(lambda: repository.update(id, {"thrust": thread})) for _ in range(ROUNDS)]
        )
        versions = [engine.version for engines in returned for engine in engines]
        assert sorted(versions) == list(range(2, THREADS * ROUNDS + 2))
        last = max((engine for engines in returned for engine in engines), key=lambda engine: engine.version)
        assert repository.get(id) == last

    def test_one_of_many_that_saw_the_same_wins(self, repository: Repository[Any]) -> None:
        """10.9 The others get a version conflict."""
        seen = repository.add(Engine("contested"))

        def change(thread: int) -> str:
            try:
                repository.update(seen.id, {"thrust": thread}, version=seen.version)
            except VersionConflict:
                return "conflict"
            return "done"

        assert Counter(in_threads(change)) == {"done": 1, "conflict": THREADS - 1}
        assert repository.get(seen.id).version == 2

    def test_an_entity_is_deleted_once(self, repository: Repository[Any]) -> None:
        """10.6 The others find nothing."""
        id = repository.add(Engine("doomed")).id

        def delete(_: int) -> str:
            try:
                until_done(lambda: repository.delete(id))
            except NotFound:
                return "not found"
            return "deleted"

        assert Counter(in_threads(delete)) == {"deleted": 1, "not found": THREADS - 1}

    def test_no_id_is_given_twice(self, repository: Repository[Any]) -> None:
        """4.1 1.7 Eight threads add, one by one and many at once."""

        def add(thread: int) -> list[Any]:
            engines = [repository.add(Engine(f"{thread} {number}")) for number in range(ROUNDS)]
            return engines + repository.add_many([Engine(f"{thread} many {number}") for number in range(ROUNDS)])

        added = [engine for engines in in_threads(add) for engine in engines]
        assert len({engine.id for engine in added}) == len(added) == 2 * THREADS * ROUNDS
        assert list(repository.scan()) == sorted(added, key=lambda engine: engine.id)
        assert repository.last_id() >= max(engine.id for engine in added)

    def test_the_ids_of_each_batch_ascend(self, repository: Repository[Any]) -> None:
        """3.3 Also while others add."""
        batches = in_threads(lambda _: repository.add_many([Engine(str(number)) for number in range(20)]))
        for batch in batches:
            ids = [engine.id for engine in batch]
            assert ids == sorted(set(ids))
            assert [engine.title for engine in batch] == [str(number) for number in range(20)]

    def test_reserving_is_safe_beside_adding(self, repository: Repository[Any]) -> None:
        """4.6 Nothing that is added afterwards has a reserved id, and no id is given twice."""
        first = repository.last_id()

        def reserve_and_add(thread: int) -> list[tuple[int, int]]:
            pairs = []
            for number in range(ROUNDS):
                mark = first + 40 * number + 5 * thread
                repository.reserve_ids(mark)
                pairs.append((mark, repository.add(Engine(f"{thread} {number}")).id))
            return pairs

        pairs = [pair for pairs in in_threads(reserve_and_add) for pair in pairs]
        assert all(id > mark for mark, id in pairs)
        assert len({id for _, id in pairs}) == len(pairs)
        assert repository.last_id() >= max(id for _, id in pairs)

    def test_putting_the_same_at_once_adds_it_once(self, repository: Repository[Any]) -> None:
        """11.9 Every thread puts the same entities: each is added by one of them and kept by the others."""
        engines = [Engine(f"moved {id}", id=id, version=3) for id in range(1, 21)]
        results = in_threads(lambda _: until_done(lambda: repository.put_many(engines)))
        assert sum(result.added for result in results) == len(engines)
        assert sum(result.kept for result in results) == len(engines) * (THREADS - 1)
        assert list(repository.scan()) == engines

    @needs(Capability.TRANSACTIONS)
    def test_units_of_many_threads_end_as_if_one_by_one(self, storage: Storage, repository: Repository[Any]) -> None:
        """12.13 12.11 Thrust is moved to and fro between two engines by version, and none is gained or lost."""
        one, other = (engine.id for engine in repository.add_many([Engine("one", 1000), Engine("other", 1000)]))

        def move(work: Unit, amount: int) -> None:
            for id, change in ((one, -amount), (other, amount)):
                engine = work.engines.get(id)
                work.engines.update(id, {"thrust": engine.thrust + change}, version=engine.version)

        def move_often(thread: int) -> None:
            for number in range(ROUNDS):
                until_done(partial(storage.run, partial(move, amount=thread * 10 + number)))

        in_threads(move_often)
        moved = sum(thread * 10 + number for thread in range(THREADS) for number in range(ROUNDS))
        found = repository.get_many([one, other])
        assert [engine.thrust for engine in found] == [1000 - moved, 1000 + moved]
        assert [engine.version for engine in found] == [THREADS * ROUNDS + 1] * 2

    @needs(Capability.TRANSACTIONS)
    def test_units_add_beside_one_another(self, storage: Storage, repository: Repository[Any]) -> None:
        """12.1 4.1 What each unit added is there, and no id was given twice."""

        def add(thread: int) -> list[Any]:
            def two(work: Unit) -> list[Any]:
                return [work.engines.add(Engine(f"{thread} first")), work.engines.add(Engine(f"{thread} second"))]

            return [engine for _ in range(ROUNDS) for engine in storage.run(two, attempts=50)]

        added = [engine for engines in in_threads(add) for engine in engines]
        assert list(repository.scan()) == sorted(added, key=lambda engine: engine.id)
        assert len({engine.id for engine in added}) == 2 * THREADS * ROUNDS
