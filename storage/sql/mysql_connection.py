"""PyMySQL's connection with two bounds that it lacks: how long a statement may be, and which errors leave it."""

from __future__ import annotations

import struct
from importlib.util import find_spec
from typing import Any

import pymysql
from pymysql.cursors import Cursor

from storage.errors import Invalid, Unsupported
from storage.sql.connection import HEADER, PACKET_TOO_LARGE
from storage.url import without_password

#: What reading an answer raises that is not one of the protocol, as of something else on the way.
UNREADABLE = (struct.error, LookupError, ValueError, TypeError, AttributeError, AssertionError)
#: MySQL's CR_MALFORMED_PACKET.
MALFORMED_PACKET = 2027


class BoundedCursor(Cursor):
    """A cursor that puts as many rows into one INSERT as the server takes."""

    def __init__(self, connection: BoundedConnection) -> None:
        super().__init__(connection)
        # Of the class in the type's stub, and read from the cursor by PyMySQL.
        self.max_stmt_length = min(Cursor.max_stmt_length, connection.longest)  # type: ignore[misc]


class BoundedConnection(pymysql.connections.Connection):
    """A connection that sends no statement which is longer than the server takes.

    The server would hang up on one in its middle, and nobody could tell that from a lost connection.
    """

    longest = Cursor.max_stmt_length

    def set_longest(self, max_allowed_packet: int) -> None:
        """Say how many bytes the server takes at once."""
        self.longest = max_allowed_packet - HEADER

    def query(self, sql: str | bytes, unbuffered: bool = False) -> int:
        """Send a statement, or raise the server's own error for one that is too long."""
        sent = sql.encode(self.encoding, "surrogateescape") if isinstance(sql, str) else sql
        if len(sent) > self.longest:
            error = pymysql.err.OperationalError(PACKET_TOO_LARGE, "")
            error.add_note(f"it has {len(sent)} bytes, and max_allowed_packet is {self.longest + HEADER}")
            raise error
        try:
            return int(super().query(sent, unbuffered))
        except UNREADABLE as error:
            # Where the next answer begins is unknown.
            self.close()
            raise pymysql.err.OperationalError(MALFORMED_PACKET, f"the answer cannot be read: {error!r}") from error


def connect_bounded(_dialect: Any, _record: Any, arguments: Any, parameters: Any) -> BoundedConnection:
    """Connect; a setting that the driver cannot use is ``Invalid``, a package that it wants ``Unsupported``."""
    try:
        return BoundedConnection(*arguments, cursorclass=BoundedCursor, **parameters)
    except pymysql.err.Error as error:
        error.add_note(words(error, parameters))
        raise
    except RuntimeError as error:
        if find_spec("cryptography") is None:
            raise Unsupported(
                "the server asks for a sign-in that needs the package cryptography: pip install 'engine-room[mysql]'"
            ) from error
        raise unusable(error) from error
    except (TypeError, ValueError, AttributeError, OSError) as error:
        raise unusable(error) from error


def words(error: pymysql.err.Error, parameters: Any) -> str:
    """Return where the connection was to go and what the driver says of it, without the password."""
    place = parameters.get("unix_socket") or f"{parameters.get('host', 'localhost')}:{parameters.get('port', 3306)}"
    said = str(error.args[-1]) if error.args else ""
    return f"{place}: {without_password(said, parameters.get('password', b'').decode())}"


def unusable(error: Exception) -> Invalid:
    """Return the error for settings of the URL that the driver takes and cannot use."""
    return Invalid({"url": f"the driver cannot connect with its settings: {type(error).__name__}"})
