"""PyMongo's and the server's errors, and the storage errors that they mean.

By class and by the server's code; message text is never read. The driver's error stays chained. Sentences
name its class and code, a server that could not be reached, and fields at most: no value, since values may be secrets.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from bson import errors as bson_errors
from pymongo import errors as driver

from storage.errors import (
    AlreadyExists,
    Invalid,
    ReadOnly,
    SchemaOutOfDate,
    StorageError,
    TransactionConflict,
    Unavailable,
    Unsupported,
)

#: What the driver raises. It checks no number before it packs it, hence the OverflowError.
DRIVER_ERRORS = (driver.PyMongoError, bson_errors.BSONError, OverflowError)

#: The driver's and the server's own words for what became of a transaction.
MAY_BE_COMMITTED = "UnknownTransactionCommitResult"
ABORTED = "TransientTransactionError"

#: From a driver's class and code, and whether a write may have been sent, to the error that is raised.
Meaning = Callable[[str, bool], StorageError]


def meaning(kind: type[StorageError], sentence: str) -> Meaning:
    """Return the meaning that is always an error of that kind."""
    return lambda code, _written: kind(f"{sentence} ({code})")


def refused(sentence: str, *, retryable: bool) -> Meaning:
    """Return the meaning for what was certainly not done."""
    return lambda code, _written: Unavailable(f"{sentence} ({code})", retryable=retryable)


def unanswered(sentence: str) -> Meaning:
    """Return the meaning for an answer that did not come, or does not tell: a write may have been applied."""
    return lambda code, written: Unavailable(f"{sentence} ({code})", may_have_been_applied=written)


def invalid(code: str, _written: bool) -> StorageError:
    """Return the error for values that the database's own limits refuse."""
    return Invalid({"entity": f"breaks a limit of the database: {code}"})


def schema_missing(code: str, _written: bool) -> StorageError:
    """Return the error for a collection or an index that is not there."""
    return SchemaOutOfDate(
        f"a collection or an index is missing ({code}): run `flask db upgrade`", found=None, wanted="head"
    )


def exists(_code: str, _written: bool) -> StorageError:
    """Return the error for a unique value that is taken; see ``taken`` for its field."""
    return AlreadyExists.of("entity")


CONFLICT = meaning(TransactionConflict, "another transaction was in the way: run the unit again")
READ_ONLY = meaning(ReadOnly, "the database takes no writes")
UNFORESEEN = meaning(StorageError, "the driver reported an error that no rule foresees")
UNREADABLE = meaning(StorageError, "a stored document cannot be read")
OTHER_INDEX = meaning(StorageError, "an index of that name or key is there with other options: drop it first")
UNSUPPORTED = meaning(Unsupported, "the server cannot do that as it runs now")
DENIED = refused("the database refused the user, the password or the permission", retryable=False)
MISCONFIGURED = refused("the settings of the URL do not fit, or its host has no address", retryable=False)
NO_NAME_SERVER = refused("the host's name could not be looked up: look at the name servers", retryable=True)
CLOSED = refused("the client was closed meanwhile, or before it was handed in", retryable=False)
UNREACHABLE = refused("no server took the call in time: look at the host, or raise connect_timeout", retryable=True)
LOST = unanswered("the connection to the database was lost")
TOO_SLOW = unanswered("the statement took longer than allowed: raise timeout, or ask for less")
UNCONFIRMED = unanswered("the server did not confirm it, or was interrupted")
POOL_EMPTY = unanswered("no connection of the pool became free in time: raise pool_size or connect_timeout")
BUSY = refused("a lock was not had in time", retryable=True)
SNAPSHOT_GONE = refused("the server no longer keeps the state of that snapshot: begin another", retryable=True)
CURSOR_GONE = refused("the server no longer keeps the position in that result", retryable=True)
TOO_LARGE = refused(
    "the document is larger than the server's maxBsonObjectSize of 16 MiB, which cannot be raised: shorten its text",
    retryable=False,
)
NO_ROOM = refused("the server has no room: disk, memory or connections", retryable=True)

CODES: dict[int, Meaning] = {
    **dict.fromkeys((6, 7, 89, 91, 133, 134, 189, 9001, 10058, 10107, 11600, 11602, 13435, 13436), LOST),
    **dict.fromkeys((50, 202, 262), TOO_SLOW),
    **dict.fromkeys((64, 79, 100, 11601), UNCONFIRMED),
    **dict.fromkeys((112, 225, 244, 251, 267), CONFLICT),
    **dict.fromkeys((239, 246), SNAPSHOT_GONE),
    **dict.fromkeys((43, 237), CURSOR_GONE),
    24: BUSY,
    **dict.fromkeys((11000, 11001), exists),
    **dict.fromkeys((2, 121, 17280, 51091), invalid),
    **dict.fromkeys((10334, 17419, 17420), TOO_LARGE),
    **dict.fromkeys((26, 27), schema_missing),
    **dict.fromkeys((11, 13, 18, 334, 391, 8000), DENIED),
    **dict.fromkeys((39, 146, 292, 462, 12501, 14031), NO_ROOM),
    371: READ_ONLY,
    **dict.fromkeys((68, 85, 86), OTHER_INDEX),
    **dict.fromkeys((20, 59, 115, 263, 303, 354), UNSUPPORTED),
    73: MISCONFIGURED,
}

