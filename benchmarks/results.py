"""What was measured: rows of a table, and the machine they were measured on. As JSON they are kept."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from benchmarks.goals import GOALS, MEMORY, Goal

PACKAGES = (
    "sqlalchemy", "psycopg", "pymysql", "pymongo", "flask", "flask-sqlalchemy", "advanced-alchemy", "mongoengine",
    "marshmallow", "flask-marshmallow", "marshmallow-sqlalchemy",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Row:
    """One comparison.

    ``ours`` and ``theirs`` are medians in ``unit``, ``ratio`` is that of the speeds, or of the costs where the
    goal is *at most*; ``low`` and ``high`` are its quartiles over the rounds. ``compared`` says what is: time,
    CPU time, memory.
    """

    place: str
    work: str
    peer: str
    compared: str
    unit: str
    ours: float
    theirs: float
    ratio: float
    low: float
    high: float

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What names a row."""
        return self.place, self.work, self.peer, self.compared

    @property
    def goal(self) -> Goal | None:
        """What is aimed at, if anything."""
        return GOALS.get(self.key)

    @property
    def verdict(self) -> str:
        """Whether the goal is met; nothing for a row that is there to be known."""
        if self.goal is None:
            return ""
        return "met" if self.goal.is_met(self.ratio) else "not met"


@dataclass(frozen=True, slots=True)
class Report:
    """The rows of one run, and when and where it was."""

    taken: str
    machine: str
    versions: dict[str, str]
    rows: tuple[Row, ...]

    def merged(self, rows: Sequence[Row]) -> tuple[Row, ...]:
        """Return these rows, and of the older ones those that were not measured again."""
        measured = {row.key for row in self.rows}
        return (*(row for row in rows if row.key not in measured), *self.rows)

    def write(self, path: Path) -> None:
        """Keep it as JSON."""
        path.write_text(json.dumps(asdict(self), indent=1, ensure_ascii=False) + "\n")


def read_report(path: Path) -> Report:
    """Read what ``write`` has written."""
    kept = json.loads(path.read_text())
    return Report(**{**kept, "rows": tuple(Row(**row) for row in kept["rows"])})


def report(rows: Iterable[Row], servers: dict[str, str]) -> Report:
    """Return the report of rows that were just measured on these servers."""
    versions = {"Python": platform.python_version(), **servers, **{name: version(name) for name in PACKAGES}}
    taken = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return Report(taken, f"{os.cpu_count()} cores, {memory:.0f} GB of memory", versions, tuple(rows))


def table(rows: Sequence[Row]) -> list[list[str]]:
    """Return the rows as cells."""
    return [
        [
            row.place,
            row.work,
            row.peer,
            row.compared,
            f"{number(row.ours)} {row.unit}",
            f"{number(row.theirs)} {row.unit}",
            *ratios(row),
            str(row.goal or ""),
            row.verdict,
        ]
        for row in rows
    ]


HEAD = ["place", "work", "peer", "compared", "ours", "peer's", "ratio", "middle half", "goal", ""]


def ratios(row: Row) -> tuple[str, str]:
    """Return the ratio and its spread; of memory it is a difference."""
    if row.compared == MEMORY:
        return f"{row.ratio:+.1f} MB", ""
    return f"{row.ratio:.2f}", f"{row.low:.2f} to {row.high:.2f}"


def number(value: float) -> str:
    """Return a number with three figures that count."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
