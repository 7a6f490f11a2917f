"""What the commands have in common: how they name places, and how they fail."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from storage.cli.targets import Place, is_database, read_place
from storage.errors import Invalid, StorageError
from storage.url import masked


class PlaceName(click.ParamType):  # type: ignore[type-arg]  # generic in newer releases alone
    """A URL, ``env:NAME``, and where ``or_file`` the name of a backup."""

    name = "place"

    def __init__(self, *, or_file: bool = False) -> None:
        self.or_file = or_file

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Read it."""
        if not isinstance(value, str):
            return value
        if self.or_file and not is_database(value):
            return Path(value)
        try:
            return read_place(value)
        except Invalid as error:
            self.fail(str(error), param, ctx)


class Failure(click.ClickException):
    """A sentence and exit status 2."""

    exit_code = 2


class Command(click.Command):
    """A command whose errors end as one sentence, without a password, and exit status 2."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the arguments."""
        with without_passwords(args):
            return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except (StorageError, OSError) as error:
            raise Failure(sentence(error)) from error


class Commands(click.Group):
    """A group that shows no password of a URL in the place of a command."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command."""
        with without_passwords(args):
            return super().resolve_command(ctx, args)


@contextmanager
def without_passwords(arguments: Sequence[str]) -> Iterator[None]:
    """Mask URLs among the arguments where an error repeats them: one too many is easily typed."""
    given = [one for one in arguments if one]
    try:
        yield
    except click.UsageError as error:
        told = error.message
        for one in given:
            told = told.replace(one, masked(one))
        if told == error.message:
            raise
        # Not the error itself, whose class may put the arguments together again.
        raise click.UsageError(told, error.ctx) from None


def sentence(error: Exception) -> str:
    """Return what an error says; a file that cannot be opened may be a URL that was mistyped."""
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.strerror}: {masked(str(error.filename))!r}"
    return str(error)


def command_on(command: click.Command, argument: str, own: Callable[[], Place]) -> click.Command:
    """Return a command that lacks an argument, and has ``own()`` in its place."""

    def run(**values: Any) -> Any:
        assert command.callback is not None  # noqa: S101 - for the type checker: each command has one
        return command.callback(**{argument: own()}, **values)

    left = [one for one in command.params if one.name != argument]
    return Command(command.name, params=left, callback=run, help=command.help)
