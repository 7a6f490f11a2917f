"""The base class: what every backend inherits of units and of the schema's check."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from unittest.mock import Mock

import pytest

from storage import (
    Capability,
    Engine,
    Invalid,
    Migrations,
    NotFound,
    Repository,
    Revision,
    SchemaOutOfDate,
    Storage,
    StorageError,
    TransactionConflict,
    Unavailable,
    Unit,
    Unsupported,
    VersionConflict,
)
from storage.entity import describe


class Steps(Migrations):
    """A history of three revisions."""

    def __init__(self, revision: str | None) -> None:
        self.revision = revision
        self.looks = 0

    def history(self) -> Sequence[Revision]:
        return [Revision(id, id) for id in ("0001", "0002", "0003")]

    def current(self) -> str | None:
        self.looks += 1
        return self.revision

    upgrade = downgrade = stamp = withdraw = reinstate = differences = stored_entities = Mock()


class Noted(Unit):
    """A unit that notes how it ended."""

    def __init__(self, commit: Callable[[], None]) -> None:
        super().__init__()
        self.ended: list[str] = []
        self.committing = commit

    def open_repository(self, entity: type[Any]) -> Repository[Any]:
        raise NotImplementedError

    def commit(self) -> None:
        self.committing()
        self.ended.append("commit")

    def rollback(self) -> None:
        self.ended.append("rollback")

    def call(self, error: Exception | None = None) -> None:
        """What a repository's method does."""
        with self.guard():
            if error is not None:
                raise error


class Notes(Storage):
    """A storage whose units note how they ended."""

    backend = address = "notes"

    def __init__(self, revision: str | None = "0003") -> None:
        super().__init__([describe(Engine)])
        self.migrations = self.steps = Steps(revision)
        self.units: list[Noted] = []
        self.commit: Callable[[], None] = lambda: None
        self.closed = 0

    def begin(self, *, read_only: bool) -> Unit:
        self.units.append(Noted(self.commit))
        return self.units[-1]

    def close(self) -> None:
        self.closed += 1

    @property
    def capabilities(self) -> frozenset[Capability]:
        return frozenset(Capability)

    open_repository = ping = server_version = connections_in_use = Mock()


@pytest.fixture
def storage() -> Notes:
    return Notes()


def test_a_unit_that_ends_well_is_committed(storage: Notes) -> None:
    """12.1 And not rolled back."""
    with storage.transaction():
        pass
    assert storage.units[0].ended == ["commit"]


@pytest.mark.parametrize("error", [NotFound("x"), ZeroDivisionError(), KeyboardInterrupt(), GeneratorExit()])
def test_a_unit_that_ends_badly_is_rolled_back(storage: Notes, error: BaseException) -> None:
    """12.2 Whatever is raised."""
    with pytest.raises(type(error)), storage.transaction():
        raise error
    assert storage.units[0].ended == ["rollback"]


def test_a_commit_that_fails_is_rolled_back_and_not_repeated(storage: Notes) -> None:
    """12.14 Least of all where its answer was lost."""
    storage.commit = Mock(side_effect=Unavailable("no answer", may_have_been_applied=True))
    with pytest.raises(Unavailable) as raised:
        storage.run(lambda unit: None)
    assert raised.value.may_have_been_applied
    assert len(storage.units) == 1
    assert storage.units[0].ended == ["rollback"]


def test_a_commit_that_meets_a_conflict_is_run_again(storage: Notes) -> None:
    """12.13 The whole unit is."""
    storage.commit = Mock(side_effect=[TransactionConflict("met another"), None])
    assert storage.run(lambda unit: "done") == "done"
    assert [unit.ended for unit in storage.units] == [["rollback"], ["commit"]]


@pytest.mark.parametrize("error", [Invalid({"a": "b"}), NotFound("x"), VersionConflict("x")])
def test_what_a_caller_can_mend_leaves_a_unit_whole(storage: Notes, error: StorageError) -> None:
    """12.5 If it was caught."""
    with storage.transaction() as unit:
        assert isinstance(unit, Noted)
        with pytest.raises(type(error)):
            unit.call(error)
        unit.call()
    assert unit.ended == ["commit"]


@pytest.mark.parametrize(
    "error", [Unavailable("x"), TransactionConflict("x"), Unsupported("x"), StorageError("x"), Invalid({"a": "b"})]
)
def test_any_other_error_breaks_a_unit(storage: Notes, error: StorageError) -> None:
    """12.6 So does a driver's refusal of a value: the engine has given the transaction up."""
    if isinstance(error, Invalid):
        error.__cause__ = ValueError("a driver's")
    with pytest.raises(type(error)) as raised, storage.transaction() as unit:  # noqa: PT012 - the block's end raises
        assert isinstance(unit, Noted)
        for attempt in (error, None):
            with pytest.raises(type(error)):
                unit.call(attempt)
    assert raised.value is error
    assert unit.ended == ["rollback"]


def test_a_unit_is_refused_while_the_schema_is_another() -> None:
    """14.5 Nothing is begun."""
    storage = Notes("0001")
    with pytest.raises(SchemaOutOfDate), storage.transaction():
        pass
    assert storage.units == []


def test_a_schema_is_looked_at_once() -> None:
    """14.5 And again when it was forgotten."""
    storage = Notes()
    for _ in range(3):
        storage.check_schema()
    assert storage.steps.looks == 1
    storage.forget_schema()
    storage.check_schema()
    assert storage.steps.looks == 2


@pytest.mark.parametrize(
    ("found", "remedy"), [(None, "flask db upgrade"), ("0002", "flask db upgrade"), ("0009", "deploy the newer")]
)
def test_an_outdated_schema_says_what_to_do(found: str | None, remedy: str) -> None:
    """14.5 To the database if it is older, to the code if it is newer."""
    with pytest.raises(SchemaOutOfDate, match=remedy) as raised:
        Steps(found).check_current()
    assert (raised.value.found, raised.value.wanted) == (found, "0003")


@pytest.mark.parametrize(
    ("found", "pending"), [(None, ["0001", "0002", "0003"]), ("0002", ["0003"]), ("0003", []), ("0009", [])]
)
def test_pending_are_the_revisions_behind_the_current_one(found: str | None, pending: list[str]) -> None:
    """14.2 None behind one that we do not know."""
    assert [revision.id for revision in Steps(found).pending()] == pending


def test_a_revision_is_resolved() -> None:
    """14.7 ``head`` is the newest."""
    assert Steps(None).resolve("head") == "0003"
    assert Steps(None).resolve("0002") == "0002"
    with pytest.raises(Invalid, match="0001, 0002, 0003"):
        Steps(None).resolve("0009")


def test_a_storage_is_closed_at_the_end_of_its_block(storage: Notes) -> None:
    """1.6 However it ends."""
    with pytest.raises(ZeroDivisionError), storage:
        raise ZeroDivisionError
    assert storage.closed == 1
