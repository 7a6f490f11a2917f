"""psycopg with a bound on how long a statement may go without an answer, which it lacks by itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psycopg
from psycopg.abc import RV, PQGen

from storage.errors import Invalid


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
        try:
            connection = BoundedConnection.connect(*arguments, **parameters)
        except psycopg.OperationalError as error:
            # libpq keeps the SQLSTATE of a refused connection to itself, but tells how far it came.
            if error.pgconn is not None and (error.pgconn.used_password or error.pgconn.needs_password):
                raise psycopg.errors.InvalidAuthorizationSpecification(str(error)) from error
            raise
        except (psycopg.ProgrammingError, TypeError, UnicodeError) as error:
            raise Invalid({"url": f"libpq cannot connect with its settings: {type(error).__name__}"}) from error
        connection.bound = bound
        return connection

    return connect
