"""Somebody else's backend, found by its entry point and held to the contract."""

from __future__ import annotations

import pytest

from storage import Storage, open_storage
from storage.testing import EntityContract, MakeStorage, RepositoryContract, Uniqueness
from tests.probe import Probe


class TestMemory(RepositoryContract):
    @pytest.fixture(scope="class")
    @classmethod
    def make_storage(cls, installed: None) -> MakeStorage:
        return lambda: new_storage(cls.entity)


class TestMemoryOfProbes(EntityContract, Uniqueness):
    entity = Probe

    @pytest.fixture(scope="class")
    @classmethod
    def make_storage(cls, installed: None) -> MakeStorage:
        return lambda: new_storage(cls.entity)


def new_storage(entity: type) -> Storage:
    storage = open_storage("memory://", entities=[entity])
    storage.migrations.upgrade()
    return storage
