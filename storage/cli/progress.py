"""How far a transfer has come: a bar on a terminal, or lines in a log."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic
from typing import IO, Any

from storage.backends import missing_driver
from storage.transfer.progress import Progress

#: Seconds between two lines in a log.
BETWEEN_LINES = 10.0


class Lines(Progress):
    """A plain line every ten seconds, and one at the end of each part, for a log."""

    def __init__(self, write: Callable[[str], object], clock: Callable[[], float] = monotonic) -> None:
        self.write = write
        self.clock = clock

    def begin(self, what: str, total: int) -> None:
        """Remember when it began."""
        self.what, self.total, self.done = what, total, 0
        self.began = self.told = self.clock()

    def advance(self, number: int) -> None:
        """Write a line if the last one is old."""
        self.done += number
        if self.clock() - self.told >= BETWEEN_LINES:
            self.told = self.clock()
            self.write(f"{self.what}: {self.done:,} of {self.total:,} rows{self.pace()}")

    def end(self) -> None:
        """Write the last line."""
        self.write(f"{self.what}: {self.done:,} rows")

    def pace(self) -> str:
        """Say how fast it goes, and how long it will last at that."""
        rate = self.done / max(self.clock() - self.began, 0.001)
        if rate == 0:
            return ""
        left = max(self.total - self.done, 0) / rate
        return f", {rate:,.0f} a second, {left:,.0f} s left"


class Bar(Progress):
    """A bar with rows, rate and time left on a terminal: while it is shown, the terminal is ``rich``'s.

    Who begins a part calls ``end`` also where the part was cut short, or the cursor stays hidden.
    """

    def __init__(self, file: IO[str]) -> None:
        try:
            from rich.console import Console
        except ModuleNotFoundError as error:
            raise missing_driver(error, "transfer") from error
        self.console = Console(file=file)
        self.bar: Any = None

    def begin(self, what: str, total: int) -> None:
        """Show a bar of its own: one that had several parts would show those that are done again."""
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as RichProgress

        self.end()
        columns = [
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(),
        ]
        self.bar = RichProgress(*columns, console=self.console)
        self.task = self.bar.add_task(what, total=total, rate="")
        self.bar.start()

    def advance(self, number: int) -> None:
        """Lengthen it."""
        self.bar.advance(self.task, number)
        speed = self.bar.tasks[-1].speed
        if speed is not None:
            self.bar.update(self.task, rate=f"{speed:,.0f} a second")

    def end(self) -> None:
        """Leave it as it is, and the terminal to others."""
        if self.bar is not None:
            self.bar.stop()
            self.bar = None
