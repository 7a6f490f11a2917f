"""The query parameters of a list: read, checked, and asked of the repository."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from flask import request

from storage import Engine, Filter, Invalid, Page
from storage.flask import current_storage
from webapp.engine_json import read_moment
from webapp.errors import BadParameters


def whole_number(text: str) -> int:
    """Return the number that a text is; ``ValueError`` for anything but digits with perhaps a sign."""
    # Nothing that storage takes has more digits, and Python refuses to read very long numbers.
    if not re.fullmatch(r"-?[0-9]{1,19}", text):
        raise ValueError("must be a whole number")
    return int(text)


def never_fired(text: str) -> bool:
    """Return the opposite of ``fired=true`` or ``fired=false``: whether ``last_fired`` is to be null."""
    if text not in ("true", "false"):
        raise ValueError("must be true or false")
    return text == "false"


#: Each filter's parameter: the field, the operator, and what reads its text.
FILTERS: dict[str, tuple[str, str, Callable[[str], object]]] = {
    "q": ("title", "contains", str),
    "title": ("title", "eq", str),
    "thrust_min": ("thrust", "ge", whole_number),
    "thrust_max": ("thrust", "le", whole_number),
    "fired": ("last_fired", "is_null", never_fired),
    "fired_after": ("last_fired", "gt", read_moment),
    "fired_before": ("last_fired", "lt", read_moment),
}
PARAMETERS = ("sort", "limit", "cursor", *FILTERS)

#: What storage calls the arguments whose parameters have another name; all other filters were checked before.
RENAMED = {"order_by": "sort", "title": "q"}


def check_parameters(known: Iterable[str]) -> None:
    """Raise 400 for query parameters that are unknown, or given twice: they would have no effect."""
    names = ", ".join(known)
    problems = {}
    for name, values in request.args.lists():
        if name not in known:
            problems[name] = f"is no parameter of this address; there are: {names or 'none'}"
        elif len(values) > 1:
            problems[name] = "is given more than once"
    if problems:
        raise BadParameters(problems)


def requested_page() -> Page[Engine]:
    """Return the page that the query parameters ask for; 400 names those that are wrong."""
    problems: dict[str, str] = {}
    filters = [requested_filter(name, problems) for name in FILTERS if name in request.args]
    limit = 50
    try:
        limit = whole_number(request.args.get("limit", "50"))
    except ValueError as error:
        problems["limit"] = str(error)
    if problems:
        raise BadParameters(problems)
    sort, cursor = request.args.get("sort", "id"), request.args.get("cursor")
    try:
        return current_storage.engines.find(*filters, order_by=sort, limit=limit, cursor=cursor)
    except Invalid as error:
        raise BadParameters({RENAMED.get(name, name): problem for name, problem in error.problems.items()}) from error


def requested_filter(name: str, problems: dict[str, str]) -> Filter:
    """Return the filter of a parameter that was given, and add what is wrong with it to ``problems``."""
    field, operator, read = FILTERS[name]
    value: object = None
    try:
        value = read(request.args[name])
        if operator not in ("contains", "is_null"):
            # Checked here, so that the problem bears the parameter's name: several may be about one field.
            current_storage.description(Engine).by_name[field].check(value)
    except ValueError as error:
        problems[name] = str(error)
    return Filter(field, operator, value)
