"""``python -m webapp.new_user NAME`` prints the entry of somebody who may sign in.

It needs no application, which does not start as long as nobody can.
"""

from __future__ import annotations

import json

import click
from argon2 import PasswordHasher

from webapp.auth.roles import Role
from webapp.auth.users import LONGEST_PASSWORD, check_name

SHORTEST_PASSWORD = 8


@click.command()
@click.argument("name")
@click.option("--role", type=click.Choice([*map(str, Role)]), default="write", show_default=True, help="What they may.")
def print_entry(name: str, role: str) -> None:
    """Ask for the password of NAME, and print the entry for USERS in instance/config.py."""
    check_name(name)
    password = click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise click.ClickException(f"a password has from {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters")
    entry = {"password_hash": PasswordHasher().hash(password), "role": role}
    click.echo(f"USERS = {json.dumps({name: entry})}")


if __name__ == "__main__":
    print_entry()
