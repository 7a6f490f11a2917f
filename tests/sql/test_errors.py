"""Every exception of the three drivers, and of SQLAlchemy above them, means one of ours."""

import inspect
import sqlite3
import struct

import psycopg
import pymysql
import pytest
from sqlalchemy import exc

from storage import (
    AlreadyExists,
    Engine,
    Invalid,
    ReadOnly,
    SchemaOutOfDate,
    StorageError,
    TransactionConflict,
    Unavailable,
    open_storage,
)
from storage.sql.errors import translate, translated
from tests.conftest import MakeDatabase


def classes(module: object, root: type[BaseException]) -> list[type[BaseException]]:
    """Return the exception classes that a driver's module names."""
    return [kind for _, kind in inspect.getmembers(module, inspect.isclass) if issubclass(kind, root)]


def wrapped(error: BaseException) -> exc.DBAPIError:
    """Return the error as SQLAlchemy hands it on."""
    return exc.DBAPIError("SELECT 1", None, error)


def sqlite_error(code: int) -> sqlite3.Error:
    """Return an error as sqlite3 raises it with that result code."""
    error = sqlite3.OperationalError("text that nobody reads")
    error.sqlite_errorcode = code
    error.sqlite_errorname = f"SQLITE_{code}"
    return error


# Faults of our own statements, or of the server's insides: no caller can correct or retry them.
UNFORESEEN_STATES = ("0", "1", "2B", "2D", "2F", "20", "21", "24", "25", "26", "27", "34", "38", "39", "3B", "42", "44")
UNFORESEEN_STATES += ("54", "55", "F0", "HV", "P0", "XX", "57", "72")


@pytest.mark.parametrize("kind", classes(psycopg.errors, psycopg.Error), ids=lambda kind: kind.__name__)
def test_every_class_of_psycopg_means_a_storage_error(kind):
    found = translate(wrapped(kind("text that nobody reads")))
    assert isinstance(found, StorageError)
    if type(found) is StorageError:
        assert kind.sqlstate is None or kind.sqlstate.startswith(UNFORESEEN_STATES)


@pytest.mark.parametrize("kind", classes(pymysql.err, pymysql.err.Error), ids=lambda kind: kind.__name__)
def test_every_class_of_pymysql_means_a_storage_error(kind):
    assert isinstance(translate(wrapped(kind(1213, "text that nobody reads"))), TransactionConflict)
    assert isinstance(translate(wrapped(kind("a text without a number"))), StorageError)


# Faults of our own statements again: syntax, names, privileges of the DDL, and the like.
UNFORESEEN_NUMBERS = {1007, 1008, 1050, 1051, 1060, 1061, 1064, 1065, 1102, 1103, 1110, 1111, 1115, 1128, 1136, 1149}
UNFORESEEN_NUMBERS |= {1166, 1171, 1177, 1196, 1215, 1216, 1217, 1230, 1235, 1239, 1286, 1305, 1370, 1403, 1429, 1478}
UNFORESEEN_NUMBERS |= {1099, 1100, 1112, 1113, 1121, 1179, 1289, 1138, 1176, 1193, 1231, 1232, 1235, 1242, 1406}


@pytest.mark.parametrize("number", sorted(pymysql.err.error_map))
def test_every_number_that_pymysql_knows_means_a_storage_error(number):
    found = translate(wrapped(pymysql.err.error_map[number](number, "text that nobody reads")))
    assert isinstance(found, StorageError)
    if type(found) is StorageError:
        assert number in UNFORESEEN_NUMBERS


@pytest.mark.parametrize("kind", classes(sqlite3, sqlite3.Error), ids=lambda kind: kind.__name__)
def test_every_class_of_sqlite3_means_a_storage_error(kind):
    assert isinstance(translate(wrapped(kind("an error of the module, without a code"))), StorageError)


# Internal, abort, not found, empty, protocol, too old, misuse, no large files, format: never by a caller's doing.
UNFORESEEN_CODES = {2, 4, 12, 15, 16, 17, 21, 22, 24}


@pytest.mark.parametrize("code", range(1, 27))
def test_every_result_code_of_sqlite_means_a_storage_error(code):
    found = translate(wrapped(sqlite_error(code)))
    assert (type(found) is StorageError) == (code in UNFORESEEN_CODES)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (psycopg.errors.SerializationFailure(), TransactionConflict),
        (psycopg.errors.DeadlockDetected(), TransactionConflict),
        (psycopg.errors.UniqueViolation(), AlreadyExists),
        (psycopg.errors.CheckViolation(), Invalid),
        (psycopg.errors.ReadOnlySqlTransaction(), ReadOnly),
        (psycopg.errors.UndefinedTable(), SchemaOutOfDate),
        (psycopg.errors.DiskFull(), Unavailable),
        (pymysql.err.OperationalError(1205, ""), Unavailable),
        (pymysql.err.OperationalError(1020, ""), TransactionConflict),
        (pymysql.err.IntegrityError(1062, ""), AlreadyExists),
        (pymysql.err.OperationalError(4025, ""), Invalid),
        (pymysql.err.ProgrammingError(1146, ""), SchemaOutOfDate),
        (pymysql.err.OperationalError(1290, ""), ReadOnly),
        (sqlite_error(sqlite3.SQLITE_BUSY_SNAPSHOT), TransactionConflict),
        (sqlite_error(sqlite3.SQLITE_CONSTRAINT_UNIQUE), AlreadyExists),
        (sqlite_error(sqlite3.SQLITE_CONSTRAINT_CHECK), Invalid),
        (sqlite_error(sqlite3.SQLITE_READONLY_DBMOVED), ReadOnly),
        (sqlite_error(sqlite3.SQLITE_FULL), Unavailable),
    ],
    ids=lambda one: getattr(one, "__name__", None) or f"{type(one).__name__}",
)
def test_the_same_fault_is_the_same_error_on_each_engine(error, kind):
    assert type(translate(wrapped(error))) is kind


