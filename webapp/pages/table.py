"""The list of engines as a table: what is asked of it, its page, and where its headings lead."""

from __future__ import annotations

from dataclasses import dataclass

from flask import request, url_for

from storage import Engine, Filter, Invalid, Page
from storage.flask import current_storage
from webapp.errors import BadParameters

PARAMETERS = ("q", "sort", "cursor")
PAGE_SIZE = 25

#: What storage calls the arguments whose parameters have another name.
RENAMED = {"order_by": "sort", "title": "q"}
#: The columns in their order, and whether the first click on a heading asks for the largest first.
COLUMNS = {
    "title": ("Title", False),
    "thrust": ("Thrust", True),
    "last_fired": ("Last fired", True),
    "id": ("Id", False),
}


@dataclass(frozen=True, slots=True)
class Heading:
    """The heading of a column: where it leads, and how the table is sorted by it, if it is."""

    name: str
    label: str
    address: str
    sorted: str | None


@dataclass(frozen=True, slots=True)
class Table:
    """A page of the list, and the question that it answers."""

    search: str
    sort: str
    page: Page[Engine]
    is_first: bool

    @property
    def headings(self) -> list[Heading]:
        """The headings of the columns."""
        return [self.heading(name) for name in COLUMNS]

    def heading(self, name: str) -> Heading:
        """Return the heading of a column; it leads to the opposite order if the table is sorted by it."""
        label, largest_first = COLUMNS[name]
        if self.sort.removeprefix("-") != name:
            return Heading(name, label, self.address(sort="-" * largest_first + name), None)
        descending = self.sort.startswith("-")
        sorted = "descending" if descending else "ascending"
        return Heading(name, label, self.address(sort=name if descending else f"-{name}"), sorted)

    def address(self, sort: str | None = None, cursor: str | None = None) -> str:
        """Return the address of the same list in another order, or from another place on."""
        order = sort or self.sort
        return url_for("pages.engines", q=self.search or None, sort=None if order == "id" else order, cursor=cursor)


def requested_table() -> Table:
    """Return the table that the query parameters ask for; 400 names those that are wrong."""
    search, sort = request.args.get("q", ""), request.args.get("sort") or "id"
    cursor = request.args.get("cursor")
    filters = [Filter("title", "contains", search)] if search else []
    try:
        page = current_storage.engines.find(*filters, order_by=sort, limit=PAGE_SIZE, cursor=cursor)
    except Invalid as error:
        raise BadParameters({RENAMED.get(name, name): problem for name, problem in error.problems.items()}) from error
    return Table(search, sort, page, cursor is None)
