"""The contract, composed from its parts."""

from __future__ import annotations

from storage.testing.broken_units import BrokenUnits
from storage.testing.concurrency import Concurrency
from storage.testing.cursors import Cursors
from storage.testing.fields import Fields
from storage.testing.filtering import Filtering
from storage.testing.identity import Identity
from storage.testing.lifecycle import Opening, Schema
from storage.testing.moving import Moving
from storage.testing.ordering import Ordering, Paging
from storage.testing.properties import Properties, SearchProperties
from storage.testing.reading import Getting, Scanning
from storage.testing.refusals import Refusals
from storage.testing.refused_filters import RefusedFilters
from storage.testing.running import Running, Snapshots
from storage.testing.searching import Searching
from storage.testing.transactions import Transactions
from storage.testing.writing import Adding, Deleting, Updating


class EntityContract(
    Properties,
    Snapshots,
    Running,
    BrokenUnits,
    Transactions,
    Refusals,
    Moving,
    Cursors,
    Paging,
    Ordering,
    Scanning,
    Getting,
    Identity,
    Deleting,
    Updating,
    Adding,
):
    """What holds for the repository of any entity: set ``entity``, and override ``make_storage``."""


class SingleThreadedContract(EntityContract, SearchProperties, Searching, RefusedFilters, Filtering, Fields):
    """``EntityContract`` on engines, and what only engines can show; nothing of threads, processes and migrations.

    For a stand-in that can do no more. A backend must pass ``RepositoryContract``.
    """


class RepositoryContract(SingleThreadedContract, Concurrency, Schema, Opening):
    """What a backend must pass.

    A backend joins by one class and one fixture::

        class TestOurs(RepositoryContract):
            @pytest.fixture(scope="class")
            @classmethod
            def make_storage(cls):
                def make():
                    storage = open_storage(address_of_an_empty_database(), entities=[cls.entity])
                    storage.migrations.upgrade()
                    return storage

                return make
    """
