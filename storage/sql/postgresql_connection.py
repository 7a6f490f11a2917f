"""psycopg's connection with what it lacks: a bound on the wait for an answer, and why a server refused it."""

from __future__ import annotations

import re
import tempfile
import time
from collections.abc import Callable
from select import select
from typing import Any

import psycopg
from psycopg import pq
from psycopg.abc import RV, PQGen

from storage.errors import Invalid
from storage.sql.settings import POSTGRESQL
from storage.url import without_password

#: An error of the server in libpq's trace of a connection: its SQLSTATE comes before any text.
REFUSAL = re.compile(rb'^B\t\d+\tErrorResponse\t S "[A-Z]+"(?: V "[A-Z]+")? C "(\w{5})"', re.MULTILINE)


class BoundedConnection(psycopg.Connection[Any]):
    """A connection that gives up, and closes, when the server stays silent for longer than ``bound`` seconds."""

    bound: float | None = None

    def wait(self, gen: PQGen[RV], interval: float = 0.1, timeout: float | None = None) -> RV:
        """Consume a generator of psycopg's, within the bound."""
        try:
            return super().wait(gen, interval, self.bound if timeout is None else timeout)
        except psycopg.errors._WaitTimeout as error:
            self.pgconn.finish()
            raise psycopg.OperationalError("the server did not answer in time") from error


def connect_bounded(bound: float | None) -> Callable[..., Any]:
    """Return what SQLAlchemy is to connect with."""

    def connect(_dialect: Any, _record: Any, arguments: Any, parameters: Any) -> BoundedConnection:
        begun = time.monotonic()
        try:
            connection = BoundedConnection.connect(*arguments, autocommit=True, **parameters)
        except psycopg.OperationalError as error:
            raise with_state(error, parameters, time.monotonic() - begun) from error
        except (psycopg.ProgrammingError, TypeError, ValueError) as error:
            raise Invalid({"url": f"libpq cannot connect with its settings: {type(error).__name__}"}) from error
        connection.bound = bound
        return connection

    return connect


def with_state(error: psycopg.OperationalError, parameters: dict[str, Any], seconds: float) -> psycopg.Error:
    """Return the error with the SQLSTATE that libpq keeps to itself, and with libpq's own words.

    libpq shows it to whoever traces the connection, so it is tried once more. A host that stayed silent is not.
    """
    limit = parameters["connect_timeout"] / 2
    state = traced_state(parameters, limit) if seconds < limit else None
    found: psycopg.Error = error
    if state is not None:
        try:
            found = psycopg.errors.lookup(state)(str(error))
        except KeyError:
            found = type("Refused", (psycopg.OperationalError,), {"sqlstate": state})(str(error))
    found.add_note(words(error, parameters))
    return found


def traced_state(parameters: dict[str, Any], seconds: float) -> str | None:
    """Connect under libpq's trace, in at most so many seconds; return the SQLSTATE of the server's refusal."""
    limit = time.monotonic() + seconds
    settings = {name: value for name, value in parameters.items() if name in POSTGRESQL.taken}
    connection = pq.PGconn.connect_start(psycopg.conninfo.make_conninfo(**settings).encode())
    try:
        with tempfile.TemporaryFile() as trace:
            connection.trace(trace.fileno())
            connection.set_trace_flags(pq.Trace.SUPPRESS_TIMESTAMPS)
            while (state := connection.connect_poll()) not in (pq.PollingStatus.OK, pq.PollingStatus.FAILED):
                waiting = [connection.socket]
                reads, writes = (waiting, []) if state == pq.PollingStatus.READING else ([], waiting)
                if not any(select(reads, writes, [], max(0.0, limit - time.monotonic()))):
                    return None
            connection.untrace()
            trace.seek(0)
            refusals = REFUSAL.findall(trace.read())
            return refusals[-1].decode() if refusals else None
    except (psycopg.Error, OSError, ValueError):
        # Only Linux's libpq traces, and a closed connection has no socket.
        return None
    finally:
        connection.finish()


def words(error: psycopg.OperationalError, parameters: dict[str, Any]) -> str:
    """Return libpq's own words, which name host and port, in one line and without the password."""
    return without_password(" ".join(str(error).split()), parameters.get("password"))
