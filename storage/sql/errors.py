"""SQLAlchemy's and the drivers' errors, and the storage errors that they mean.

By class and by SQLSTATE, error number or SQLite's result code; message text is never read. The driver's
error stays chained. Sentences name its class and code and hold no value, since values may be secrets.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from sqlalchemy import exc

from storage.errors import (
    AlreadyExists,
    Invalid,
    ReadOnly,
    SchemaOutOfDate,
    StorageError,
    TransactionConflict,
    Unavailable,
)

Meaning = Callable[[str], StorageError]


def invalid(sentence: str) -> StorageError:
    """Return the error for values that the database's own limits refuse."""
    return Invalid({"entity": f"breaks a limit of the database: {sentence}"})


def schema_missing(sentence: str) -> StorageError:
    """Return the error for a table or a column that is not there."""
    return SchemaOutOfDate(
        f"a table or a column is missing ({sentence}): run `flask db upgrade`", found=None, wanted="head"
    )


def lost(sentence: str, *, written: bool = False) -> StorageError:
    """Return the error for a connection that is gone; ``written``: it was waiting for the answer to a write."""
    return Unavailable(
        f"the database cannot be reached, or the connection was lost ({sentence})", may_have_been_applied=written
    )


def uncertain(sentence: str, *, written: bool = False) -> StorageError:
    """Return the error for a COMMIT that the server reports as failed without saying how far it came."""
    return Unavailable(f"the server failed while it committed ({sentence})", may_have_been_applied=written)


def meaning(kind: type[StorageError], sentence: str) -> Meaning:
    """Return what makes the error of that kind from a driver's class and code."""
    return lambda code: kind(f"{sentence} ({code})")


def unavailable(sentence: str, *, retryable: bool) -> Meaning:
    """Return what makes an ``Unavailable`` from a driver's class and code."""
    return lambda code: Unavailable(f"{sentence} ({code})", retryable=retryable)


CONFLICT = meaning(TransactionConflict, "another transaction was in the way: run the unit again")
EXISTS = meaning(AlreadyExists, "another entity has that value of a unique field")
READ_ONLY = meaning(ReadOnly, "the database takes no writes")
UNFORESEEN = meaning(StorageError, "the driver reported an error that no rule foresees")
DENIED = unavailable("the database refused the user, the password or the permission", retryable=False)
UNKNOWN_DATABASE = unavailable("there is no such database", retryable=False)
DAMAGED = unavailable("the file is damaged or no database", retryable=False)
CANNOT_OPEN = unavailable("the file cannot be opened: look at its folder and its permissions", retryable=False)
NO_IDS_LEFT = unavailable("no id is left", retryable=False)
BUSY = unavailable("a lock was not had in time: raise lock_timeout, or try again", retryable=True)
TOO_SLOW = unavailable("the statement took longer than allowed: raise timeout, or ask for less", retryable=True)
TOO_LARGE = unavailable("a row or a statement is larger than the database takes", retryable=False)
TOO_LONG = unavailable("the statement is longer than the server takes: raise max_allowed_packet", retryable=False)
LOGGED_BY_STATEMENT = unavailable("the server logs statements and not rows: set binlog_format to ROW", retryable=False)
NO_TLS = unavailable("TLS cannot be had as the URL asks for it", retryable=False)
OFFLINE = unavailable("the server takes no statements now", retryable=True)
NO_ROOM = unavailable("the server has no room: disk, memory or connections", retryable=True)
FAULT = unavailable("the server met a fault", retryable=True)

#: SQLSTATE, whole or its class of two characters.
POSTGRESQL: dict[str, Meaning] = {
    "08": lost,
    "22": invalid,
    "2200H": NO_IDS_LEFT,
    "23": invalid,
    "23505": EXISTS,
    "25006": READ_ONLY,
    **dict.fromkeys(("25P03", "25P04"), lost),
    "28": DENIED,
    "3D000": UNKNOWN_DATABASE,
    "3F000": schema_missing,
    "40": CONFLICT,
    "40003": lost,
    "42501": DENIED,
    "42703": schema_missing,
    "42P01": schema_missing,
    "53": NO_ROOM,
    "54": TOO_LARGE,
    "55P03": BUSY,
    "57014": TOO_SLOW,
    "57P": lost,
    "58": FAULT,
}

