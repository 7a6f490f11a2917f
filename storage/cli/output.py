"""What the commands print: for people, for a log, or for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import click

from storage.cli.progress import Bar, Lines
from storage.transfer.progress import Progress, Silence
from storage.transfer.report import Report
from storage.transfer.verifying import Verification


@dataclass(frozen=True, slots=True)
class Telling:
    """How a command tells of what it does: ``quiet``, only what is wrong; ``as_json``, one document at its end.

    ``aside``: the standard output is taken, and everything goes to the standard error.
    """

    quiet: bool
    as_json: bool
    aside: bool = False

    def progress(self) -> Progress:
        """Return what is told of progress: on a terminal a bar, elsewhere lines."""
        if self.quiet or self.as_json:
            return Silence()
        if not sys.stderr.isatty():
            return Lines(lambda line: click.echo(line, err=True))
        bar = Bar(sys.stderr)
        # An error leaves its part without an end, and a traceback keeps the part alive.
        click.get_current_context().call_on_close(bar.end)
        return bar

    def say(self, line: str) -> None:
        """Print what went as it should."""
        if not (self.quiet or self.as_json):
            click.echo(line, err=self.aside)

    def warn(self, line: str) -> None:
        """Print a warning or an error."""
        if not self.as_json:
            click.echo(line, err=True)

    def result(self, document: Mapping[str, Any]) -> None:
        """Print the document for programs."""
        if self.as_json:
            click.echo(json.dumps(document), err=self.aside)

    def report(self, report: Report, *, done: bool) -> None:
        """Tell what was done, or would be."""
        for tally in report.tallies:
            counts = ", ".join(f"{number:,} {fate}" for fate, number in tally.counts.items()) or "no rows"
            self.say(f"{tally.entity}: {'' if done else 'would be '}{counts}")
            for line in tally.left:
                self.warn(f"{line}: left as it is, unless --overwrite")
        for name, mark in report.marks.items():
            self.say(f"{name}: the high-water mark {'rose' if done else 'would rise'} to {mark}")

    def credentials(self, rows: Mapping[str, int], *, move: bool) -> None:
        """Tell of rows that let somebody in, where there are any: of what moves, and of what was left out."""
        for name, number in rows.items():
            if number and move:
                self.warn(f"{name}: {number:,} rows of the source let somebody in, and are good wherever they arrive")
            elif number:
                self.say(f"{name}: {number:,} rows stay behind, since they let somebody in; --with-tokens moves them")

    def problems(self, report: Report) -> None:
        """Tell which rows the destination cannot hold."""
        for problem in report.problems():
            self.warn(problem)
        self.warn(f"the destination cannot hold {report.broken():,} rows: nothing was written")

    def verification(self, verification: Verification) -> None:
        """Tell what a verification found."""
        for one in verification.comparisons:
            found = f"{one.differing:,} differ" if one.differing else "equal"
            self.say(f"{one.entity}: {one.left:,} rows on the left, {one.right:,} on the right, {found}")
        for line in verification.named():
            self.warn(line)
        if verification.differing() > len(verification.named()):
            self.warn(f"and {verification.differing() - len(verification.named()):,} more differences")