#: Most specific first; an error of the server is looked up by its code before.
CLASSES: tuple[tuple[type[BaseException], Meaning], ...] = (
    (driver.ServerSelectionTimeoutError, UNREACHABLE),
    (driver.WaitQueueTimeoutError, POOL_EMPTY),
    (driver.ConnectionFailure, LOST),
    (driver.ProtocolError, LOST),
    (driver.DuplicateKeyError, exists),
    (driver.CursorNotFound, CURSOR_GONE),
    (driver.ExecutionTimeout, TOO_SLOW),
    (driver.WriteConcernError, UNCONFIRMED),
    (driver.ClientBulkWriteException, UNFORESEEN),
    (driver.OperationFailure, UNFORESEEN),
    (driver.InvalidName, MISCONFIGURED),
    (driver.ConfigurationError, MISCONFIGURED),
    (driver.InvalidOperation, CLOSED),
    (driver.CollectionInvalid, UNFORESEEN),
    (driver.EncryptionError, UNFORESEEN),
    (driver.DocumentTooLarge, TOO_LARGE),
    (bson_errors.InvalidDocument, invalid),
    (bson_errors.InvalidStringData, invalid),
    (bson_errors.InvalidId, invalid),
    (bson_errors.InvalidBSON, UNREADABLE),
    (OverflowError, invalid),
)


def never() -> bool:
    """Return that no write was sent: what is said of a block that only reads."""
    return False


@contextmanager
def translated(written: Callable[[], bool] = never) -> Iterator[None]:
    """Raise the storage error that a driver's error inside the block means.

    ``written()`` tells whether a write that commits by itself may have been sent, so that a lost answer
    leaves open whether it was applied.
    """
    try:
        yield
    except DRIVER_ERRORS as error:
        raise translate(error, written=written()) from error


def translate(error: BaseException, *, written: bool = False) -> StorageError:
    """Return the storage error that an error of PyMongo, or one of the server's, means."""
    code = described(error)
    if has_label(error, MAY_BE_COMMITTED):
        return LOST(code, True)
    if has_label(error, ABORTED) and isinstance(error, driver.OperationFailure):
        return CONFLICT(code, False)
    found = CODES.get(code_of(error)) or meaning_of_lookup(error) or meaning_of_class(error)
    return found(code, written)


def meaning_of_lookup(error: BaseException) -> Meaning | None:
    """Return what it means that DNS did not answer for a mongodb+srv:// name; ``None`` for anything else.

    The driver has one error for that and for a name that does not exist.
    """
    if not isinstance(error, driver.ConfigurationError) or error.__cause__ is None:
        return None
    from dns.exception import Timeout
    from dns.resolver import NoNameservers

    return NO_NAME_SERVER if isinstance(error.__cause__, (Timeout, NoNameservers)) else None


def meaning_of_class(error: BaseException) -> Meaning:
    """Return what the class of an error means where its code says nothing."""
    return next((meaning for kind, meaning in CLASSES if isinstance(error, kind)), UNFORESEEN)


def has_label(error: BaseException, label: str) -> bool:
    """Return whether the server or the driver gave an error that label."""
    return isinstance(error, driver.PyMongoError) and error.has_error_label(label)


def code_of(error: BaseException) -> int:
    """Return the server's code, in a bulk that of the first write that failed; 0 without one."""
    code = failure(error).get("code")
    return code if isinstance(code, int) else 0


def failure(error: BaseException) -> dict[str, Any]:
    """Return what the server said of an error: its code, its code's name, the key of a duplicate."""
    if not isinstance(error, (driver.OperationFailure, driver.NotPrimaryError)):
        return {}
    details: Any = error.details if isinstance(error.details, dict) else {}
    for failures in (details.get("writeErrors"), details.get("writeConcernErrors")):
        if failures:
            return dict(failures[0])
    code = getattr(error, "code", None)
    return {**details, "code": code} if code is not None else dict(details)


@contextmanager
def naming(entity: str) -> Iterator[None]:
    """Surround a write: its errors name the entity, and ``AlreadyExists`` the fields that are taken."""
    try:
        yield
    except (driver.PyMongoError, bson_errors.BSONError) as error:
        found = translate(error)
        if isinstance(found, AlreadyExists):
            raise taken(entity, error) from error
        if TOO_LARGE in (CODES.get(code_of(error)), meaning_of_class(error)):
            raise Unavailable(f"{entity} cannot be stored: {found}", retryable=False) from error
        raise


def taken(entity: str, error: BaseException) -> AlreadyExists:
    """Return the error that names the fields whose values are taken, as the server says, and what we noted on it."""
    details: Any = getattr(error, "details", None) or {}
    keys = [one["keyPattern"] for one in details.get("writeErrors") or [details] if "keyPattern" in one]
    # In a bulk, an id that another has put meanwhile is the lesser reason.
    key: Any = next((key for key in keys if set(key) != {"_id"}), next(iter(keys), {}))
    fields = ["id" if name == "_id" else name for name in key]
    found = AlreadyExists.of(entity, fields)
    notes: Sequence[str] = getattr(error, "__notes__", ())
    return AlreadyExists("; ".join([str(found), *notes]), fields=fields)


def described(error: BaseException) -> str:
    """Return the class and the code of a driver's error, and what we noted on it."""
    said = failure(error)
    parts = [type(error).__name__, *(str(said[key]) for key in ("code", "codeName") if said.get(key) is not None)]
    text = ": ".join(filter(None, (" ".join(parts), words_of(error))))
    return "; ".join([text, *getattr(error, "__notes__", [])])


def words_of(error: BaseException) -> str:
    """Return what the driver says of a server that it could not reach: host, port and reason.

    Never what a server says, which may hold a value; nor the list of all servers, which the driver adds.
    """
    is_unreachable = isinstance(error, driver.ConnectionFailure) and not isinstance(error, driver.NotPrimaryError)
    is_lookup = isinstance(error, driver.ConfigurationError) and isinstance(error.__cause__, Exception)
    return str(error).partition(", Timeout: ")[0] if is_unreachable or is_lookup else ""
