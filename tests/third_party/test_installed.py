"""What an installed package's entry point does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from storage import Capability, Invalid, Unsupported, open_storage
from storage.backends import known_backends
from tests.third_party.conftest import distribution


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder on the path, for distributions of the test's own."""
    monkeypatch.syspath_prepend(tmp_path)
    known_backends.cache_clear()
    yield tmp_path
    known_backends.cache_clear()


def test_an_entry_point_adds_a_scheme(installed: None) -> None:
    """1.2 It is opened like any other, and listed among the known ones."""
    with open_storage("memory://") as storage:
        assert storage.backend == "memory"
    with pytest.raises(Invalid, match="memory"):
        open_storage("unknown://")


def test_a_scheme_has_one_backend(installed: None, site: Path) -> None:
    """1.2 The error names both that want it, whichever URL is opened."""
    distribution(site, "other_memory-1.0", "[storage.backends]\nmemory = other_memory:open_backend\n")
    for url in ("memory://", "sqlite://"):
        with pytest.raises(Invalid) as raised:
            open_storage(url)
        assert "engine_room_memory:open_backend" in str(raised.value)
        assert "other_memory:open_backend" in str(raised.value)


def test_no_package_takes_a_scheme_of_ours(site: Path) -> None:
    """1.2 Nor by the back door."""
    distribution(site, "other_sqlite-1.0", "[storage.backends]\nsqlite = other_sqlite:open_backend\n")
    with pytest.raises(Invalid, match="other_sqlite:open_backend"):
        open_storage("sqlite://")


def test_a_package_that_is_broken_says_so_itself(site: Path) -> None:
    """1.3 There is no extra of ours to install for it."""
    distribution(site, "broken-1.0", "[storage.backends]\nbroken = a_package_that_is_not_there:open_backend\n")
    with pytest.raises(ModuleNotFoundError, match="a_package_that_is_not_there"):
        open_storage("broken://")


def test_a_backend_without_transactions_names_the_capability(installed: None) -> None:
    """12.16 What was asked for, what was found, and how to mend it."""
    with open_storage("memory://") as storage:
        storage.migrations.upgrade()
        assert storage.capabilities == frozenset()
        with pytest.raises(Unsupported, match=Capability.TRANSACTIONS.value) as raised, storage.transaction():
            pass
    assert "keep the entities in a database" in str(raised.value)
