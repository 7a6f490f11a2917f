"""What each code of MongoDB's servers means, by the name that the server gives it."""

from __future__ import annotations

import pytest
from pymongo.errors import OperationFailure

from storage import (
    AlreadyExists,
    Invalid,
    ReadOnly,
    SchemaOutOfDate,
    StorageError,
    TransactionConflict,
    Unavailable,
    Unsupported,
)
from storage.mongo.errors import CODES, translate

#: Each is worth a second attempt.
LOST = {
    "HostUnreachable": 6,
    "HostNotFound": 7,
    "NetworkTimeout": 89,
    "ShutdownInProgress": 91,
    "FailedToSatisfyReadPreference": 133,
    "ReadConcernMajorityNotAvailableYet": 134,
    "PrimarySteppedDown": 189,
    "SocketException": 9001,
    "LegacyNotPrimary": 10058,
    "NotWritablePrimary": 10107,
    "InterruptedAtShutdown": 11600,
    "InterruptedDueToReplStateChange": 11602,
    "NotPrimaryNoSecondaryOk": 13435,
    "NotPrimaryOrSecondary": 13436,
}
TOO_SLOW = {"MaxTimeMSExpired": 50, "NetworkInterfaceExceededTimeLimit": 202, "ExceededTimeLimit": 262}
UNCONFIRMED = {
    "WriteConcernFailed": 64,
    "UnknownReplWriteConcern": 79,
    "UnsatisfiableWriteConcern": 100,
    "Interrupted": 11601,
}
WORTH_ANOTHER_CALL = {
    "LockTimeout": 24,
    "CursorNotFound": 43,
    "CursorKilled": 237,
    "SnapshotTooOld": 239,
    "SnapshotUnavailable": 246,
}
NO_ROOM = {
    "FileStreamFailed": 39,
    "ExceededMemoryLimit": 146,
    "QueryExceededMemoryLimitNoDiskUseAllowed": 292,
    "IngressRequestRateLimitExceeded": 462,
    "a quota of 2.x": 12501,
    "OutOfDiskSpace": 14031,
}
#: A second attempt would end in the same way.
DENIED = {
    "UserNotFound": 11,
    "Unauthorized": 13,
    "AuthenticationFailed": 18,
    "a session that has expired": 334,
    "ReauthenticationRequired": 391,
    "AtlasError": 8000,
}
HOPELESS = {
    "InvalidNamespace": 73,
    "BSONObjectTooLarge": 10334,
    "a document too large after an update": 17419,
    "a document too large after an upsert": 17420,
}
MEANINGS: list[tuple[dict[str, int], type[StorageError]]] = [
    (
        {
            "WriteConflict": 112,
            "TransactionTooOld": 225,
            "NoSuchTransaction": 251,
            "PreparedTransactionInProgress": 267,
            "TransactionAborted": 244,
        },
        TransactionConflict,
    ),
    ({"DuplicateKey": 11000, "a duplicate key of an update": 11001}, AlreadyExists),
    ({"BadValue": 2, "DocumentValidationFailure": 121, "KeyTooLong": 17280, "a bad pattern": 51091}, Invalid),
    ({"NamespaceNotFound": 26, "IndexNotFound": 27}, SchemaOutOfDate),
    ({"a server that takes no writes": 371}, ReadOnly),
    ({"IndexAlreadyExists": 68, "IndexOptionsConflict": 85, "IndexKeySpecsConflict": 86}, StorageError),
    (
        {
            "IllegalOperation": 20,
            "CommandNotFound": 59,
            "CommandNotSupported": 115,
            "OperationNotSupportedInTransaction": 263,
            "an API version without the command": 303,
            "LoadBalancerSupportMismatch": 354,
        },
        Unsupported,
    ),
]
RETRYABLE = {**LOST, **TOO_SLOW, **UNCONFIRMED, **WORTH_ANOTHER_CALL, **NO_ROOM}


def failure(code: int) -> StorageError:
    """Return the error of ours for a write that a server answered with a code."""
    found = translate(OperationFailure("text that is not read", code, {"ok": 0, "code": code}), written=True)
    assert isinstance(found, StorageError)
    return found


@pytest.mark.parametrize("code", RETRYABLE.values(), ids=RETRYABLE)
def test_it_is_worth_another_attempt(code: int) -> None:
    found = failure(code)
    assert isinstance(found, Unavailable)
    assert found.retryable
    assert found.may_have_been_applied == (code in {*LOST.values(), *TOO_SLOW.values(), *UNCONFIRMED.values()})


@pytest.mark.parametrize("code", [*DENIED.values(), *HOPELESS.values()], ids=[*DENIED, *HOPELESS])
def test_another_attempt_would_end_in_the_same_way(code: int) -> None:
    found = failure(code)
    assert isinstance(found, Unavailable)
    assert not found.retryable
    assert not found.may_have_been_applied


@pytest.mark.parametrize(
    ("code", "kind"), [(code, kind) for codes, kind in MEANINGS for code in codes.values()], ids=str
)
def test_it_is_an_error_of_its_own_class(code: int, kind: type[StorageError]) -> None:
    assert type(failure(code)) is kind


def test_the_table_has_no_other_code() -> None:
    listed = {*RETRYABLE.values(), *DENIED.values(), *HOPELESS.values()}
    assert set(CODES) == listed.union(*(codes.values() for codes, _ in MEANINGS))
