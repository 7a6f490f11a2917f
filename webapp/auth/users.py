"""The people who may sign in: configured, not stored, with argon2 hashes of their passwords.

``USERS`` maps each name to a ``password_hash`` and a ``role``; ``python -m webapp.new_user NAME`` prints such an entry.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from argon2 import PasswordHasher, extract_parameters
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import Type
from flask import Flask, current_app

from storage.entities import SignIn
from storage.entity import describe
from storage.flask import ConfigurationError
from webapp.auth.roles import Role

EXTENSION = "users"
#: Memory, rounds and threads of argon2.
Cost = tuple[int, int, int]
#: What argon2 is asked to hash; a form has no reason to send more.
LONGEST_PASSWORD = 1024
REMEDY = "python -m webapp.new_user NAME prints a proper entry"


@dataclass(frozen=True, slots=True)
class User:
    """Somebody who may sign in."""

    name: str
    role: Role
    password_hash: str = field(repr=False)


def init_app(app: Flask) -> None:
    """Read the users of the configuration; ``ConfigurationError`` says what is wrong with whom."""
    app.extensions[EXTENSION] = read_users(app.config["USERS"])


def read_users(configured: Mapping[object, object]) -> dict[str, User]:
    """Return the users by name."""
    return {str(name): read_user(name, entry) for name, entry in configured.items()}


def read_user(name: object, entry: object) -> User:
    """Return one user; the error never shows a hash."""
    check_name(name)
    if not isinstance(entry, Mapping) or set(entry) != {"password_hash", "role"}:
        raise ConfigurationError(f"USERS: {name!r} must have a password_hash and a role, nothing else: {REMEDY}")
    if entry["role"] not in list(Role):
        raise ConfigurationError(f"USERS: the role of {name!r} must be {' or '.join(Role)}, not {entry['role']!r}")
    if not is_argon2(entry["password_hash"]):
        raise ConfigurationError(f"USERS: the password_hash of {name!r} is not one of argon2id: {REMEDY}")
    return User(str(name), Role(entry["role"]), entry["password_hash"])


def check_name(name: object) -> None:
    """Raise ``ConfigurationError`` for a name that no sign-in could be stored for."""
    try:
        describe(SignIn).by_name["username"].rule.check(name)
    except ValueError as error:
        raise ConfigurationError(f"USERS: the name {name!r} {error}") from error


def is_argon2(text: object) -> bool:
    """Return whether a text is a hash of the kind that we make."""
    try:
        return isinstance(text, str) and extract_parameters(text).type is Type.ID
    except InvalidHashError:
        return False


def known_users() -> dict[str, User]:
    """Return the users of the current application by name."""
    users: dict[str, User] = current_app.extensions[EXTENSION]
    return users


def user_with(name: str, password: str) -> User | None:
    """Return the user whose name and password these are; a name that nobody has takes as long as a wrong password."""
    users = known_users()
    if len(password) > LONGEST_PASSWORD:
        return None
    user, hashes = users.get(name), one_of_each_cost(users.values())
    if user is not None:
        hashes[cost(user.password_hash)] = user.password_hash
    # A hash of each cost that there is, for every name: so the time tells nobody which names there are.
    matching = [one for one in hashes.values() if is_password(password, one)]
    return user if user is not None and user.password_hash in matching else None


def one_of_each_cost(users: Iterable[User]) -> dict[Cost, str]:
    """Return a hash of each cost that the users' have."""
    return {cost(user.password_hash): user.password_hash for user in users}


def cost(password_hash: str) -> Cost:
    """Return what a hash costs to compute."""
    found = extract_parameters(password_hash)
    return found.memory_cost, found.time_cost, found.parallelism


def is_password(password: str, password_hash: str) -> bool:
    """Return whether a password is the one that was hashed."""
    try:
        return PasswordHasher().verify(password_hash, password)
    except VerificationError:
        return False
