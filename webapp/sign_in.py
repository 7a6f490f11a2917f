"""Signing in and out: a form, a session, and a bound on the attempts."""

from __future__ import annotations

from flask import Blueprint, Flask, current_app, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_login import LoginManager, current_user

from webapp import attempts, sessions, users
from webapp.access import needs
from webapp.hooks import taken_out
from webapp.returning import first_page, own_page
from webapp.users import known_users, user_with

blueprint = Blueprint("sign_in", __name__)


def init_app(app: Flask) -> None:
    """Have people sign in, those whom the configuration names."""
    users.init_app(app)
    manager = LoginManager()
    # A person's address changes between two networks; the session is held by its secret alone.
    manager.session_protection = None
    manager.user_loader(sessions.find)
    manager.init_app(app, add_context_processor=False)
    # It keeps the cookie of those who want to be remembered, which nobody is.
    taken_out(app.after_request_funcs, "flask_login")
    app.register_blueprint(blueprint)
    attempts.init_app(app)


@blueprint.get("/login")
@needs(None)
def login() -> ResponseReturnValue:
    """Show the form; who has signed in already goes on."""
    if current_user.is_authenticated:
        return redirect(own_page(request.args.get("next")), 303)
    return form(request.args.get("next"))


@blueprint.post("/login", endpoint="attempt")
@needs(None)
def attempt() -> ResponseReturnValue:
    """Sign a person in, and send them to where they wanted to go."""
    name = request.form.get("name", "")
    user = user_with(name, request.form.get("password", ""))
    if user is None:
        # A name that nobody has may be a password, in the wrong field.
        tried = repr(name) if name in known_users() else "a name that nobody has"
        current_app.logger.warning("an attempt to sign in as %s failed, from %s", tried, request.remote_addr)
        return form(request.form.get("next"), wrong=True), attempts.WRONG
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
