"""Which tests execute which lines, and how long each takes: recorded once for a state of the code."""

from __future__ import annotations

import hashlib
import json
import re
import sys
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from coverage import CoverageData

from tools.mutation.tree import Tree

#: What takes long and notices little that other tests do not: servers, browsers and killed processes of their own.
LEFT_OUT = (
    "tests/browser",
    "tests/test_forks_and_signals.py",
    "tests/test_hostile_servers.py",
    "tests/test_performance_page.py",
    "tests/test_servers.py",
    "tests/test_wheel.py",
    "tests/mongo/test_migrations_killed.py",
    "tests/sql/test_migrations_killed.py",
    "tests/bad_days/test_kills.py",
    "tests/transfer/test_crashes.py",
    "tests/transfer/test_killed.py",
    "tests/webapp/test_schemathesis.py",
)
SLOW = ("tests/webapp/test_bad_input.py::test_ten_thousand_bad_requests_are_each_refused_and_change_nothing",)
WORKERS = 3
#: ``tests/test_x.py::test_y|run`` in this process, ``tests/test_x.py::test_y (call)`` in one that the test started.
CONTEXT = re.compile(r"(tests/.+?)(?:\|(?:setup|run|teardown)| \((?:setup|call|teardown)\)).*", re.DOTALL)


@dataclass(frozen=True)
class Recording:
    """The tests that passed, with their durations in seconds, and those that execute each line."""

    durations: dict[str, float]
    #: File and line number to indexes into the list of durations.
    lines: dict[str, dict[str, list[int]]]

    def tests(self, file: str, line: int) -> set[str]:
        """Return the tests that execute a line."""
        names = self.names
        return {names[index] for index in self.lines.get(file, {}).get(str(line), [])}

    def tests_of(self, file: str) -> set[str]:
        """Return the tests that execute a line of a file."""
        names = self.names
        return {names[index] for indexes in self.lines.get(file, {}).values() for index in indexes}

    @property
    def names(self) -> list[str]:
        """The tests by index."""
        return list(self.durations)


def record(tree: Tree, kept: Path) -> Recording:
    """Return the recording of a tree: the one in a file if there is one, else a new one, which is kept there."""
    if not kept.exists():
        recording = run(tree)
        for other in kept.parent.glob("*.json*"):
            other.unlink()
        kept.write_text(json.dumps([recording.durations, recording.lines]))
    return Recording(*json.loads(kept.read_text()))


def fingerprint(tree: Tree) -> str:
    """Return a digest of the code and the tests."""
    digest = hashlib.sha256()
    for folder in ("alembic", "storage", "tests", "webapp"):
        for path in sorted((tree.root / folder).rglob("*.py")):
            digest.update(f"{path.relative_to(tree.root)}\0".encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def run(tree: Tree) -> Recording:
    """Run the tests with coverage."""
    durations = tree.root / "durations.json"
    measuring = ["--cov", "--cov-config=tools/mutation/coverage.ini", "--cov-context=test", "--cov-report="]
    spreading = ["-n", str(WORKERS), "--dist", "loadscope", "--no-loadscope-reorder"]
    without = [*(f"--ignore={path}" for path in LEFT_OUT), *(f"--deselect={test}" for test in SLOW)]
    tree.environment["MUTATION_DURATIONS"] = str(durations)
    _, output = tree.pytest(["-p", "tools.mutation.durations", *measuring, *spreading, *without], None)
    sys.stdout.write(f"{output.rstrip().rpartition(chr(10))[2]}: a test that does not pass is not used\n")
    seconds: dict[str, float] = json.loads(durations.read_text())
    return Recording(seconds, read_lines(tree.root / ".coverage", seconds))


def read_lines(file: Path, durations: dict[str, float]) -> dict[str, dict[str, list[int]]]:
    """Read the contexts of each line from coverage's data, and keep the tests that passed."""
    data = CoverageData(str(file))
    data.read()
    index = {test: number for number, test in enumerate(durations)}
    lines: dict[str, dict[str, list[int]]] = defaultdict(dict)
    for path in data.measured_files():
        for line, contexts in data.contexts_by_lineno(path).items():
            tests = {match[1] for context in contexts if (match := CONTEXT.search(context))}
            if known := sorted(index[test] for test in tests if test in index):
                lines[path][str(line)] = known
    return lines
