"""The history: one revision, which makes the tables."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING

from engine_room_memory.repository import Table
from storage.spi import WITHDRAWN, Migrations, Revision

if TYPE_CHECKING:
    from engine_room_memory.storage import MemoryStorage


class MemoryMigrations(Migrations):
    """Knows ``0001`` and nothing before it."""

    def __init__(self, storage: MemoryStorage) -> None:
        self.storage = storage
        self.lock = threading.RLock()
        self.revision: str | None = None

    def history(self) -> Sequence[Revision]:
        return [Revision("0001", "the tables")]

    def current(self) -> str | None:
        return self.revision

    def upgrade(self, to: str = "head") -> None:
        target = self.resolve(to)
        self.refuse_withdrawn()
        self.revision = target
        self.storage.forget_schema()

    def downgrade(self, to: str) -> None:
        with self.lock:
            self.refuse_withdrawn()
            self.revision = None if to == "base" else self.resolve(to)
            if self.revision is None:
                self.storage.tables = {entity: Table() for entity in self.storage.tables}
            self.storage.forget_schema()

    def stamp(self, revision: str) -> None:
        self.revision = self.resolve(revision)
        self.storage.forget_schema()

    def withdraw(self) -> bool:
        was_in_service = self.revision != WITHDRAWN
        if was_in_service:
            self.check_current()
        self.revision = WITHDRAWN
        return was_in_service

    def reinstate(self) -> None:
        if self.revision == WITHDRAWN:
            self.revision = self.head()

    def refuse_withdrawn(self) -> None:
        if self.revision == WITHDRAWN:
            raise self.out_of_date(self.revision)

    def differences(self) -> Sequence[str]:
        return []

    def stored_entities(self) -> Sequence[str]:
        return sorted(description.name for description in self.storage.descriptions.values())
