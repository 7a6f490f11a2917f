"""A backend by somebody else: entities in the memory of the process, without transactions."""

from engine_room_memory.storage import MemoryStorage, open_backend

__all__ = ["MemoryStorage", "open_backend"]
