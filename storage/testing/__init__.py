"""What a backend must pass, ours or a third party's: the contract of ``docs/contract.md`` as tests."""

from storage.testing.contract import EntityContract, RepositoryContract, SingleThreadedContract
from storage.testing.fixtures import MakeStorage
from storage.testing.uniqueness import Uniqueness

__all__ = ["EntityContract", "MakeStorage", "RepositoryContract", "SingleThreadedContract", "Uniqueness"]
