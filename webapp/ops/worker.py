"""The worker of gunicorn, with threads that only health checks and monitoring use, and a bound on slow clients.

Requests that wait for a database which stays silent hold every thread of a worker. ``/healthz`` would wait behind them,
and whoever asks would restart a process that is sound. Clients who send half a request would do the same.
"""

from __future__ import annotations

import os
import socket
import time
from concurrent.futures import Executor, ThreadPoolExecutor
from functools import partial
from selectors import EVENT_READ
from typing import Any

from gunicorn.workers.gthread import ThreadWorker

from webapp.ops.bounded_socket import BoundedSocket

#: Each has one thread of its own in every worker, so that none waits for another either.
PATHS = ("/healthz", "/readyz", "/status", "/metrics")
METHODS = ("GET", "HEAD")
#: Bytes of a request that tell whether it is one of these, with room for a prefix.
BEGINNING = 512
#: Seconds that a new connection may stay silent.
SILENCE = 5.0


class ReservedWorker(ThreadWorker):  # type: ignore[misc]
    """A worker with threads whose connections are handed to a thread once their request begins."""

    def init_process(self) -> None:
        """Prepare the reserved threads, and serve until the worker ends."""
        prefix = os.environ.get("SCRIPT_NAME", "")
        self.reserved: dict[bytes, Executor] = {}
        for path in PATHS:
            executor = ThreadPoolExecutor(1)
            beginnings = [f"{method} {prefix}{path}{end}" for method in METHODS for end in (" ", "?")]
            self.reserved |= dict.fromkeys(map(str.encode, beginnings), executor)
        super().init_process()

    def enqueue_req(self, conn: Any) -> None:
        """Have a connection served by a thread, or wait for its first bytes without one."""
        if not (conn.initialized or isinstance(conn.sock, BoundedSocket)):
            conn.sock = BoundedSocket.instead_of(conn.sock)
        beginning = peek(conn.sock)
        if beginning is None and not (conn.initialized or conn.data_ready):
            self.wait_for_bytes(conn)
            return
        conn.data_ready = True
        future = self.executor_for(beginning or b"").submit(self.handle, conn)
        future.add_done_callback(lambda done: self.method_queue.defer(self.finish_request, conn, done))

    def handle(self, conn: Any) -> Any:
        """Handle the next request of a connection."""
        if isinstance(conn.sock, BoundedSocket):
            conn.sock.begin_request()
        return super().handle(conn)

    def wait_for_bytes(self, conn: Any) -> None:
        """Have the loop of the worker watch a connection, as it watches those that it has deferred."""
        conn.sock.setblocking(False)
        conn.timeout = time.monotonic() + SILENCE
        self.pending_conns.append(conn)
        self.poller.register(conn.sock, EVENT_READ, partial(self.on_pending_socket_readable, conn))

    def executor_for(self, beginning: bytes) -> Any:
        """Return the threads for a request that begins so."""
        return next((one for start, one in self.reserved.items() if beginning.startswith(start)), self.tpool)

    def run(self) -> None:
        """Serve until the worker ends, and let the reserved threads end with it."""
        try:
            super().run()
        finally:
            for executor in self.reserved.values():
                executor.shutdown(wait=False)


def peek(sock: socket.socket) -> bytes | None:
    """Return the first bytes that have arrived and leave them there; ``None`` where none have."""
    try:
        return sock.recv(BEGINNING, socket.MSG_PEEK | socket.MSG_DONTWAIT)
    except BlockingIOError:
        return None
    except (OSError, ValueError):
        # Its thread finds the same, and knows what to do; a socket of TLS cannot be looked into.
        return b""
