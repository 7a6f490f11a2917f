"""``python -m benchmarks``: measure, print the table, keep it as JSON."""

from __future__ import annotations

import logging
import warnings
from pathlib import Path

import click

from benchmarks.places import Places
from benchmarks.results import HEAD, Report, read_report, report, table
from benchmarks.sections import SECTIONS, measure_of
from benchmarks.sizes import FULL, QUICK


@click.command()
@click.option("--quick", is_flag=True, help="Small sizes, under a minute: shows that all of it runs, no more.")
@click.option("--only", multiple=True, type=click.Choice(list(SECTIONS)), help="Measure this part, and keep the rest.")
@click.option("--json", "path", type=click.Path(path_type=Path), help="Where to keep the figures.")
def main(quick: bool, only: tuple[str, ...], path: Path | None) -> None:
    """Measure Engine Room against the drivers and against other libraries, side by side."""
    # Another library's hints for its next version, and the driver's on a server that hangs up at the end.
    warnings.simplefilter("ignore")
    logging.disable()
    rows = []
    with Places() as places:
        for name in only or SECTIONS:
            for row in measure_of(name)(places, QUICK if quick else FULL):
                rows.append(row)
                click.echo("  ".join(table([row])[0]), err=True)
        found = report(rows, places.versions)
    if path is not None and only and path.exists():
        kept = read_report(path)
        found = Report(found.taken, found.machine, kept.versions | found.versions, found.merged(kept.rows))
    click.echo(lined_up([HEAD, *table(found.rows)]))
    if path is not None:
        found.write(path)


def lined_up(lines: list[list[str]]) -> str:
    """Return the lines of a table with their cells under each other."""
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join("  ".join(map(str.ljust, line, widths)).rstrip() for line in lines)


if __name__ == "__main__":
    main()
