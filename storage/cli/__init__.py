"""The commands: ``python -m storage``, and the same on an application's database."""

from storage.cli.commands import commands, commands_on
from storage.cli.targets import OwnPlace

__all__ = [
    "OwnPlace",
    "commands",
    "commands_on",
]
