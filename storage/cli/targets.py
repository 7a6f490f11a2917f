"""Where data is, as it is named on a command line: a URL, a variable that holds one, or a backup."""

from __future__ import annotations

import os
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from storage.backends import open_storage
from storage.entities import ENTITIES
from storage.errors import Invalid, Unavailable
from storage.migrations import WITHDRAWN
from storage.storage import Storage
from storage.url import masked

#: An SQLite URL that does not say how the file is to be opened.
SQLITE = re.compile(r"(?i)sqlite[^:]*:(?!.*[?&]mode=)")


class Place(ABC):
    """A database, before it is opened."""

    @abstractmethod
    def open(self, entities: Sequence[type], *, make: bool = False) -> AbstractContextManager[Storage]:
        """Open it; ``make``: a file that does not exist yet may be made."""

    def entities(self) -> Sequence[type] | None:
        """Return the entities that it was opened with, if it is open already."""
        return None

    @abstractmethod
    def note(self, write: Callable[[Path], None]) -> None:
        """Have something noted where the application looks for it, if there is an application."""


@dataclass(frozen=True, slots=True)
class NamedPlace(Place):
    """A database at a URL."""

    url: str

    @contextmanager
    def open(self, entities: Sequence[type], *, make: bool = False) -> Iterator[Storage]:
        """Open it, and close it at the end."""
        if make or not SQLITE.match(self.url):
            with open_storage(self.url, entities=entities) as storage:
                yield storage
            return
        # SQLite would make an empty file of any name that is mistyped.
        with open_storage(f"{self.url}{'&' if '?' in self.url else '?'}mode=rw", entities=entities) as storage:
            storage.address = masked(self.url)
            try:
                storage.ping()
            except Unavailable as error:
                raise Unavailable(
                    f"{storage.address}: {error}; --upgrade makes a file that is not there yet"
                ) from error
            yield storage

    def note(self, write: Callable[[Path], None]) -> None:
        """Note nothing: nobody would look."""


@dataclass(frozen=True, slots=True)
class OwnPlace(Place):
    """The open storage of an application, and the folder where the application looks for what is noted."""

    storage: Storage
    folder: Path

    @contextmanager
    def open(self, entities: Sequence[type], *, make: bool = False) -> Iterator[Storage]:
        """Give it as it is."""
        yield self.storage

    def entities(self) -> Sequence[type] | None:
        """Return those of the application."""
        return list(self.storage.descriptions)

    def note(self, write: Callable[[Path], None]) -> None:
        """Note it in the folder."""
        write(self.folder)


def read_place(text: str) -> NamedPlace:
    """Return the place that a text names: a URL, or ``env:NAME`` for the URL in a variable."""
    if not text.startswith("env:"):
        return NamedPlace(text)
    name = text.removeprefix("env:")
    url = os.environ.get(name)
    if not url:
        raise Invalid({text: "there is no such variable: set it to the URL of a database"})
    return NamedPlace(url)


def is_database(text: str) -> bool:
    """Return whether a text names a database, and not a file."""
    return text.startswith("env:") or "://" in text


def known_entities(*places: Place) -> Sequence[type]:
    """Return what the places are to be opened with: the application's entities, if one is its own."""
    return next((entities for place in places if (entities := place.entities()) is not None), ENTITIES)


def prepare(storage: Storage, *, upgrade: bool) -> bool:
    """Bring a destination to the newest revision if that was asked for; return whether nobody knew it before."""
    found = storage.migrations.current()
    if upgrade and found != WITHDRAWN:
        storage.migrations.upgrade()
    return found is None
