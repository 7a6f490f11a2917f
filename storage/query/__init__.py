"""Questions: filters, orders, pages and cursors, checked once for every backend."""

from storage.query.cursor import Position, decoded, write_cursor
from storage.query.filters import COMPARISONS, MOST_VALUES, Condition, Filter, checked_filters
from storage.query.paging import LARGEST_LIMIT, Order, Page, Query, Segment, checked_query

__all__ = [
    "COMPARISONS",
    "LARGEST_LIMIT",
    "MOST_VALUES",
    "Condition",
    "Filter",
    "Order",
    "Page",
    "Position",
    "Query",
    "Segment",
    "checked_filters",
    "checked_query",
    "decoded",
    "write_cursor",
]
