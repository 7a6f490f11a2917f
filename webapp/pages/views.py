"""Pages for people: the fleet at a glance, the list, and one engine with all that can be done to it.

Every page is whole without JavaScript. Where a browser has it, htmx fetches the same pages and takes their
``#main`` or their ``#list`` out of them.
"""

from __future__ import annotations

from collections.abc import Mapping

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.routing import BuildError

from storage import Engine, Filter, Invalid, NotFound, Storage, Unit, VersionConflict
from storage.flask import current_storage
from webapp.api.engine_json import moment_text
from webapp.auth.access import Role, needs
from webapp.listing import check_parameters
from webapp.pages import form_keys, forms
from webapp.pages.comparison import differences
from webapp.pages.form_keys import Outcome, outcome_of_form
from webapp.pages.table import PARAMETERS, requested_table

#: How many engines the picture of the fleet shows, and each of the short lists beside it.
STRONGEST = 12
FEW = 5

blueprint = Blueprint("pages", __name__)
blueprint.add_app_template_filter(moment_text, "moment")


@blueprint.app_context_processor
def told_to_templates() -> dict[str, object]:
    """Return what the templates of every page call."""
    return {
        "link": link, "form_texts": forms.engine_texts, "labels": forms.LABELS, "form_key": form_keys.new_key,
    }  # fmt: skip


def link(endpoint: str) -> str | None:
    """Return the address of a part of the application, ``None`` where it has no such part."""
    try:
        return url_for(endpoint)
    except BuildError:
        return None


@blueprint.before_request
def refuse_unknown_parameters() -> None:
    """Only the list has query parameters."""
    check_parameters(PARAMETERS if request.endpoint == "pages.engines" else ())


@blueprint.get("/")
@needs(Role.READ)
def fleet() -> ResponseReturnValue:
    """Show how many engines there are, the strongest, the newest and those fired lately; a few of each."""
    engines = current_storage.engines
    fired = Filter("last_fired", "is_null", False)
    return render_template(
        "fleet.html",
        count=engines.count(),
        strongest=engines.find(order_by="-thrust", limit=STRONGEST).items,
        newest=engines.find(order_by="-id", limit=FEW).items,
        lately_fired=engines.find(fired, order_by="-last_fired", limit=FEW).items,
        backend=current_storage.backend,
        server=current_storage.server_version(),
        **form_context(forms.NEW_TEXTS),
    )


@blueprint.get("/engines")
@needs(Role.READ)
def engines() -> ResponseReturnValue:
    """Show the engines, a page at a time, in an order, those whose title holds a text."""
    return render_template("engines.html", table=requested_table())


@blueprint.get("/engines/new")
@needs(Role.WRITE)
def new_engine() -> ResponseReturnValue:
    """Show the form of a new engine."""
    return render_template("new.html", **form_context(forms.NEW_TEXTS))


@blueprint.post("/engines")
@needs(Role.WRITE)
def add_engine() -> ResponseReturnValue:
    """Add an engine."""
    texts = forms.sent_texts(request.form)
    try:
        new = Engine(**forms.values_of(texts))
        outcome = outcome_of_form(lambda place: done(place.engines.add(new), "was added"))
    except Invalid as error:
        return render_template("new.html", **form_context(texts, error.problems)), 422
    return go_on(outcome)


@blueprint.get("/engines/<id:id>")
@needs(Role.READ)
def engine(id: int) -> ResponseReturnValue:
    """Show one engine."""
    return render_template("engine.html", engine=current_storage.engines.get(id))


@blueprint.get("/engines/<id:id>/edit")
@needs(Role.WRITE)
def edit_engine(id: int) -> ResponseReturnValue:
    """Show the form that changes an engine."""
    engine = current_storage.engines.get(id)
    texts = forms.engine_texts(engine)
    return render_template("edit.html", id=id, version=engine.version, was=texts, **form_context(texts))


