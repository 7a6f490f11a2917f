"""A TCP proxy for tests: it passes everything on, until a fault that was planned comes up."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from enum import Enum
from types import TracebackType
from typing import Self

CHUNK = 1 << 20


class Fault(Enum):
    """What happens to a message of the client's, or with ``SILENT`` to it and to all that follow it."""

    CUT_BEFORE = "it is not passed on, and the connection is cut"
    CUT_DURING = "half of it is passed on, and the connection is cut"
    CUT_AFTER = "it is passed on, its answer is swallowed, and the connection is cut"
    UNANSWERED = "it is passed on, and its answer and all that follow on this connection are swallowed"
    SILENT = "nothing is passed on in either direction, and the connections stay open"


def any_message(message: bytes) -> bool:
    """Match every message."""
    return True


class Proxy:
    """A listener on the loopback interface whose connections lead to a server's port.

    What a client sends at once counts as one message. ``plan`` arms one fault, and has ``messages`` collect
    those that match. The fault comes up once (``happened`` is set then), and what follows is passed on again,
    except after ``SILENT``, which lasts until the next plan.
    """

    def __init__(self, target: int) -> None:
        self.target = target
        self.lock = threading.Lock()
        self.links: list[Link] = []
        self.forget()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self.accept, daemon=True)
        self.thread.start()

    def plan(self, fault: Fault, at: int = 1, matching: Callable[[bytes], bool] = any_message) -> None:
        """Have the fault come up at the ``at``-th message, from now on, that matches."""
        with self.lock:
            self.fault: Fault | None = fault
            self.at = at
            self.matching = matching
            self.messages: list[bytes] = []
            self.happened = False

    def forget(self) -> None:
        """Pass everything on from now on; a fault that was planned does not come up."""
        with self.lock:
            self.fault = None
            self.happened = False

    @property
    def silent(self) -> bool:
        """Whether nothing is passed on any more."""
        return self.fault is Fault.SILENT and self.happened

    def fault_of(self, message: bytes) -> Fault | None:
        """Count a message and return what is to happen to it."""
        with self.lock:
            if self.silent:
                return Fault.SILENT
            if self.fault is None or not self.matching(message):
                return None
            self.messages.append(message)
            if self.happened or len(self.messages) < self.at:
                return None
            self.happened = True
            return self.fault

    def accept(self) -> None:
        """Link each connection to the server, until the listener is closed."""
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(("127.0.0.1", self.target))
            except OSError:
                # The server is down: the client finds its connection closed.
                client.close()
                continue
            self.links.append(Link(self, client, server))

    def cut(self) -> None:
        """Cut all connections that are open now."""
        for link in self.links:
            link.cut()

    def close(self) -> None:
        """Cut everything and return when all threads are done."""
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join()
        for link in self.links:
            link.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


class SilentHost:
    """A listener that accepts every connection, by way of the system, and never says a word."""

    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=100)
        self.port: int = self.listener.getsockname()[1]

    def close(self) -> None:
        """Refuse further connections."""
        self.listener.close()


class Link:
    """One connection of a client, and the one to the server that belongs to it; a thread for each direction."""

    def __init__(self, proxy: Proxy, client: socket.socket, server: socket.socket) -> None:
        self.proxy = proxy
        self.client = client
        self.server = server
        for end in (client, server):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.swallowing: Fault | None = None
        self.threads = [threading.Thread(target=work, daemon=True) for work in (self.upwards, self.downwards)]
        for thread in self.threads:
            thread.start()

    def upwards(self) -> None:
        """Pass on what the client sends, and make the fault happen."""
        try:
            while message := self.client.recv(CHUNK):
                fault = self.proxy.fault_of(message)
                if fault is Fault.SILENT:
                    continue
                if fault is Fault.CUT_BEFORE:
                    break
                if fault is Fault.CUT_DURING:
                    self.server.sendall(message[: len(message) // 2])
                    break
                self.swallowing = fault or self.swallowing
                self.server.sendall(message)
        except OSError:
            pass
        self.cut()

    def downwards(self) -> None:
        """Pass on what the server answers, unless its answer is to be swallowed."""
        try:
            while (answer := self.server.recv(CHUNK)) and self.swallowing is not Fault.CUT_AFTER:
                if self.swallowing is None and not self.proxy.silent:
                    self.client.sendall(answer)
        except OSError:
            pass
        self.cut()

    def cut(self) -> None:
        """End both connections; their threads notice and end."""
        for end in (self.client, self.server):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue

    def close(self) -> None:
        """Cut, and return when both threads are done."""
        self.cut()
        for thread in self.threads:
            thread.join()
        for end in (self.client, self.server):
            end.close()
