"""The commands that make, list and revoke API tokens: the same on every backend."""

from __future__ import annotations

import click

from storage import AlreadyExists, ApiToken, Filter
from storage.flask import Commands
from webapp.auth.roles import Role
from webapp.auth.tokens import make_token, token_repository


@click.group("tokens", cls=Commands)
def commands() -> None:
    """Make and revoke the tokens of programs."""


@commands.command()
@click.argument("name")
@click.option("--role", type=click.Choice([*map(str, Role)]), default="read", show_default=True, help="What it may do.")
def create(name: str, role: str) -> None:
    """Make a token called NAME, and show it: this once."""
    if name.isdecimal():
        raise click.ClickException(f"{name!r} cannot be a name: a number means the id of a token")
    try:
        text = make_token(name, Role(role))
    except AlreadyExists:
        raise click.ClickException(f"there is a token called {name!r}: revoke it, or take another name") from None
    click.echo(text)
    click.echo("Keep it well: it is not shown again.", err=True)


@commands.command("list")
def list_tokens() -> None:
    """List the tokens: what they may do, and when they were last used."""
    row = "{:>6}  {:<5}  {:<20}  {:<20}  {}"
    click.echo(row.format("id", "role", "created", "last used", "name"))
    for token in token_repository().scan():
        used = token.last_used.strftime("%Y-%m-%d %H:%M UTC") if token.last_used else "never"
        click.echo(row.format(token.id or 0, token.role, f"{token.created:%Y-%m-%d %H:%M UTC}", used, token.name))


@commands.command()
@click.argument("token", metavar="NAME|ID")
def revoke(token: str) -> None:
    """Revoke a token, by its name or its id: it is good for nothing from now on."""
    found = find(token)
    if found is None or found.id is None:
        raise click.ClickException(f"there is no token {token!r}: `flask tokens list` shows them")
    token_repository().delete(found.id)
    click.echo(f"token {found.id} ({found.name}) is revoked")


def find(token: str) -> ApiToken | None:
    """Return the token with a name or an id."""
    if token.isdecimal():
        return next(iter(token_repository().get_many([int(token)])), None)
    return next(iter(token_repository().find(Filter("name", "eq", token), limit=1).items), None)