@blueprint.post("/engines/<id:id>/edit")
@needs(Role.WRITE)
def save_engine(id: int) -> ResponseReturnValue:
    """Change an engine, unless somebody else has changed it since the form was shown."""
    texts, was, version = forms.sent_texts(request.form), forms.texts_before(request.form), sent_version()
    try:
        values = forms.values_of(texts)
        outcome = outcome_of_form(lambda place: done(place.engines.update(id, values, version), "was changed"))
    except Invalid as error:
        context = form_context(texts, error.problems)
        return render_template("edit.html", id=id, version=version, was=was, **context), 422
    except VersionConflict:
        return compare(id, forms.texts_of(values))
    except NotFound:
        return gone(id, texts)
    return go_on(outcome)


@blueprint.post("/engines/<id:id>/fire")
@needs(Role.WRITE)
def fire_engine(id: int) -> ResponseReturnValue:
    """Record that an engine fires now."""
    changes, version = {"last_fired": current_app.config["CLOCK"]()}, sent_version()
    try:
        outcome = outcome_of_form(lambda place: done(place.engines.update(id, changes, version), "has fired"))
    except VersionConflict:
        return look_again(id, "fire")
    except NotFound:
        return gone(id, forms.texts_before(request.form))
    return go_on(outcome)


@blueprint.get("/engines/<id:id>/delete")
@needs(Role.WRITE)
def confirm_deletion(id: int) -> ResponseReturnValue:
    """Ask whether an engine is really to be deleted."""
    return render_template("delete.html", engine=current_storage.engines.get(id))


@blueprint.post("/engines/<id:id>/delete")
@needs(Role.WRITE)
def delete_engine(id: int) -> ResponseReturnValue:
    """Delete an engine, unless somebody has changed it since the question was asked."""
    version = sent_version()

    def delete(place: Storage | Unit) -> Outcome:
        place.engines.delete(id, version)
        return Outcome(url_for(".engines"), f"Engine {id} was deleted.")

    try:
        outcome = outcome_of_form(delete)
    except VersionConflict:
        return look_again(id, "delete")
    except NotFound:
        return gone(id, forms.texts_before(request.form))
    return go_on(outcome)


def sent_version() -> int:
    """Return the version that the form of the request is about."""
    return forms.sent_version(request.form)


def done(engine: Engine, what: str) -> Outcome:
    """Return that an engine's page comes next, which says what was done to it."""
    return Outcome(url_for(".engine", id=engine.id), f"{engine.title} {what}.")


def go_on(outcome: Outcome) -> ResponseReturnValue:
    """Lead to the next page."""
    flash(outcome.message)
    return redirect(outcome.location, 303)


def compare(id: int, yours: Mapping[str, str]) -> ResponseReturnValue:
    """Show an edit beside the one that somebody else made meanwhile; a form goes on, so this is no error."""
    try:
        theirs = current_storage.engines.get(id)
    except NotFound:
        return gone(id, yours)
    found = differences(forms.texts_before(request.form), yours, forms.engine_texts(theirs))
    return render_template("compare.html", engine=theirs, differences=found)


def look_again(id: int, action: str) -> ResponseReturnValue:
    """Show what an engine has become since somebody decided to fire or delete it."""
    was = forms.texts_before(request.form)
    try:
        engine = current_storage.engines.get(id)
    except NotFound:
        return gone(id, was)
    now = forms.engine_texts(engine)
    return render_template("look_again.html", engine=engine, action=action, differences=differences(was, now, now))


def gone(id: int, texts: Mapping[str, str] | None) -> ResponseReturnValue:
    """Say that an engine was deleted meanwhile, and offer to add it again."""
    context = form_context(texts or forms.NEW_TEXTS)
    return render_template("gone.html", id=id, known=texts is not None, **context), 404


def form_context(texts: Mapping[str, str], problems: Mapping[str, str] | None = None) -> dict[str, object]:
    """Return what the fields of a form are drawn from."""
    rules = {field.name: field.rule for field in current_storage.description(Engine).fields}
    return {"texts": texts, "problems": problems or {}, "rules": rules}
