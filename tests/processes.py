"""A server process of the tests' own: in a temporary folder, on a free port, gone afterwards whatever happens."""

from __future__ import annotations

import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

LIMIT = 60
PAUSE = 0.02
# Below the ports that the system gives to outgoing connections, so that none of those takes the place of a
# server that was stopped.
PORTS = range(20_000, 32_000)

# It reads the server's process id line by line. When its input ends, because the tests closed it or because
# they were killed themselves, it kills the server and removes the folder.
GUARD = """
import os, shutil, signal, sys, time
process = 0
for line in sys.stdin:
    process = int(line)
if process:
    try:
        os.kill(process, signal.SIGKILL)
    except ProcessLookupError:
        pass
for attempt in range(100):
    shutil.rmtree(sys.argv[1], ignore_errors=True)
    if not os.path.exists(sys.argv[1]):
        break
    time.sleep(0.05)
"""


#: Bytes that all servers of a run stay far below.
ROOM = 4 << 30


def memory(place: str = "/dev/shm") -> str | None:  # noqa: S108 - the folder in it is made by mkdtemp
    """Return the place of a file system in memory, where nothing waits for a disk; ``None`` where there is no room."""
    return place if os.path.isdir(place) and shutil.disk_usage(place).free > ROOM else None


class NotReady(Exception):
    """A server does not answer yet."""


class ServerProcess(ABC):
    """A server in a folder of its own.

    ``stop`` and ``kill`` leave the data, and ``start`` uses the same port again. With ``durable`` it keeps
    what it acknowledged even when it is killed; without, it is as quick as can be.
    """

    #: What is running, for the header of a test run.
    product: str
    stop_signal = signal.SIGTERM
    close_signal = signal.SIGKILL
    #: The user to run as, if not our own.
    user: int | None = None

    def __init__(self, *, durable: bool = False) -> None:
        self.durable = durable
        self.port = free_port()
        self.folder = Path(tempfile.mkdtemp(prefix="engine-room-", dir=None if durable else memory()))
        command = [sys.executable, "-I", "-S", "-c", GUARD, str(self.folder)]
        self.guard = subprocess.Popen(command, stdin=subprocess.PIPE, text=True, bufsize=1, start_new_session=True)
        self.process: subprocess.Popen[bytes] | None = None
        try:
            self.prepare()
            self.start()
        except BaseException:
            self.close()
            raise

    @abstractmethod
    def prepare(self) -> None:
        """Make the data folder; ``Missing`` where its program is."""

    @abstractmethod
    def command(self) -> list[str]:
        """Return the command that runs the server in the foreground."""

    @abstractmethod
    def check_ready(self) -> None:
        """Raise ``NotReady`` unless the server answers."""

    def start(self) -> None:
        """Start the server and return when it answers."""
        limit = time.monotonic() + LIMIT
        while True:
            # After a kill it is refused its folder until its last child is gone: then it is started again.
            if self.process is None or self.process.poll() is not None:
                self.launch()
            try:
                return self.check_ready()
            except NotReady as error:
                if time.monotonic() > limit:
                    raise RuntimeError(f"{self.product} does not start:\n{self.log()}") from error
            time.sleep(PAUSE)

    def launch(self) -> None:
        """Start the process, and have the guard know it."""
        with (self.folder / "log").open("ab") as log:
            self.process = self.popen(self.command(), stdout=log, stderr=log)
        self.tell_guard(self.process.pid)

    def popen(self, command: list[str], **streams: Any) -> subprocess.Popen[bytes]:
        """Start a command as the server's user, out of reach of the terminal's signals."""
        identity: dict[str, Any] = {}
        if self.user is not None:
            identity = {"user": self.user, "group": self.user, "extra_groups": []}
        # Neither the developer's settings of such a server nor the measuring of our own code is meant for it.
        environment = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}
        environment["HOME"] = str(self.folder)
        return subprocess.Popen(
            command,
            cwd=self.folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            **identity,
            **streams,
        )

    def run(self, command: list[str]) -> None:
        """Run a command to its end, as the server's user and in its folder."""
        with self.popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
            output = process.communicate()[0].decode(errors="replace")
        if process.returncode:
            raise RuntimeError(f"{command[0]} failed:\n{output}")

    def log(self) -> str:
        """Return the end of what the server wrote."""
        return (self.folder / "log").read_text(errors="replace")[-4000:]

    def stop(self) -> None:
        """Stop the server as its administrator would."""
        self.end(self.stop_signal)

    def kill(self) -> None:
        """Stop the server with SIGKILL."""
        self.end(signal.SIGKILL)

    def end(self, how: signal.Signals) -> None:
        """Send a signal and return when the process is gone."""
        if self.process is not None:
            self.process.send_signal(how)
            self.process.wait(LIMIT)
            self.process = None
            self.tell_guard(0)

    def tell_guard(self, process: int) -> None:
        """Say which process the guard has to kill; 0 is none."""
        assert self.guard.stdin is not None
        self.guard.stdin.write(f"{process}\n")

    def close(self) -> None:
        """End the server without ado and remove its folder."""
        self.end(self.close_signal)
        assert self.guard.stdin is not None
        self.guard.stdin.close()
        self.guard.wait()


def free_port() -> int:
    """Return a port of the loopback interface that nobody listens on."""
    for port in random.SystemRandom().sample(PORTS, 100):
        with socket.socket() as candidate:
            try:
                candidate.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise RuntimeError(f"no free port from {PORTS[0]} to {PORTS[-1]}")
