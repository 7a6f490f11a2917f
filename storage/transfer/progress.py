"""How far a transfer has come, for whoever wants to show it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")

#: Rows between two reports.
STEP = 1000


class Progress(ABC):
    """Told of each part of the work: its name, how many rows it is about, and how many more are done."""

    @abstractmethod
    def begin(self, what: str, total: int) -> None:
        """A part begins."""

    @abstractmethod
    def advance(self, number: int) -> None:
        """So many more rows are done."""

    @abstractmethod
    def end(self) -> None:
        """The part is done."""

    def over(self, what: str, total: int, items: Iterable[T]) -> Iterator[T]:
        """Yield the items, and tell of them in steps."""
        self.begin(what, total)
        number = 0
        for item in items:
            yield item
            number += 1
            if number == STEP:
                self.advance(number)
                number = 0
        self.advance(number)
        self.end()


class Silence(Progress):
    """Tells nobody."""

    def begin(self, what: str, total: int) -> None:
        """Say nothing."""

    def advance(self, number: int) -> None:
        """Say nothing."""

    def end(self) -> None:
        """Say nothing."""
