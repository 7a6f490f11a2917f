"""Who may do what: every view says which role it needs, and what says nothing is refused.

Who calls is found out once a request: by its bearer token wherever one is sent, and on the pages by the session. The
API takes no session, so that no page elsewhere can act there in a person's name.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn, TypeVar

from flask import Flask, Response, current_app, g, redirect, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import Forbidden, HTTPException, ServiceUnavailable, Unauthorized

from storage import StorageError
from webapp.auth.roles import Role
from webapp.auth.safe_redirect import wanted_page
from webapp.auth.sessions import signed_in
from webapp.auth.tokens import challenge, sent_token
from webapp.responses import is_api

__all__ = ["Caller", "Role", "anonymous", "caller", "init_app", "may", "needs", "operators"]

#: The name of who shows neither a token nor a session.
ANONYMOUS = "anonymous"
#: The name of a caller with ``OPERATIONS_TOKEN``.
OPERATIONS = "operations token"
#: Seconds after which an outage may be over.
RETRY_AFTER = 5

View = TypeVar("View", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls, such as ``token 3`` or ``user ada``, and what they may do; ``None`` is nothing."""

    name: str
    role: Role | None
    username: str | None = None


def needs(role: Role | None) -> Callable[[View], View]:
    """Mark a view with the role that its caller needs; ``None`` for what everybody may see."""

    def mark(view: View) -> View:
        view.required_role = role  # type: ignore[attr-defined]
        return view

    return mark


def anonymous(view: View) -> View:
    """Mark a view that everybody may see, and for which no credentials are looked at: it needs no database."""
    view.identifies = False  # type: ignore[attr-defined]
    return needs(None)(view)


def operators(view: View) -> View:
    """Mark a view for those who operate the application: who may write, and who sends ``OPERATIONS_TOKEN``."""
    view.for_operators = True  # type: ignore[attr-defined]
    return needs(Role.WRITE)(view)


def init_app(app: Flask) -> None:
    """Have the application ask before each view whether its caller may, and tell the templates."""
    app.before_request(check_role)
    app.context_processor(told_to_templates)


def may(role: Role) -> bool:
    """Return whether the caller of the current request has a role."""
    own = current_caller().role
    return own is not None and own.includes(role)


def caller() -> str:
    """Return who calls, as one text: ``anonymous``, ``token 3`` or ``user ada``. Logs may ask: it never raises."""
    return known_caller().name


def told_to_templates() -> dict[str, object]:
    """Return what a page shows of it; ``username`` is ``None`` for a caller who has not signed in."""
    known = known_caller()
    return {
        "may_write": known.role is Role.WRITE,
        "anonymous_writes": current_app.config["ALLOW_ANONYMOUS_WRITES"],
        "username": known.username,
    }


def check_role() -> ResponseReturnValue | None:
    """Let a request pass to its view, or answer in its place."""
    # An address that does not exist, or not with this method, is answered as such; style and scripts are everybody's.
    endpoint = request.endpoint
    if endpoint in (None, "static"):
        return None
    view = current_app.view_functions[endpoint]
    if not hasattr(view, "required_role"):
        current_app.logger.error("the view %s says nowhere which role it needs: mark it with needs()", endpoint)
        raise Forbidden("Nobody may do this: the application does not say who may.")
    role: Role | None = view.required_role
    if role is None or is_allowed(view, role):
        return None
    if caller() != ANONYMOUS:
        raise Forbidden(f"The role {role} is needed, which {caller()} does not have.")
    # A program asks for the figures, and would take the page for signing in for them.
    return refuse_program() if is_api(request.path) or endpoint == "metrics" else send_to_sign_in()


def is_allowed(view: Callable[..., Any], role: Role) -> bool:
    """Return whether the caller has the role that a view needs."""
    try:
        return may(role)
    except StorageError as error:
        if not hasattr(view, "for_operators"):
            raise
        current_app.logger.warning("%r: the caller is not known: %s: %s", request.path, type(error).__name__, error)
        raise ServiceUnavailable(
            "The database does not answer, and without it no session and no token is known. Send the OPERATIONS_TOKEN "
            "of the configuration as a bearer token, or see /readyz.",
            retry_after=RETRY_AFTER,
        ) from error


def known_caller() -> Caller:
    """Return who calls; where that cannot be found out, the page that says why is shown to a stranger."""
    try:
        return current_caller()
    except (StorageError, HTTPException):
        return anonymous_caller()


def current_caller() -> Caller:
    """Return who calls; 401 for a token that is not good, and whatever storage raises."""
    known: Caller | None = g.get("caller")
    if known is None:
        # For whoever asks again after this has failed: nothing is looked up a second time.
        g.caller = anonymous_caller()
        known = g.caller = find_caller()
    return known


def find_caller() -> Caller:
    """Find out who calls."""
    view = current_app.view_functions.get(request.endpoint or "")
    if not getattr(view, "identifies", True):
        return anonymous_caller()
    if hasattr(view, "for_operators") and sends_operations_token():
        return Caller(OPERATIONS, Role.WRITE)
    token = sent_token()
    if token is not None:
        return Caller(f"token {token.id}", Role(token.role))
    person = None if is_api(request.path) else signed_in()
    if person is not None:
        return Caller(f"user {person.name}", person.role, person.name)
    return anonymous_caller()


def sends_operations_token() -> bool:
    """Return whether the request carries ``OPERATIONS_TOKEN``; compared in constant time."""
    configured, sent = current_app.config["OPERATIONS_TOKEN"], request.authorization
    if configured is None or sent is None or sent.type != "bearer":
        return False
    return hmac.compare_digest((sent.token or "").encode(), configured.encode())


def anonymous_caller() -> Caller:
    """Return what the configuration lets everybody do."""
    if current_app.config["ALLOW_ANONYMOUS_WRITES"]:
        return Caller(ANONYMOUS, Role.WRITE)
    return Caller(ANONYMOUS, Role.READ if current_app.config["ALLOW_ANONYMOUS_READS"] else None)


def refuse_program() -> NoReturn:
    """Ask a program for its token."""
    raise Unauthorized("A token is needed: send Authorization: Bearer, and the token.", www_authenticate=challenge())


def send_to_sign_in() -> ResponseReturnValue:
    """Send a person to the page for signing in, and back from there."""
    address = url_for("sign_in.login", next=wanted_page())
    if "HX-Request" not in request.headers:
        return redirect(address, 303)
    # A redirect would be followed by the browser's fetch, and its page put in the place of a fragment.
    return Response(status=401, headers={"HX-Redirect": address, "WWW-Authenticate": challenge().to_header()})
