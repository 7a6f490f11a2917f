"""``python -m storage``: copy, verify, check, backup, restore.

Exit statuses, as those of ``diff``: 0, success and no differences; 1, there is a difference,
or a row that cannot be held or was left as it is; 2, it could not be done.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from storage.cli.output import Telling
from storage.cli.parameters import Command, Commands, PlaceName, command_on
from storage.cli.targets import Place, known_entities, prepare
from storage.errors import Invalid
from storage.migrations import NOTICED_WITHIN
from storage.storage import Storage
from storage.transfer import Choice, Fate, Report, backup, check, copy, open_backup, restore, verify
from storage.transfer.records import note_backup, note_verification

PIPE = "-"


@click.group(cls=Commands)
def commands() -> None:
    """Move data between databases, whatever they are.

    A database is named by its URL, or by env:NAME: the URL is then in the variable NAME, and in no list of
    processes. Exit status: 0, done; 1, there is a difference, or a row that cannot be held or was left as it is;
    2, it could not be done.
    """


source = click.argument("source", type=PlaceName())
destination = click.argument("destination", type=PlaceName())
delete = click.option("--delete", is_flag=True, help="Delete rows missing from the source.")
overwrite = click.option(
    "--overwrite",
    is_flag=True,
    help="Rows that are newer at the destination, or differ at the same version, become the source's.",
)
upgrade = click.option("--upgrade", is_flag=True, help="Migrate the destination first; make it if it is a file.")
identity = click.option(
    "--identity", type=click.Path(path_type=Path), help="The file with the key of an encrypted backup."
)
with_tokens = click.option(
    "--with-tokens", is_flag=True, help="Rows that let somebody in, such as API tokens, move too: trust the source."
)
quiet = click.option("--quiet", is_flag=True, help="Print only warnings and errors.")
as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON document at the end, for programs.")


@contextmanager
def opened(source: Place, destination: Place, *, make: bool = False) -> Iterator[tuple[Storage, Storage]]:
    """Open two databases with the same entities; ``Invalid`` if they are one and the same."""
    entities = known_entities(source, destination)
    with source.open(entities) as here, destination.open(entities, make=make) as there:
        if here.address == there.address:
            raise Invalid({"destination": f"{there.address} is the source as well"})
        yield here, there


@commands.command("copy", cls=Command)
@source
@destination
@delete
@overwrite
@upgrade
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
@click.option("--yes", is_flag=True, help="Do not ask before rows are deleted.")
@with_tokens
@quiet
@as_json
@click.pass_context
def copy_command(
    ctx: click.Context,
    source: Place,
    destination: Place,
    delete: bool,
    overwrite: bool,
    upgrade: bool,
    dry_run: bool,
    yes: bool,
    with_tokens: bool,
    quiet: bool,
    as_json: bool,
) -> None:
    """Bring DESTINATION to the source: add what is missing, newer versions win.

    Both are read before anything is written, and nothing is if DESTINATION cannot hold a row. Killed at any
    moment, it does what is left when it is run again. The source may be written to meanwhile: each row arrives as
    it was at some moment, and the next run brings what this one has missed. With --delete and --overwrite,
    DESTINATION ends equal to a source that stands still.
    """
    if dry_run and upgrade:
        raise click.UsageError("--dry-run writes nothing, and --upgrade does: leave one of them out")
    telling, choice, done = Telling(quiet, as_json), Choice(delete, overwrite), False

    def agree(report: Report) -> bool:
        nonlocal done
        done = not dry_run and (yes or may_delete(report.number(Fate.DELETE)))
        return done

    with opened(source, destination, make=upgrade) as (here, there):
        prepare(there, upgrade=upgrade)
        report = copy(here, there, choice, telling.progress(), agree, credentials=with_tokens)
        telling.credentials(rows_of_credentials(here), move=with_tokens)
    done = done or not (report.writes() or report.marks or report.broken())
    telling.report(report, done=done)
    telling.result(report.plain() | {"done": done})
    if report.broken():
        telling.problems(report)
    refused = bool(report.writes()) and not (done or dry_run)
    ctx.exit(1 if report.broken() or report.left() or refused else 0)


def may_delete(number: int) -> bool:
    """Ask on a terminal whether so many rows may be deleted; elsewhere nobody can be asked."""
    if number == 0:
        return True
    question = f"{number:,} rows of the destination would be deleted"
    if not sys.stdin.isatty():
        raise click.UsageError(f"{question}: say --yes if they may")
    return click.confirm(f"{question}: go on?", err=True)


@commands.command("check", cls=Command)
@source
@destination
@delete
@overwrite
@with_tokens
@quiet
@as_json
@click.pass_context
def check_command(
    ctx: click.Context,
    source: Place,
    destination: Place,
    delete: bool,
    overwrite: bool,
    with_tokens: bool,
    quiet: bool,
    as_json: bool,
) -> None:
    """Tell which rows DESTINATION cannot hold, and what copy would do; write nothing."""
    telling = Telling(quiet, as_json)
    with opened(source, destination) as (here, there):
        report = check(here, there, Choice(delete, overwrite), telling.progress(), credentials=with_tokens)
        telling.credentials(rows_of_credentials(here), move=with_tokens)
    telling.report(report, done=False)
    telling.result(report.plain())
    if report.broken():
        telling.problems(report)
    ctx.exit(1 if report.broken() else 0)


@commands.command("verify", cls=Command)
@click.argument("left", type=PlaceName(or_file=True))
@click.argument("right", type=PlaceName())
@identity
@with_tokens
@quiet
@as_json
@click.pass_context
def verify_command(
    ctx: click.Context,
    left: Place | Path,
    right: Place,
    identity: Path | None,
    with_tokens: bool,
    quiet: bool,
    as_json: bool,
) -> None:
    """Compare every value of every row with those in RIGHT, and the high-water marks.

    Prints counts and the first 20 differences. What is compared may also be a backup, named by its file.
    """
    telling = Telling(quiet, as_json)
    if isinstance(left, Path):
        with (
            right.open(known_entities(right)) as there,
            open_backup(left, there, identity, credentials=with_tokens) as file,
        ):
            found, place = verify(file, there, telling.progress()), there.address
    else:
        with opened(left, right) as (here, there):
            found, place = verify(here, there, telling.progress(), credentials=with_tokens), there.address
        left.note(lambda folder: note_verification(folder, place, found.rows(), well=not found.differing()))
    telling.verification(found)
    telling.result(found.plain())
    ctx.exit(1 if found.differing() else 0)


@commands.command("backup", cls=Command)
@source
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True))
@click.option("--encrypt", "recipients", multiple=True, help="Only this recipient (age1…, ssh-…) can read it; several.")
@with_tokens
@quiet
@as_json
def backup_command(
    source: Place, file: Path, recipients: tuple[str, ...], with_tokens: bool, quiet: bool, as_json: bool
) -> None:
    """Write all rows and the high-water marks into FILE, or into a pipe with -.

    FILE is replaced when the backup is whole, and only then. It is one committed state where the database gives
    one, and says so where it does not.
    """
    to_pipe = str(file) == PIPE
    telling = Telling(quiet, as_json, aside=to_pipe)
    with source.open(known_entities(source)) as storage:
        target = sys.stdout.buffer if to_pipe else file
        manifest = backup(storage, target, recipients, telling.progress(), telling.warn, credentials=with_tokens)
        found = rows_of_credentials(storage)
    if not manifest.header.snapshot:
        telling.warn("this database gives no snapshot: the rows are as they were while the backup was made")
    for name, number in manifest.contents.rows.items():
        telling.say(f"{name}: {number:,} rows")
    telling.credentials(found, move=with_tokens)
    telling.result(manifest.plain())
    source.note(lambda folder: note_backup(folder, str(file), sum(manifest.contents.rows.values())))


@commands.command("restore", cls=Command)
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True))
@destination
@identity
@click.option("--replace", is_flag=True, help="The destination's rows may go.")
@upgrade
@with_tokens
@quiet
@as_json
@click.pass_context
def restore_command(
    ctx: click.Context,
    file: Path,
    destination: Place,
    identity: Path | None,
    replace: bool,
    upgrade: bool,
    with_tokens: bool,
    quiet: bool,
    as_json: bool,
) -> None:
    """Bring the destination to what FILE holds (- for a pipe), and verify it.

    Nothing is written unless all of FILE is sound. From before the first row until it was verified, the
    destination serves no request; cut short, it stays so until the restore is run again.
    """
    telling = Telling(quiet, as_json)
    given = sys.stdin.buffer if str(file) == PIPE else file
    with (
        destination.open(known_entities(destination), make=upgrade) as there,
        open_backup(given, there, identity, credentials=with_tokens) as found,
    ):
        # Nobody serves from a database that has just been made.
        notice = 0.0 if prepare(there, upgrade=upgrade) else NOTICED_WITHIN
        done = restore(found, there, replace=replace, progress=telling.progress(), notice=notice)
        place = there.address
        held = {name: found.manifest.contents.rows.get(name, 0) for name in names_of_credentials(there)}
    verification = done.verification
    destination.note(
        lambda folder: note_verification(folder, place, verification.rows(), well=not verification.differing())
    )
    telling.report(done.report, done=True)
    telling.credentials(held, move=with_tokens)
    telling.verification(verification)
    telling.result({"report": done.report.plain(), "verification": verification.plain()})
    ctx.exit(1 if verification.differing() else 0)


def names_of_credentials(storage: Storage) -> list[str]:
    """Return the entities whose rows let somebody in."""
    return [one.name for one in storage.descriptions.values() if one.credential]


def rows_of_credentials(storage: Storage) -> dict[str, int]:
    """Return how many rows that let somebody in a storage holds, by entity."""
    return {one.name: storage.repository(one.type).count() for one in storage.descriptions.values() if one.credential}


#: Of each command the argument that an application fills in with its own database.
OWN = {"copy": "source", "check": "source", "verify": "left", "backup": "source", "restore": "destination"}


def commands_on(own: Callable[[], Place]) -> Iterator[click.Command]:
    """Yield the commands with ``own()`` in the place of the argument that an application fills in."""
    for name, argument in OWN.items():
        yield command_on(commands.commands[name], argument, own)
