"""The commands: ``python -m storage``, and the same on an application's database."""

from storage.cli.targets import OwnPlace
from storage.cli.transfers import commands, commands_on

__all__ = [
    "OwnPlace",
    "commands",
    "commands_on",
]
