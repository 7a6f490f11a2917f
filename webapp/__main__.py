"""``python -m webapp``: from a fresh checkout to a served application, in one command."""

from __future__ import annotations

import os
import secrets
import socket
import sys
from importlib.util import find_spec
from ipaddress import ip_address
from pathlib import Path

import click

from storage import StorageError
from storage.flask import ConfigurationError, current_storage
from webapp import create_app
from webapp.config import CONFIG_FILE, configured_app

NEW_CONFIG = '''"""The settings of this installation. Not for version control."""

# What the sessions of people are signed with: whoever knows it can forge them.
SECRET_KEY = "{key}"

# Everybody who reaches the application may read and change everything, and each page says so. As long as this line
# stands, `make run` listens on the loopback address alone. To have people sign in instead, put what
# `python -m webapp.new_user NAME` prints in its place.
ALLOW_ANONYMOUS_WRITES = True

# The hosts that the application is. A page elsewhere that gives this address another name is refused.
TRUSTED_HOSTS = ["127.0.0.1", "localhost", "[::1]"]

# The loopback address has no TLS, and not every browser sends a secure cookie there. Take this line away for TLS.
SESSION_COOKIE_SECURE = False
'''


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    default=5000,
    show_default=True,
    envvar="PORT",
    help="The port; also PORT in the environment.",
)
def serve(host: str, port: int) -> None:
    """Make a secret key if there is none, migrate the database, and serve the application."""
    if find_spec("gunicorn") is None:
        raise ConfigurationError("the package gunicorn is not installed: pip install 'engine-room[app]'")
    # As an address of IPv6 stands in a URL.
    host = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    # Neither the configuration nor the database is for other users of the machine.
    os.umask(0o077)
    write_config(Path(configured_app().instance_path) / CONFIG_FILE)
    refuse_open_door(host)
    listener = bound_socket(host, port)
    migrate()
    shown = f"[{host}]" if ":" in host else host
    click.echo(f"Engine Room is at http://{shown}:{port}/")
    sys.stdout.flush()
    # In place of this process, so that a signal to it reaches the server; the socket goes along.
    listener.set_inheritable(True)
    bind = f"fd://{listener.detach()}"
    command = ["-m", "gunicorn", "--config", "python:webapp.gunicorn", "--bind", bind, "webapp:create_app()"]
    os.execv(sys.executable, [sys.executable, *command])  # noqa: S606 - our own interpreter, no shell


def bound_socket(host: str, port: int) -> socket.socket:
    """Return a socket at an address, so that one in use is reported before anything is migrated or announced.

    It does not listen yet: a client that comes too early is refused at once and can try again, and does not wait.
    """
    try:
        (family, kind, _, _, address), *_ = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
        bound = socket.socket(family, kind)
        try:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            bound.bind(address)
        except OSError:
            bound.close()
            raise
    except OSError as error:
        raise click.ClickException(
            f"cannot listen on {host}, port {port}: {error.strerror}; choose another with --host and --port, or end "
            "the program that listens there"
        ) from error
    return bound


def write_config(file: Path) -> None:
    """Write a configuration with a random key into a folder that only its owner reads; what exists is left alone."""
    # The database lies there too, and SQLite makes its file readable for all.
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return
    with open(descriptor, "w", encoding="utf-8") as new:
        new.write(NEW_CONFIG.format(key=secrets.token_hex(32)))
    click.echo(f"wrote {file} with a new SECRET_KEY")


def refuse_open_door(host: str) -> None:
    """Raise ``ConfigurationError`` where others than this machine would be let in to change everything."""
    if configured_app().config["ALLOW_ANONYMOUS_WRITES"] and not is_loopback(host):
        raise ConfigurationError(
            f"{host} can be reached from other machines, and ALLOW_ANONYMOUS_WRITES lets everybody change everything: "
            "take that line away and configure USERS"
        )


def is_loopback(host: str) -> bool:
    """Return whether only this machine reaches a host."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def migrate() -> None:
    """Bring the database that is configured to the newest revision."""
    with create_app().app_context():
        try:
            current_storage.migrations.upgrade()
        except StorageError as error:
            raise click.ClickException(str(error)) from error
        finally:
            current_storage.close()
        click.echo(f"the data is in {current_storage.address}")


if __name__ == "__main__":
    serve()
