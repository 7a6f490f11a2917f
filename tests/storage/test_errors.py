from __future__ import annotations

import pickle

import pytest

from storage import (
    AlreadyExists,
    Capability,
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
from storage.capabilities import unsupported

ERRORS = [
    StorageError("a driver's error"),
    Invalid({"title": "must be text", "thrust": "must be a whole number"}),
    NotFound("there is no engine with the id 7"),
    AlreadyExists("another probe has that code"),
    AlreadyExists.of("probe", ["code"]),
    VersionConflict("engine 7 has version 3, not 2"),
    TransactionConflict("a deadlock"),
    Unavailable("no answer"),
    Unavailable("no ids left", retryable=False),
    Unavailable("no answer to the commit", may_have_been_applied=True),
    ReadOnly("the file takes no writes"),
    SchemaOutOfDate("the schema is older", found=None, wanted="0003"),
    SchemaOutOfDate("the schema is newer", found="0004", wanted="0003"),
    Unsupported("no transactions here"),
]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_every_error_is_a_storage_error(error: StorageError) -> None:
    """15.1 And none is another's kind: a caller tells them apart by class."""
    assert isinstance(error, StorageError)
    assert type(error) is StorageError or type(error).__bases__ == (StorageError,)


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_an_error_crosses_processes(error: StorageError) -> None:
    """15.4 With its message and everything it holds."""
    arrived = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes
    assert type(arrived) is type(error)
    assert str(arrived) == str(error)
    assert vars(arrived) == vars(error)


def test_an_invalid_names_every_problem_in_its_message() -> None:
    """2.7 As ``problems`` does."""
    error = Invalid({"title": "must be text", "limit": "must be a whole number"})
    assert error.problems == {"title": "must be text", "limit": "must be a whole number"}
    assert str(error) == "title: must be text; limit: must be a whole number"


def test_an_unavailable_can_be_tried_again_unless_it_says_otherwise() -> None:
    """15.2 Both answers are attributes."""
    assert (Unavailable("x").retryable, Unavailable("x").may_have_been_applied) == (True, False)
    assert not Unavailable("x", retryable=False).retryable


def test_what_may_have_been_applied_says_so_and_what_to_do() -> None:
    """15.2 In the message, too."""
    error = Unavailable("no answer", may_have_been_applied=True)
    assert error.may_have_been_applied
    assert str(error) == "no answer; it may have been applied: read before you try again"


def test_a_refusal_names_the_capability_what_was_found_and_the_mend() -> None:
    error = unsupported(Capability.SNAPSHOT, "a lone server", "start a replica set")
    assert str(error) == (
        "snapshot (a read-only unit sees one committed state while others write) is not supported by a lone server:"
        " start a replica set"
    )


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        (["code"], "another probe has that code"),
        (["ship", "code"], "another probe has that ship and code"),
        ([], "another probe has that value of a unique field"),
    ],
)
def test_an_error_names_the_fields_that_are_taken(fields: list[str], sentence: str) -> None:
    """3.7 As names, and in its message."""
    error = AlreadyExists.of("probe", fields)
    assert error.fields == tuple(fields)
    assert str(error) == sentence
