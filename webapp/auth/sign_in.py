"""Signing in and out: a form, a session, and a bound on the attempts."""

from __future__ import annotations

from flask import Blueprint, Flask, current_app, redirect, render_template, request
from flask.typing import ResponseReturnValue

from webapp.auth import rate_limits as attempts
from webapp.auth import sessions, users
from webapp.auth.access import needs
from webapp.auth.safe_redirect import first_page, own_page
from webapp.auth.users import known_users, user_with

#: The status of an attempt with a wrong name or password.
WRONG = 403

blueprint = Blueprint("sign_in", __name__)


def init_app(app: Flask) -> None:
    """Have people sign in, those whom the configuration names."""
    users.init_app(app)
    app.register_blueprint(blueprint)
    attempts.init_app(app)


@blueprint.get("/login")
@needs(None)
def login() -> ResponseReturnValue:
    """Show the form; who has signed in already goes on."""
    if sessions.signed_in() is not None:
        return redirect(own_page(request.args.get("next")), 303)
    return form(request.args.get("next"))


@blueprint.post("/login", endpoint="attempt")
@needs(None)
def attempt() -> ResponseReturnValue:
    """Sign a person in, and send them to where they wanted to go."""
    name, counted = request.form.get("name", ""), attempts.count_attempt()
    user = user_with(name, request.form.get("password", ""))
    if user is None:
        # A name that nobody has may be a password, in the wrong field.
        tried = repr(name) if name in known_users() else "a name that nobody has"
        current_app.logger.warning("an attempt to sign in as %s failed, from %s", tried, request.remote_addr)
        return form(request.form.get("next"), wrong=True), WRONG
    attempts.give_back(counted)
    sessions.begin(user)
    current_app.logger.info("user %r signed in, from %s", user.name, request.remote_addr)
    return redirect(own_page(request.form.get("next")), 303)


@blueprint.post("/logout")
@needs(None)
def logout() -> ResponseReturnValue:
    """Sign a person out."""
    sessions.end()
    return redirect(first_page(), 303)


def form(target: str | None, *, wrong: bool = False) -> str:
    """Return the page with the form."""
    return render_template("login.html", next=own_page(target), wrong=wrong)
