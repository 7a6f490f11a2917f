"""What the commands have in common: how they name places, and how they fail."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from storage.errors import Invalid, StorageError
from storage.transfer.places import Place, is_database, read_place


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
    """A command whose errors end as one sentence and exit status 2."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except (StorageError, OSError) as error:
            raise Failure(str(error)) from error


def command_on(command: click.Command, argument: str, own: Callable[[], Place]) -> click.Command:
    """Return a command that lacks an argument, and has ``own()`` in its place."""

    def run(**values: Any) -> Any:
        assert command.callback is not None  # noqa: S101 - for the type checker: each command has one
        return command.callback(**{argument: own()}, **values)

    left = [one for one in command.params if one.name != argument]
    return Command(command.name, params=left, callback=run, help=command.help)
