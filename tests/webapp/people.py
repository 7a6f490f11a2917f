"""People and programs that the tests let in."""

from __future__ import annotations

import secrets
from typing import Any

from argon2 import PasswordHasher
from flask import Flask, session
from flask.testing import FlaskClient
from flask_wtf.csrf import generate_csrf
from werkzeug.test import TestResponse

from webapp.auth.roles import Role
from webapp.auth.tokens import make_token

PASSWORD = "correct horse battery"
#: As cheap as can be: a hash carries its own parameters.
HASHER = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


def entry(role: str, password: str = PASSWORD) -> dict[str, str]:
    """An entry of USERS."""
    return {"password_hash": HASHER.hash(password), "role": role}


#: Settings of an application that lets in those whom it knows, and nobody else.
CLOSED: dict[str, Any] = {
    "ALLOW_ANONYMOUS_WRITES": False,
    "USERS": {"writer": entry("write"), "reader": entry("read")},
}


def form_token(client: FlaskClient) -> str:
    """The token that a form of this client's session carries."""
    with client.session_transaction() as stored:
        secret = stored.setdefault("csrf_token", secrets.token_hex(20))
    with client.application.test_request_context("/"):
        session["csrf_token"] = secret
        return str(generate_csrf())


def post(client: FlaskClient, path: str, **fields: str) -> TestResponse:
    """Send a form, with the token that it carries."""
    return client.post(path, data={"csrf_token": form_token(client)} | fields)


def sign_in(client: FlaskClient, name: str = "writer", password: str = PASSWORD, **fields: str) -> TestResponse:
    """Fill in the form for signing in, and send it."""
    return post(client, "/login", name=name, password=password, **fields)


def token(app: Flask, role: Role = Role.WRITE, name: str = "a program") -> dict[str, str]:
    """The header of a program that has a token of its own."""
    with app.app_context():
        return {"Authorization": f"Bearer {make_token(name, role)}"}
