"""A stateful machine: random calls on a repository, each compared with the model's answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, MultipleResults, RuleBasedStateMachine, initialize, multiple, rule

from storage import Repository, StorageError
from storage.entity import describe
from storage.testing import strategies
from storage.testing.fixtures import empty
from storage.testing.model import Model
from storage.testing.samples import Samples

VERSIONS = st.none() | st.integers(1, 5)
LIMITS = st.integers(1, 7) | st.just(1000)


class Machine(RuleBasedStateMachine):
    """One thread's calls on one repository, which is emptied at the beginning of each run."""

    ids = Bundle("ids")
    any_id = st.one_of(ids, ids, ids, st.sampled_from([0, -1, 2**63 - 1, 2**63]))

    def __init__(self, repository: Repository[Any], entity: type[Any]) -> None:
        super().__init__()
        empty(repository)
        self.repository = repository
        self.description = describe(entity)
        self.samples = Samples(entity)
        self.model = Model(repository.last_id(), self.samples.unique)

    def same(self, real: Callable[[], Any], expected: Callable[[], Any]) -> None:
        """Assert that both return the same or raise the same."""
        assert outcome(real) == outcome(expected)

    def free(self, entities: list[Any]) -> list[Any]:
        """Return those entities whose unique values nobody has, neither the model nor one before."""
        taken: set[tuple[str, Any]] = set()
        free = []
        for entity in entities:
            values = {(name, getattr(entity, name)) for name in self.model.unique}
            if not self.model.takes(entity) and not values & taken:
                taken |= values
                free.append(entity)
        return free

    @initialize(target=ids)
    def begin(self) -> int:
        """Store one entity, so that there is an id to speak of."""
        return self.model.add(self.samples.one(0), self.repository.add(self.samples.one(0)).id).id  # type: ignore[no-any-return]

    @rule(target=ids, data=st.data())
    def add(self, data: st.DataObject) -> MultipleResults[int] | int:
        entity = data.draw(strategies.new_entities(self.description))
        if not self.free([entity]):
            self.same(lambda: self.repository.add(entity), lambda: self.model.refuse_taken(entity))
            return multiple()
        added = self.repository.add(entity)
        assert added == self.model.add(entity, added.id)
        return int(added.id)

    @rule(target=ids, data=st.data())
    def add_many(self, data: st.DataObject) -> MultipleResults[int]:
        entities = self.free(data.draw(st.lists(strategies.new_entities(self.description), max_size=5)))
        added = self.repository.add_many(entities)
        assert added == [self.model.add(entity, one.id) for entity, one in zip(entities, added, strict=True)]
        return multiple(*(one.id for one in added))

    @rule(id=any_id)
    def get(self, id: int) -> None:
        self.same(lambda: self.repository.get(id), lambda: self.model.get(id))

    @rule(asked=st.lists(any_id, max_size=5))
    def get_many(self, asked: list[int]) -> None:
        assert self.repository.get_many(asked) == self.model.get_many(asked)

    @rule(data=st.data(), limit=LIMITS)
    def find(self, data: st.DataObject, limit: int) -> None:
        filters = data.draw(strategies.filters(self.description))
        order_by = data.draw(st.sampled_from(self.samples.orders))
        expected = self.model.find(*filters, order_by=order_by)
        found: list[Any] = []
        cursor = None
        while True:
            page = self.repository.find(*filters, order_by=order_by, limit=limit, cursor=cursor)
            assert page.items == expected[len(found) : len(found) + limit]
            found += page.items
            cursor = page.next_cursor
            assert (cursor is None) == (len(found) == len(expected))
            if cursor is None:
                return

    @rule(data=st.data())
    def count_and_scan(self, data: st.DataObject) -> None:
        filters = data.draw(strategies.filters(self.description))
        expected = self.model.find(*filters)
        assert self.repository.count(*filters) == len(expected)
        assert list(self.repository.scan(*filters)) == expected

    @rule(id=any_id, version=VERSIONS, data=st.data())
    def update(self, id: int, version: int | None, data: st.DataObject) -> None:
        changes = data.draw(strategies.changes(self.description))
        self.same(
            lambda: self.repository.update(id, changes, version=version),
            lambda: self.model.update(id, changes, version=version),
        )

    @rule(id=any_id, version=VERSIONS)
    def delete(self, id: int, version: int | None) -> None:
        self.same(lambda: self.repository.delete(id, version), lambda: self.model.delete(id, version))

    @rule(target=ids, data=st.data(), overwrite=st.booleans(), chosen=st.sets(ids, max_size=3))
    def put_many(self, data: st.DataObject, overwrite: bool, chosen: set[int]) -> MultipleResults[int]:
        ids = chosen | data.draw(st.sets(st.integers(1, 3).map(lambda ahead: self.model.mark + ahead), max_size=2))
        one = strategies.new_entities(self.description)
        entities = [replace(data.draw(one), id=id, version=data.draw(st.integers(1, 4))) for id in ids]
        entities = self.free(entities)
        assert self.repository.put_many(entities, overwrite) == self.model.put_many(entities, overwrite)
        return multiple(*(entity.id for entity in entities))

    @rule(ahead=st.integers(-3, 3))
    def reserve_ids(self, ahead: int) -> None:
        up_to = max(0, self.model.mark + ahead)
        self.repository.reserve_ids(up_to)
        self.model.reserve_ids(up_to)

    @rule()
    def last_id(self) -> None:
        assert self.repository.last_id() == self.model.mark

    def teardown(self) -> None:
        """Compare all that is left."""
        assert list(self.repository.scan()) == self.model.find()


def outcome(call: Callable[[], Any]) -> Any:
    """Return what a call returns, or the type of the storage's error that it raises."""
    try:
        return call()
    except StorageError as error:
        return type(error)