@pytest.mark.parametrize(
    "error",
    [
        psycopg.OperationalError("no answer, no SQLSTATE"),
        psycopg.errors.AdminShutdown(),
        pymysql.err.OperationalError(2013, "gone in the middle"),
        pymysql.err.InterfaceError(0, ""),
    ],
    ids=["psycopg", "shutdown", "PyMySQL", "closed"],
)
@pytest.mark.parametrize("written", [True, False])
def test_a_lost_connection_leaves_open_only_whether_a_write_was_applied(error, written):
    found = translate(wrapped(error), written=written)
    assert isinstance(found, Unavailable)
    assert found.retryable
    assert found.may_have_been_applied is written


def test_an_answer_of_the_server_leaves_nothing_open_even_for_a_write():
    found = translate(wrapped(psycopg.errors.QueryCanceled()), written=True)
    assert isinstance(found, Unavailable)
    assert not found.may_have_been_applied


@pytest.mark.parametrize("kind", classes(exc, exc.SQLAlchemyError), ids=lambda kind: kind.__name__)
def test_every_class_of_sqlalchemy_means_a_storage_error(kind):
    error = kind.__new__(kind)
    assert isinstance(translate(error), StorageError)


def test_a_pool_without_a_free_connection_can_be_tried_again():
    assert translate(exc.TimeoutError()).retryable


def test_the_sentence_holds_the_class_and_the_code_but_no_value():
    found = translate(wrapped(pymysql.err.DataError(1366, "Incorrect value 'a secret' for column 'title'")))
    assert "DataError 1366" in str(found)
    assert "secret" not in str(found)


def test_the_driver_s_error_stays_chained():
    error = wrapped(psycopg.errors.UniqueViolation())
    with pytest.raises(AlreadyExists) as raised, translated():
        raise error
    assert raised.value.__cause__ is error


def test_an_error_that_is_no_driver_s_passes_unchanged():
    with pytest.raises(KeyError), translated():
        raise KeyError


@pytest.mark.parametrize(
    ("code", "kind", "retryable"),
    [
        (1047, Unavailable, True),
        (3032, Unavailable, True),
        (3118, Unavailable, False),
        (1862, Unavailable, False),
        (3159, Unavailable, False),
        (1153, Unavailable, False),
        (1118, Unavailable, False),
        (1665, Unavailable, False),
        (2026, Unavailable, False),
        (1015, ReadOnly, None),
        (3100, ReadOnly, None),
        (3101, TransactionConflict, None),
        (9007, TransactionConflict, None),
        (8028, TransactionConflict, None),
    ],
)
def test_what_clusters_and_strict_servers_of_mysql_report_has_a_meaning(code, kind, retryable):
    found = translate(wrapped(pymysql.err.OperationalError(code, "text that nobody reads")), written=True)
    assert type(found) is kind
    if retryable is not None:
        assert found.retryable is retryable
        assert not found.may_have_been_applied


def test_a_commit_that_failed_in_the_server_may_have_been_applied():
    error = wrapped(pymysql.err.OperationalError(1180, "text that nobody reads"))
    assert translate(error, written=True).may_have_been_applied
    assert not translate(error).may_have_been_applied
    assert "while it committed" in str(translate(error))


def test_what_was_noted_while_connecting_is_told():
    error = pymysql.err.OperationalError(2003, "text that nobody reads")
    error.add_note("db.example:3306: Connection refused")
    assert "db.example:3306: Connection refused" in str(translate(wrapped(error)))


UNREADABLE = [struct.error("unpack requires a buffer of 4 bytes"), IndexError(), AssertionError(), AttributeError()]


@pytest.mark.parametrize("kind", ["mariadb", "mysql"])
@pytest.mark.parametrize("error", [*UNREADABLE, UnicodeDecodeError("utf-8", b"\xff", 0, 1, "")], ids=repr)
def test_an_answer_that_cannot_be_read_is_an_outage_and_its_connection_is_not_used_again(
    kind: str, error: Exception, make_database: MakeDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Something on the way answers in place of the server."""
    with open_storage(make_database(kind), pool_size=1) as storage:
        storage.migrations.upgrade()
        storage.engines.add(Engine("Raptor"))

        def garbled(_: object, unbuffered: bool = False) -> int:
            monkeypatch.undo()
            raise error

        monkeypatch.setattr("pymysql.connections.Connection._read_query_result", garbled)
        with pytest.raises(Unavailable) as caught:
            storage.engines.count()
        assert caught.value.retryable
        assert storage.engines.count() == 1
        assert storage.connections_in_use() == 0
