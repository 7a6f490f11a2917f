"""A second entity, unlike an engine: a backend that keeps it too knows no entity by name."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from storage.entity import Integer, Text, Timestamp


@dataclass(frozen=True, slots=True)
class Probe:
    """A probe on its way, told by its code."""

    code: Annotated[str, Text(40, unique=True, sortable=True)]
    seen_at: Annotated[datetime, Timestamp(sortable=True)]
    signal: Annotated[int | None, Integer(-200, 200, sortable=True)] = None
    note: Annotated[str | None, Text(64)] = None
    id: int | None = None
    version: int = 0
