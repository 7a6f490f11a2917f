"""The values that cross the interface: frozen, slotted dataclasses whose annotations hold the rules."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from storage.fields import Integer, Text, Timestamp


@dataclass(frozen=True, slots=True)
class Engine:
    """An engine of a spaceship.

    Storage gives ``id`` and ``version``: an engine that was not stored yet has ``id=None`` and ``version=0``.
    """

    title: Annotated[str, Text(128, searchable=True, sortable=True)]
    thrust: Annotated[int, Integer(-(2**31), 2**31 - 1, sortable=True)] = 0
    last_fired: Annotated[datetime | None, Timestamp(sortable=True)] = None
    id: int | None = None
    version: int = 0
