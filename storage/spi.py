"""What the author of a backend imports: the interfaces to implement, what is checked for them, and what to raise.

A backend implements ``Storage``, ``Unit``, ``Repository`` and ``Migrations``, whose docstrings are the contract, and a
function ``open_backend(url: str, options: Options, descriptions: Sequence[Description]) -> Storage`` that the entry
point group ``storage.backends`` names for a scheme of URLs. ``storage.testing`` has the suite that it must pass.
Nothing else of this library is meant for backends: what is not here can change without notice.

* Interfaces: ``Storage``, ``Unit``, ``Repository``, ``PutResult``, ``Migrations``, ``Revision``, ``WITHDRAWN``.
* Entities: ``Description`` and its ``Field``s, the field types ``Integer``, ``Text`` and ``Timestamp``, ``LARGEST_ID``,
  ``check_id`` and ``check_version``, and ``by_row`` for values in columns.
* Questions: ``Filter``s become ``Condition``s by ``checked_filters``; ``checked_query`` returns a ``Query``, whose
  ``Segment``s are read one after another in an ``Order``, and which makes a ``Page`` of the rows.
* Errors: all classes of ``storage.errors``; ``unsupported`` makes the error for a ``Capability`` that is lacking.
"""

from storage.capabilities import Capability, unsupported
from storage.entity import (
    LARGEST_ID,
    Description,
    Field,
    Integer,
    Text,
    Timestamp,
    by_row,
    check_id,
    check_version,
)
from storage.errors import (
    AlreadyExists,
    Invalid,
    NotFound,
    ReadOnly,
    SchemaOutOfDate,
    StorageError,
    TransactionConflict,
    Unavailable,
    Unsupported,
    VersionConflict,
)
from storage.migrations import WITHDRAWN, Migrations, Revision
from storage.options import Options
from storage.query import Condition, Filter, Order, Page, Query, Segment, checked_filters, checked_query
from storage.repository import PutResult, Repository
from storage.storage import Storage, Unit

__all__ = [
    "LARGEST_ID",
    "WITHDRAWN",
    "AlreadyExists",
    "Capability",
    "Condition",
    "Description",
    "Field",
    "Filter",
    "Integer",
    "Invalid",
    "Migrations",
    "NotFound",
    "Options",
    "Order",
    "Page",
    "PutResult",
    "Query",
    "ReadOnly",
    "Repository",
    "Revision",
    "SchemaOutOfDate",
    "Segment",
    "Storage",
    "StorageError",
    "Text",
    "Timestamp",
    "TransactionConflict",
    "Unavailable",
    "Unit",
    "Unsupported",
    "VersionConflict",
    "by_row",
    "check_id",
    "check_version",
    "checked_filters",
    "checked_query",
    "unsupported",
]
