"""The query parameters of a list: read, checked, and asked of the repository."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from urllib.parse import urlencode

from flask import request, url_for

from storage import Engine, Filter, Invalid, Page
from storage.flask import current_storage
from webapp.api.engine_json import read_moment
from webapp.errors import BadParameters

DEFAULT_LIMIT = 50


@dataclass(frozen=True, slots=True)
class Condition:
    """What a parameter asks of a field: the operator, and what reads the parameter's text."""

    field: str
    operator: str
    read: Callable[[str], object]
    summary: str


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


FILTERS: dict[str, Condition] = {
    "q": Condition("title", "contains", str, "Engines whose title contains this, in any case."),
    "title": Condition("title", "eq", str, "Engines with exactly this title."),
    "thrust_min": Condition("thrust", "ge", whole_number, "Engines with this thrust or more."),
    "thrust_max": Condition("thrust", "le", whole_number, "Engines with this thrust or less."),
    "fired": Condition("last_fired", "is_null", never_fired, "Engines that have fired, or that never have."),
    "fired_after": Condition("last_fired", "gt", read_moment, "Engines that last fired after this moment."),
    "fired_before": Condition("last_fired", "lt", read_moment, "Engines that last fired before this moment."),
}
PARAMETERS = ("sort", "limit", "cursor", *FILTERS)

#: What storage calls the arguments whose parameters have another name; all other filters were checked before.
RENAMED = {"order_by": "sort", "title": "q"}


def check_parameters(known: Collection[str]) -> None:
    """Raise 400 for query parameters that are unknown, or given twice: they would have no effect."""
    if not request.query_string:
        return
    problems = {}
    for name, values in request.args.lists():
        if name not in known:
            problems[name] = f"is no parameter of this address; there are: {', '.join(known) or 'none'}"
        elif len(values) > 1:
            problems[name] = "is given more than once"
    if problems:
        raise BadParameters(problems)


def requested_page() -> Page[Engine]:
    """Return the page that the query parameters ask for; 400 names those that are wrong."""
    arguments = request.args
    problems: dict[str, str] = {}
    filters = [requested_filter(name, problems) for name in FILTERS if name in arguments]
    limit = DEFAULT_LIMIT
    if "limit" in arguments:
        try:
            limit = whole_number(arguments["limit"])
        except ValueError as error:
            problems["limit"] = str(error)
    if problems:
        raise BadParameters(problems)
    sort, cursor = arguments.get("sort", "id"), arguments.get("cursor")
    try:
        return current_storage.engines.find(*filters, order_by=sort, limit=limit, cursor=cursor)
    except Invalid as error:
        raise BadParameters({RENAMED.get(name, name): problem for name, problem in error.problems.items()}) from error


def requested_filter(name: str, problems: dict[str, str]) -> Filter:
    """Return the filter of a parameter that was given, and add what is wrong with it to ``problems``."""
    condition = FILTERS[name]
    value: object = None
    try:
        value = condition.read(request.args[name])
        if condition.operator not in ("contains", "is_null"):
            # Checked here, so that the problem bears the parameter's name: several may be about one field.
            current_storage.description(Engine).by_name[condition.field].check(value)
    except ValueError as error:
        problems[name] = str(error)
    return Filter(condition.field, condition.operator, value)


def page_links(page: Page[Engine]) -> str:
    """Return the header ``Link`` of a page (RFC 8288): the first one of its list, and the next if there is one."""
    asked = {name: value for name, value in request.args.items() if name != "cursor"}
    address = url_for("api.list_engines")
    first = f"{address}?{urlencode(asked)}" if asked else address
    if page.next_cursor is None:
        return f'<{first}>; rel="first"'
    # A cursor is made of letters that a URL takes as they are.
    return f'<{first}>; rel="first", <{first}{"&" if asked else "?"}cursor={page.next_cursor}>; rel="next"'
