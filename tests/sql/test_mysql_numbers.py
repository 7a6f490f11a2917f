"""What each error number of MySQL and MariaDB means, by the names that PyMySQL has for them."""

from __future__ import annotations

import pymysql
import pytest
from pymysql.constants import CR, ER
from sqlalchemy import exc

from storage import (
    AlreadyExists,
    Invalid,
    ReadOnly,
    SchemaOutOfDate,
    StorageError,
    TransactionConflict,
    Unavailable,
)
from storage.sql.errors import MYSQL, translate

CLOSED_BY_US = 0
CONNECTION_KILLED, STATEMENT_KILLED, IDLE_TOO_LONG = 1927, 1928, 4031
LOST = [
    CLOSED_BY_US,
    ER.SERVER_SHUTDOWN,
    ER.NORMAL_SHUTDOWN,
    ER.SHUTDOWN_COMPLETE,
    ER.FORCING_CLOSE,
    ER.ABORTING_CONNECTION,
    ER.NET_READ_ERROR,
    ER.NET_READ_INTERRUPTED,
    ER.NET_ERROR_ON_WRITE,
    ER.NET_WRITE_INTERRUPTED,
    ER.NEW_ABORTING_CONNECTION,
    CONNECTION_KILLED,
    STATEMENT_KILLED,
    IDLE_TOO_LONG,
    CR.CR_CONNECTION_ERROR,
    CR.CR_CONN_HOST_ERROR,
    CR.CR_SERVER_GONE_ERROR,
    CR.CR_SERVER_HANDSHAKE_ERR,
    CR.CR_SERVER_LOST,
    CR.CR_COMMANDS_OUT_OF_SYNC,
    CR.CR_MALFORMED_PACKET,
    CR.CR_SERVER_LOST_EXTENDED,
]
SERVER_OFFLINE_MODE = 3032
WORTH_ANOTHER_CALL = [
    ER.UNKNOWN_COM_ERROR,
    SERVER_OFFLINE_MODE,
    ER.LOCK_WAIT_TIMEOUT,
    ER.QUERY_INTERRUPTED,
    ER.STATEMENT_TIMEOUT,
    ER.QUERY_TIMEOUT,
    ER.DISK_FULL,
    ER.OUTOFMEMORY,
    ER.OUT_OF_SORTMEMORY,
    ER.CON_COUNT_ERROR,
    ER.OUT_OF_RESOURCES,
    ER.RECORD_FILE_FULL,
    ER.TOO_MANY_USER_CONNECTIONS,
    ER.USER_LIMIT_REACHED,
]
ACCESS_DENIED_NO_PASSWORD, ACCOUNT_LOCKED, SECURE_TRANSPORT_REQUIRED = 1698, 3118, 3159
BINLOG_STATEMENT_MODE = 1665
HOPELESS = [
    ER.DBACCESS_DENIED_ERROR,
    ER.ACCESS_DENIED_ERROR,
    ER.HOST_NOT_PRIVILEGED,
    ER.TABLEACCESS_DENIED_ERROR,
    ER.COLUMNACCESS_DENIED_ERROR,
    ER.SPECIFIC_ACCESS_DENIED_ERROR,
    ER.NOT_SUPPORTED_AUTH_MODE,
    ACCESS_DENIED_NO_PASSWORD,
    ER.MUST_CHANGE_PASSWORD_LOGIN,
    CR.CR_AUTH_PLUGIN_CANNOT_LOAD,
    ACCOUNT_LOCKED,
    SECURE_TRANSPORT_REQUIRED,
    CR.CR_SSL_CONNECTION_ERROR,
    ER.BAD_DB_ERROR,
    ER.NET_PACKET_TOO_LARGE,
    ER.WARN_ALLOWED_PACKET_OVERFLOWED,
    ER.TOO_BIG_ROWSIZE,
    BINLOG_STATEMENT_MODE,
]
XA_DEADLOCK, ROLLBACK_DURING_COMMIT, TIDB_SCHEMA_CHANGED, TIDB_WRITE_CONFLICT = 1614, 3101, 8028, 9007
DUP_ENTRY_WITH_KEY_NAME = 1586
DATA_OUT_OF_RANGE, CHECK_CONSTRAINT_VIOLATED = 1690, 3819
NO_SUCH_TABLE_IN_ENGINE = 1932
READ_ONLY_TRANSACTION, READ_ONLY_MODE, REPLICATION_HOOK = 1792, 1836, 3100
MEANINGS: dict[type[StorageError], list[int]] = {
    TransactionConflict: [
        ER.CHECKREAD,
        ER.LOCK_DEADLOCK,
        ER.TABLE_DEF_CHANGED,
        XA_DEADLOCK,
        ROLLBACK_DURING_COMMIT,
        TIDB_SCHEMA_CHANGED,
        TIDB_WRITE_CONFLICT,
    ],
    AlreadyExists: [ER.DUP_KEY, ER.DUP_ENTRY, ER.DUP_UNIQUE, DUP_ENTRY_WITH_KEY_NAME],
    Invalid: [
        ER.BAD_NULL_ERROR,
        ER.WARN_NULL_TO_NOTNULL,
        ER.WARN_DATA_OUT_OF_RANGE,
        ER.WARN_DATA_TRUNCATED,
        ER.TRUNCATED_WRONG_VALUE,
        ER.NO_DEFAULT_FOR_FIELD,
        ER.TRUNCATED_WRONG_VALUE_FOR_FIELD,
        ER.ILLEGAL_VALUE_FOR_TYPE,
        ER.DATA_TOO_LONG,
        ER.WRONG_VALUE_FOR_TYPE,
        ER.DATETIME_FUNCTION_OVERFLOW,
        ER.ROW_IS_REFERENCED_2,
        ER.NO_REFERENCED_ROW_2,
        DATA_OUT_OF_RANGE,
        CHECK_CONSTRAINT_VIOLATED,
        ER.CONSTRAINT_FAILED,
    ],
    SchemaOutOfDate: [ER.BAD_FIELD_ERROR, ER.NO_SUCH_TABLE, ER.KEY_DOES_NOT_EXITS, NO_SUCH_TABLE_IN_ENGINE],
    ReadOnly: [ER.CANT_LOCK, ER.OPTION_PREVENTS_STATEMENT, READ_ONLY_TRANSACTION, READ_ONLY_MODE, REPLICATION_HOOK],
}


