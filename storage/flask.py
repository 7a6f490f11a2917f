"""The Flask extension: one opened storage an application, and the commands that migrate it.

::

    from storage.flask import Storage, current_storage

    Storage(app)                      # or: extension = Storage(); extension.init_app(app)
    current_storage.engines.get(1)    # in a view

Configuration: ``STORAGE_URL`` says where the data lives (without it ``SQLALCHEMY_DATABASE_URI`` or
``MONGO_URI``), ``STORAGE_OPTIONS`` maps the options of ``open_storage`` to values, and ``STORAGE_COMMANDS``
names the group of commands (``db``), for those who run Flask-Migrate beside it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from time import monotonic
from typing import Any, cast
from urllib.parse import quote, unquote

import click
from flask import Flask, current_app
from flask.cli import AppGroup, with_appcontext
from werkzeug.local import LocalProxy

from storage.backends import open_storage
from storage.cli import OwnPlace, commands_on
from storage.entities import ENTITIES
from storage.errors import StorageError
from storage.migrations import NOTICED_WITHIN, Migrations, create_twins
from storage.options import Options
from storage.storage import Storage as OpenedStorage

EXTENSION = "storage"
#: The name of the commands that move data.
MOVING = "storage"
FALLBACKS = ("SQLALCHEMY_DATABASE_URI", "MONGO_URI")

# A file of SQLite that is named relative to a folder; neither one in memory nor a URI of SQLite's own.
RELATIVE_FILE = re.compile(r"(?i)(sqlite(?:\+\w+)?:///)(?!/|:memory:|file:)([^?]+)(.*)", re.DOTALL)


class ConfigurationError(click.ClickException):
    """Configuration that is missing or wrong; a ``flask`` command shows its sentence without a traceback."""

    #: 1 is the status of ``flask storage verify`` for a difference.
    exit_code = 2


class Storage:
    """The extension: opens the storage that the configuration names and puts it into ``app.extensions["storage"]``."""

    def __init__(self, app: Flask | None = None, *, entities: Sequence[type] = ENTITIES) -> None:
        self.entities = entities
        if app is not None:
            self.init_app(app)

    def init_app(self, app: Flask) -> None:
        """Open the application's storage, which connects at its first use, and add the commands.

        ``ConfigurationError`` says which key of the configuration is missing or wrong.
        """
        if EXTENSION in app.extensions:
            raise ConfigurationError("this application has a storage already: call init_app only once")
        name = app.config.get("STORAGE_COMMANDS", "db")
        if not isinstance(name, str) or name in (MOVING, *app.cli.commands):
            raise ConfigurationError(f"STORAGE_COMMANDS is {name!r}: it must be a name that no other commands have")
        url = configured_url(app.config, app.instance_path)
        try:
            opened = open_storage(url, entities=self.entities, **configured_options(app.config))
        except StorageError as error:
            raise ConfigurationError(f"the storage cannot be opened as configured: {error}") from error
        app.extensions[EXTENSION] = opened
        app.before_request(LookAgain(opened))
        app.cli.add_command(commands, name)
        app.cli.add_command(moving, MOVING)


class LookAgain:
    """Recheck the schema at most once a second, at the next use of the storage.

    So every process refuses soon when a migration, or a restore, begins under it.
    """

    def __init__(self, storage: OpenedStorage) -> None:
        self.storage = storage
        self.last = monotonic()

    def __call__(self) -> None:
        """Let a request begin."""
        now = monotonic()
        if now - self.last >= NOTICED_WITHIN:
            self.last = now
            self.storage.forget_schema()


def configured_url(config: Mapping[str, Any], folder: str) -> str:
    """Return the URL of the database that a configuration names.

    A relative file of SQLite lies in ``folder``, the instance folder, which is made if it is missing.
    """
    keys = ["STORAGE_URL"] if config.get("STORAGE_URL") else [key for key in FALLBACKS if config.get(key)]
    if not keys:
        raise ConfigurationError(f"STORAGE_URL is not set (nor {' or '.join(FALLBACKS)}): say where the data lives")
    if len(keys) > 1:
        raise ConfigurationError(f"{' and '.join(keys)} are both set: keep one, or set STORAGE_URL")
    url = config[keys[0]]
    if not isinstance(url, str):
        raise ConfigurationError(f"{keys[0]} must be the URL of a database, not {type(url).__name__}")
    relative = RELATIVE_FILE.fullmatch(url)
    return url if relative is None else url_in_folder(relative, Path(folder))


def url_in_folder(relative: re.Match[str], folder: Path) -> str:
    """Return the URL of a SQLite file with its place in the folder, and make the folder it lies in."""
    scheme, name, rest = relative.groups()
    try:
        # For their owner alone: they may hold a configuration and its secrets beside the data.
        for path in (folder, (folder / unquote(name)).parent):
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(f"the folder for the SQLite file {name!r} cannot be made: {error}") from error
    return f"{scheme}{quote(folder.absolute().as_posix())}/{name}{rest}"


def configured_options(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options of ``open_storage`` that a configuration sets."""
    options = config.get("STORAGE_OPTIONS") or {}
    known = [field.name for field in fields(Options)]
    if not isinstance(options, Mapping) or not options.keys() <= set(known):
        raise ConfigurationError(f"STORAGE_OPTIONS must map options to values; the options are {', '.join(known)}")
    return dict(options)


