"""An application served by gunicorn, as it is configured for production, for as long as a test needs it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from urllib.request import Request, urlopen

ROOT = Path(__file__).parents[2]


class Workers:
    """Gunicorn with its workers; what it logs is read line by line."""

    def __init__(self, process: subprocess.Popen[str], address: str, threads: ThreadPoolExecutor) -> None:
        self.process = process
        self.address = address
        self.threads = threads
        self.lines: list[str] = []

    def get(self, path: str, **headers: str) -> str:
        """Return the body of an answer."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        with urlopen(Request(self.address + path, headers=named), timeout=60) as answer:  # noqa: S310 - our own server
            return answer.read().decode()

    def get_meanwhile(self, path: str) -> Future[str]:
        """Send a request and do not wait for its answer."""
        return self.threads.submit(self.get, path)

    def read_until(self, text: str) -> None:
        """Read the log up to a line that holds the text."""
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.lines.append(line)
            if text in line:
                return
        raise AssertionError(f"gunicorn ended before it logged {text!r}:\n{''.join(self.lines)}")

    def end(self) -> int:
        """End it as its administrator would, and return its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        assert self.process.stderr is not None
        if not self.process.stderr.closed:
            self.lines += self.process.communicate(timeout=60)[1].splitlines(keepends=True)
        return self.process.returncode


@contextmanager
def served_by_workers(
    folder: Path, module: str, *arguments: str, application: str = "app", **settings: str
) -> Iterator[Workers]:
    """Serve the ``app`` of a module's text, or what ``application`` names; the socket is open at once."""
    (folder / "served.py").write_text(module)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        environment = {
            **os.environ,
            "PYTHONPATH": f"{ROOT}{os.pathsep}{folder}",
            "FLASK_SECRET_KEY": "a key of the tests",
        }
        environment |= {"FLASK_ALLOW_ANONYMOUS_WRITES": "true", **settings}
        command = [sys.executable, "-m", "gunicorn", "--config", "python:webapp.gunicorn"]
        command += ["--bind", f"fd://{listener.fileno()}", *arguments, f"served:{application}"]
        process = subprocess.Popen(
            command, env=environment, cwd=folder, stderr=subprocess.PIPE, text=True, pass_fds=[listener.fileno()]
        )
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    with ThreadPoolExecutor() as threads:
        workers = Workers(process, address, threads)
        try:
            workers.read_until("Booting worker")
            yield workers
        finally:
            workers.end()