def failure(number: int) -> StorageError:
    """Return the error of ours for a write that a server answered with a number."""
    error = pymysql.err.OperationalError(number, "text that is not read")
    found = translate(exc.DBAPIError("SELECT 1", None, error), written=True)
    assert isinstance(found, StorageError)
    return found


@pytest.mark.parametrize("number", [*LOST, *WORTH_ANOTHER_CALL])
def test_it_is_worth_another_attempt(number: int) -> None:
    found = failure(number)
    assert isinstance(found, Unavailable)
    assert found.retryable
    assert found.may_have_been_applied == (number in LOST)


@pytest.mark.parametrize("number", HOPELESS)
def test_another_attempt_would_end_in_the_same_way(number: int) -> None:
    found = failure(number)
    assert isinstance(found, Unavailable)
    assert not found.retryable
    assert not found.may_have_been_applied


@pytest.mark.parametrize(
    ("kind", "number"), [(kind, number) for kind, numbers in MEANINGS.items() for number in numbers]
)
def test_it_is_an_error_of_its_own_class(kind: type[StorageError], number: int) -> None:
    assert type(failure(number)) is kind


def test_the_table_has_no_other_number() -> None:
    listed = {*LOST, *WORTH_ANOTHER_CALL, *HOPELESS, ER.ERROR_DURING_COMMIT}
    assert set(MYSQL) == listed.union(*MEANINGS.values())
