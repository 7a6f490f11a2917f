"""A socket of a client who cannot hold a thread for long: one request waits for its client within one bound.

Gunicorn waits without end for the rest of a request that has begun. A bound on each read would not do: a byte at a
time keeps every read short.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from time import monotonic
from typing import Any

from gunicorn.http.errors import NoMoreData

#: Seconds that one request waits for its client in all: for its head and its body, and as long for the answer to be
#: taken.
PATIENCE = 10.0


class TooSlow(NoMoreData, TimeoutError):  # type: ignore[misc]
    """The client has used up its time; gunicorn closes the connection without a word in the log."""


class Wait(Enum):
    """What a request waits for."""

    READ = "the client to send"
    WRITE = "the client to take the answer"


class BoundedSocket(socket.socket):
    """A connection whose reads and writes end with ``TooSlow`` once the request has waited long enough."""

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self.begin_request()

    @classmethod
    def instead_of(cls, other: socket.socket) -> BoundedSocket:
        """Return a bounded socket of the same connection, which the other one no longer is."""
        timeout = other.gettimeout()
        bounded = cls(fileno=other.detach())
        bounded.settimeout(timeout)
        return bounded

    def begin_request(self) -> None:
        """Count anew."""
        self.left = {Wait.READ: PATIENCE, Wait.WRITE: PATIENCE}

    def recv(self, size: int, flags: int = 0, /) -> bytes:
        """Receive; with flags, as for a look at what is there already, without a bound."""
        if flags:
            return super().recv(size, flags)
        with self.waiting(Wait.READ):
            return super().recv(size)

    def sendall(self, data: Any, flags: int = 0, /) -> None:
        """Send all of the data."""
        with self.waiting(Wait.WRITE):
            super().sendall(data, flags)

    def sendfile(self, file: Any, offset: int = 0, count: int | None = None) -> int:
        """Send a file, or a part of one."""
        with self.waiting(Wait.WRITE):
            return super().sendfile(file, offset, count)

    @contextmanager
    def waiting(self, wait: Wait) -> Iterator[None]:
        """Wait as long as the request still may, or as the timeout of the socket says if that is shorter."""
        left = self.left[wait]
        if left <= 0:
            raise TooSlow
        own, began = self.gettimeout(), monotonic()
        self.settimeout(left if own is None else min(own, left))
        try:
            yield
        except TimeoutError as error:
            raise TooSlow from error
        finally:
            self.left[wait] = left - (monotonic() - began)
            self.settimeout(own)
