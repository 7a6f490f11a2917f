"""The errors of storage: one tree, the same on every backend.

::

    StorageError
    ├── Invalid               correct the input: every bad field is named in ``problems``
    ├── NotFound              there is no such entity
    ├── AlreadyExists         another entity has that value of a unique field
    ├── VersionConflict       the entity has changed since: read again, decide again
    ├── TransactionConflict   run the whole unit again; nothing of it was kept
    ├── Unavailable           the database could not do it now: see ``retryable`` and ``may_have_been_applied``
    ├── ReadOnly              the database takes no writes
    ├── SchemaOutOfDate       the schema is older, or newer, than the code: migrate, or deploy
    └── Unsupported           this backend cannot do it at all: see its capabilities

A caller corrects, retries or gives up; that is how the tree is split. No driver's exception leaves a
repository: it is the ``__cause__`` of one of these. No message holds a password.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Self


class StorageError(Exception):
    """The root of the tree. Itself raised only for a driver's error that no rule foresees."""


class Invalid(StorageError):
    """Input that breaks a rule.

    ``problems`` maps each bad field (or argument) to a sentence that says what is wrong with it.
    """

    def __init__(self, problems: Mapping[str, str]) -> None:
        self.problems = dict(problems)
        super().__init__("; ".join(f"{name}: {problem}" for name, problem in self.problems.items()))

    def __reduce__(self) -> tuple[type[Invalid], tuple[dict[str, str]]]:
        return type(self), (self.problems,)


class NotFound(StorageError):
    """No entity has that id."""


class AlreadyExists(StorageError):
    """Another entity has that value of a unique field.

    ``fields`` names the fields that are unique together: ``("id",)`` where the id is taken, and none where the other
    entity was gone before the database could be asked.
    """

    def __init__(self, message: str, *, fields: Sequence[str] = ()) -> None:
        self.fields = tuple(fields)
        super().__init__(message)

    @classmethod
    def of(cls, entity: str, fields: Sequence[str] = ()) -> Self:
        """Return the error that says which fields of which entity are taken, and never by what value."""
        return cls(f"another {entity} has that {' and '.join(fields) or 'value of a unique field'}", fields=fields)

    def __reduce__(self) -> tuple[Callable[[str], AlreadyExists], tuple[str]]:
        return partial(type(self), fields=self.fields), (str(self),)


class VersionConflict(StorageError):
    """The entity has another version than the caller has seen."""


class TransactionConflict(StorageError):
    """The unit met another one (a deadlock, a serialisation failure) and was rolled back as a whole.

    It may be run again as a whole: ``Storage.run`` does.
    """


class Unavailable(StorageError):
    """The database did not do it.

    ``retryable``: whether trying again can help. ``may_have_been_applied``: the answer to a write or to a
    COMMIT was lost, so nobody knows; such a call is never repeated by us.
    """

    def __init__(self, message: str, *, retryable: bool = True, may_have_been_applied: bool = False) -> None:
        self.retryable = retryable
        self.may_have_been_applied = may_have_been_applied
        if may_have_been_applied:
            message += "; it may have been applied: read before you try again"
        super().__init__(message)


class ReadOnly(StorageError):
    """The database, its file or the unit takes no writes."""


class SchemaOutOfDate(StorageError):
    """The schema's revision is not the one that this code was written for.

    ``found`` and ``wanted`` are revision ids, ``found`` is ``None`` where nothing was migrated yet.
    """

    def __init__(self, message: str, *, found: str | None, wanted: str) -> None:
        self.found = found
        self.wanted = wanted
        super().__init__(message)

    def __reduce__(self) -> tuple[Callable[[str], SchemaOutOfDate], tuple[str]]:
        return partial(type(self), found=self.found, wanted=self.wanted), (str(self),)


class Unsupported(StorageError):
    """The backend, as it runs now, lacks the capability."""