MYSQL: dict[int, Meaning] = {
    **dict.fromkeys((0, 1053, 1077, 1079, 1080, 1152, 1158, 1159, 1160, 1161, 1184, 1927, 1928), lost),
    **dict.fromkeys((2002, 2003, 2006, 2012, 2013, 2014, 2027, 2055, 4031), lost),
    **dict.fromkeys((1047, 3032), OFFLINE),
    1180: uncertain,
    2026: NO_TLS,
    **dict.fromkeys((1020, 1213, 1412, 1614, 3101, 8028, 9007), CONFLICT),
    **dict.fromkeys((1022, 1062, 1169, 1586), EXISTS),
    **dict.fromkeys((1048, 1263, 1264, 1265, 1292, 1364, 1366, 1367, 1406, 1411, 1441, 1451, 1452), invalid),
    **dict.fromkeys((1690, 3819, 4025), invalid),
    **dict.fromkeys((1054, 1146, 1176, 1932), schema_missing),
    **dict.fromkeys((1015, 1290, 1792, 1836, 3100), READ_ONLY),
    **dict.fromkeys((1044, 1045, 1130, 1142, 1143, 1227, 1251, 1698, 1862, 2059, 3118, 3159), DENIED),
    1049: UNKNOWN_DATABASE,
    1205: BUSY,
    **dict.fromkeys((1153, 1301), TOO_LONG),
    1118: TOO_LARGE,
    1665: LOGGED_BY_STATEMENT,
    **dict.fromkeys((1317, 1969, 3024), TOO_SLOW),
    **dict.fromkeys((1021, 1037, 1038, 1040, 1041, 1114, 1203, 1226), NO_ROOM),
}

#: SQLite's result code: extended, or its low byte.
SQLITE: dict[int, Meaning] = {
    1: schema_missing,
    3: DENIED,
    5: BUSY,
    517: CONFLICT,
    6: BUSY,
    7: NO_ROOM,
    8: READ_ONLY,
    9: TOO_SLOW,
    10: FAULT,
    11: DAMAGED,
    13: NO_ROOM,
    14: CANNOT_OPEN,
    18: invalid,
    19: invalid,
    1555: EXISTS,
    2067: EXISTS,
    20: invalid,
    23: DENIED,
    25: invalid,
    # The shared memory beside a write-ahead log has no room on the disk.
    4874: NO_ROOM,
    26: DAMAGED,
}


Faults = type[Exception] | tuple[type[Exception], ...]


@contextmanager
def translated(faults: Faults = exc.SQLAlchemyError, *, written: bool = False) -> Iterator[None]:
    """Raise the storage error that a fault inside the block means: SQLAlchemy's, or the driver's if it is named.

    ``written``: the block waits for the answer to a COMMIT, or to a write that commits by itself, so that a
    lost connection leaves open whether it was applied.
    """
    try:
        yield
    except faults as error:
        raise translate(error, written=written) from error


def translate(error: Exception, *, written: bool = False) -> StorageError:
    """Return the storage error that an error of SQLAlchemy or of a driver below it means."""
    if isinstance(error, exc.TimeoutError):
        return Unavailable("no connection of the pool became free in time: raise pool_size or connect_timeout")
    cause = error.orig if isinstance(error, exc.DBAPIError) else error
    if cause is None or isinstance(cause, exc.SQLAlchemyError):
        return UNFORESEEN(type(error).__name__)
    found = driver_meaning(cause)
    if found in (lost, uncertain):
        found = partial(found, written=written)
    return found(described(cause))


def driver_meaning(error: BaseException) -> Meaning:
    """Return what a driver's error means, by what only its driver's errors have."""
    code = getattr(error, "sqlite_errorcode", None)
    if code is not None:
        return SQLITE.get(code, SQLITE.get(code & 0xFF, UNFORESEEN))
    # PyMySQL's have an SQLSTATE too, but a coarse one: the number comes first.
    if error.args and isinstance(error.args[0], int):
        return MYSQL.get(error.args[0], UNFORESEEN)
    if hasattr(error, "sqlstate"):
        state = error.sqlstate
        # psycopg gives no SQLSTATE where no answer came: the connection was not made, or is gone.
        if state is None:
            return lost if is_named(error, "OperationalError", "InterfaceError") else UNFORESEEN
        return next((POSTGRESQL[state[:n]] for n in (5, 3, 2) if state[:n] in POSTGRESQL), UNFORESEEN)
    return UNFORESEEN


def is_named(error: BaseException, *names: str) -> bool:
    """Return whether the error's class, or one it derives from, has one of the names of the DBAPI."""
    return any(kind.__name__ in names for kind in type(error).__mro__)


def described(error: BaseException) -> str:
    """Return the class and the code of a driver's error, and what was noted where it could not connect."""
    name = type(error).__name__
    if error.args and isinstance(error.args[0], int):
        code: object = error.args[0]
    else:
        code = getattr(error, "sqlstate", None) or getattr(error, "sqlite_errorname", None)
    return "; ".join([name if code is None else f"{name} {code}", *getattr(error, "__notes__", [])])