def opened_storage() -> OpenedStorage:
    """Return the storage of the current application."""
    if EXTENSION not in current_app.extensions:
        raise ConfigurationError("this application has no storage: call Storage(app) when it is made")
    return cast(OpenedStorage, current_app.extensions[EXTENSION])


#: The storage of the current application, for views and commands.
current_storage = cast(OpenedStorage, LocalProxy(opened_storage))


class Commands(AppGroup):
    """Commands whose storage errors end as one sentence and exit status 1."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except StorageError as error:
            raise click.ClickException(str(error)) from error


@click.group(cls=Commands)
def commands() -> None:
    """Migrate the database: the same commands on every backend."""


@commands.command()
@click.argument("revision", default="head")
def upgrade(revision: str) -> None:
    """Run the revisions up to REVISION, by default all."""
    before = current_storage.migrations.current()
    current_storage.migrations.upgrade(revision)
    echo_move(before)


@commands.command()
@click.argument("revision")
def downgrade(revision: str) -> None:
    """Undo the revisions after REVISION; "base" undoes all."""
    before = current_storage.migrations.current()
    current_storage.migrations.downgrade(revision)
    echo_move(before)


@commands.command()
def current() -> None:
    """Say which revision the database is at."""
    click.echo(position(current_storage.migrations))


@commands.command()
def history() -> None:
    """List the revisions, oldest first."""
    migrations = current_storage.migrations
    for revision in migrations.history():
        click.echo(f"{revision.id}  {revision.summary}")
    # A history that forks is listed before it is refused.
    migrations.resolve("head")


@commands.command()
def check() -> None:
    """Tell what the database lacks: revisions, indexes, limits."""
    migrations = current_storage.migrations
    lacking = [f"revision {revision.id} is pending: {revision.summary}" for revision in migrations.pending()]
    if not lacking:
        migrations.check_current()
        lacking = list(migrations.differences())
        for name in migrations.unknown_entities([one.name for one in current_storage.descriptions.values()]):
            lacking.append(
                f"{name} was not looked at: the storage is opened without that entity, see Storage(entities=)"
            )
    if lacking:
        raise click.ClickException("\n".join(lacking))
    click.echo(f"nothing is lacking: {position(migrations)}")


@commands.command()
@click.argument("revision")
def stamp(revision: str) -> None:
    """Record that the database is at REVISION, and run nothing."""
    before = current_storage.migrations.current()
    current_storage.migrations.stamp(revision)
    echo_move(before)


@commands.command()
@click.option("-m", "--message", required=True, help="What the revision does, in a sentence.")
def revision(message: str) -> None:
    """Write a new revision: its SQL module and its MongoDB twin."""
    for file in create_twins(message):
        click.echo(f"wrote {file}")


@click.group(cls=Commands)
def moving() -> None:
    """Move data between the application's database and others: python -m storage, with one place less to name."""


def own_place() -> OwnPlace:
    """Return the database of the current application."""
    return OwnPlace(opened_storage(), Path(current_app.instance_path))


for each in commands_on(own_place):
    each.callback = with_appcontext(cast(Any, each.callback))
    moving.add_command(each)


def echo_move(before: str | None) -> None:
    """Say between which revisions a command has moved the database."""
    after = current_storage.migrations.current()
    place = f"{current_storage.backend} database"
    if before == after:
        click.echo(f"the {place} stays at {after or 'no revision'}")
    else:
        click.echo(f"the {place} went from {before or 'no revision'} to {after or 'no revision'}")


def position(migrations: Migrations) -> str:
    """Say where the database is in the history."""
    current, head = migrations.current(), migrations.resolve("head")
    if current == head:
        return f"{current} (head)"
    return f"{current or 'no revision'} (head is {head})"
