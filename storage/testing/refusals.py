"""Capabilities: what is declared works, and what is not declared is refused."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

import pytest

from storage import Capability, Repository, Storage, Unit, Unsupported
from storage.testing.fixtures import Fixtures


class Refusals(Fixtures):
    """The twin of every test that needs a capability: a capability said to be missing must not work."""

    def test_capabilities_are_named(self, storage: Storage) -> None:
        """1.10 A frozen set of them, the same at every look."""
        assert isinstance(storage.capabilities, frozenset)
        assert storage.capabilities <= set(Capability)
        assert storage.capabilities == storage.capabilities

    @pytest.mark.parametrize("capability", Capability)
    def test_a_capability_works_or_is_refused(
        self, storage: Storage, repository: Repository[Any], capability: Capability
    ) -> None:
        """12.16 13.3 As it was declared: the refusal names the capability."""
        blocks = {Capability.TRANSACTIONS: storage.transaction, Capability.SNAPSHOT: storage.snapshot}
        added = repository.add(self.samples.one(0))
        if capability in storage.capabilities:
            assert self.read_in(blocks[capability](), added.id) == added
        else:
            with pytest.raises(Unsupported, match=f"(?i){capability.name}"):
                self.read_in(blocks[capability](), added.id)

    def test_running_needs_transactions(self, storage: Storage, repository: Repository[Any]) -> None:
        """12.16 Without them, ``run`` refuses and does not call its function."""
        units: list[Unit] = []
        if Capability.TRANSACTIONS in storage.capabilities:
            storage.run(units.append)
            assert len(units) == 1
        else:
            with pytest.raises(Unsupported):
                storage.run(units.append)
            assert units == []

    def test_a_refusal_leaves_the_storage_as_it_was(self, storage: Storage, repository: Repository[Any]) -> None:
        """12.16 It can be used, and is refused, again and again."""
        for _ in range(2):
            for capability, block in (
                (Capability.TRANSACTIONS, storage.transaction),
                (Capability.SNAPSHOT, storage.snapshot),
            ):
                if capability not in storage.capabilities:
                    with pytest.raises(Unsupported):
                        self.read_in(block(), 1)
            assert repository.add(self.samples.one(0)) in list(repository.scan())
            repository.delete(repository.last_id())

    def read_in(self, block: AbstractContextManager[Unit], id: int) -> Any:
        """Return an entity as a unit reads it."""
        with block as work:
            return work.repository(self.entity).get(id)
