"""``python -m benchmarks``: measure, print the table, keep it as JSON."""

from __future__ import annotations

import logging
import warnings
from pathlib import Path

import click

from benchmarks.places import Places
from benchmarks.results import HEAD, Report, Row, read_report, report, table
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
    rows: list[Row] = []
    with Places() as places:
        for name in only or SECTIONS:
            for row in measure_of(name)(places, QUICK if quick else FULL):
                rows.append(row)
                click.echo("  ".join(table([row])[0]), err=True)
            # After each part: a run takes its time, and a part that fails is measured again by itself.
            found = joined(report(rows, places.versions), path, keep=bool(only))
            if path is not None:
                found.write(path)
    click.echo(lined_up([HEAD, *table(found.rows)]))


def joined(found: Report, path: Path | None, *, keep: bool) -> Report:
    """Return what was found, with what was kept of the parts that were not measured."""
    if path is None or not keep or not path.exists():
        return found
    kept = read_report(path)
    return Report(found.taken, found.machine, kept.versions | found.versions, found.merged(kept.rows))


def lined_up(lines: list[list[str]]) -> str:
    """Return the lines of a table with their cells under each other."""
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join("  ".join(map(str.ljust, line, widths)).rstrip() for line in lines)


if __name__ == "__main__":
    main()
