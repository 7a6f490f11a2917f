"""A temporary copy of the working tree, in which tests run on servers that are there already."""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.processes import memory
from tests.programs import Missing
from tests.servers import PRIVATE, VARIABLES

#: Plugins that no selected test needs and that take a second to import, and files of pytest's own.
PLUGINS = ["-p", "no:schemathesis", "-p", "no:cacheprovider"]
#: A modification time for each change: Python takes a compiled file by the time and the size of its source.
TIMES = itertools.count(1_000_000_000, 10)


class Tree:
    """The files that Git knows or would add, in a folder of their own."""

    def __init__(self, origin: Path, root: Path, servers: dict[str, str]) -> None:
        self.root = root
        listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        names = subprocess.run(listed, cwd=origin, check=True, capture_output=True, text=True).stdout  # noqa: S603
        for name in filter(None, names.split("\0")):
            if (origin / name).is_file():
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(origin / name, root / name)
        (root / ".venv").symlink_to(origin / ".venv")
        (root / "compiled").mkdir()
        self.environment = {
            **os.environ,
            **servers,
            # Before the editable installation, which is of the original.
            "PYTHONPATH": str(root),
            "PYTHONPYCACHEPREFIX": str(root / "compiled"),
        }
        self.environment.pop("PYTHONDONTWRITEBYTECODE", None)
        self.environment.pop("CI", None)

    @contextmanager
    def changed(self, file: str, code: str) -> Iterator[None]:
        """Have a file hold another code, and the original one afterwards."""
        path = self.root / file
        original = path.read_text()
        try:
            self.write(path, code)
            yield
        finally:
            self.write(path, original)

    def write(self, path: Path, code: str) -> None:
        """Write a file so that no compiled one of before is taken for it."""
        path.write_text(code)
        time = next(TIMES)
        os.utime(path, (time, time))

    def pytest(self, arguments: list[str], timeout: float | None) -> tuple[int | None, str]:
        """Run pytest here and return its status, ``None`` after a time-out, and what it wrote."""
        command = [sys.executable, "-m", "pytest", "-q", "--tb=no", "-rfE", *PLUGINS, *arguments]
        with subprocess.Popen(  # noqa: S603
            command,
            cwd=self.root,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        ) as process:
            try:
                output = process.communicate(timeout=timeout)[0]
            except subprocess.TimeoutExpired:
                return None, ""
            finally:
                # With the programs that a test may have left.
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
        return process.returncode, output


@contextmanager
def trees(origin: Path, count: int) -> Iterator[list[Tree]]:
    """Make copies of a tree, with one set of servers for all of them, and remove all afterwards."""
    with TemporaryDirectory(prefix="engine-room-mutation-", dir=memory()) as folder, servers() as addresses:
        roots = [Path(folder) / str(number) for number in range(count)]
        for root in roots:
            root.mkdir()
        # Servers that a test starts may run as another user, who must reach what the test makes.
        Path(folder).chmod(0o755)
        yield [Tree(origin, root, addresses) for root in roots]


@contextmanager
def servers() -> Iterator[dict[str, str]]:
    """Start the servers that can run here, and yield the variables that point tests at them."""
    running = []
    addresses = {}
    try:
        for kind, make in PRIVATE.items():
            if VARIABLES[kind] in os.environ:
                continue
            try:
                server = make()
            except Missing as error:
                sys.stderr.write(f"{kind} is not used: {error}\n")
                continue
            running.append(server)
            addresses[VARIABLES[kind]] = server.address
        yield addresses
    finally:
        for server in running:
            server.close()
