"""The third party's package, installed: its folder on the path, and beside it what pip would have written."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.backends import known_backends

METADATA = "Metadata-Version: 2.1\nName: engine-room-memory\nVersion: 1.0\n"
ENTRY_POINTS = "[storage.backends]\nmemory = engine_room_memory:open_backend\n"


@pytest.fixture(scope="package")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Install the backend for the tests of this folder."""
    site = tmp_path_factory.mktemp("site")
    distribution(site, "engine_room_memory-1.0", ENTRY_POINTS)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(Path(__file__).parent)
        patch.syspath_prepend(site)
        known_backends.cache_clear()
        yield
    known_backends.cache_clear()


def distribution(site: Path, name: str, entry_points: str) -> None:
    """Write what an installed distribution leaves on the path."""
    folder = site / f"{name}.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text(METADATA)
    (folder / "entry_points.txt").write_text(entry_points)
