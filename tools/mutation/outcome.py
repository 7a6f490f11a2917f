"""What the tests make of one mutant."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tools.mutation.mutants import Change
from tools.mutation.selection import Selection
from tools.mutation.tree import Tree

#: The status of pytest for arguments that name no test: a mutant can change the parameters of one.
NOT_FOUND = 4
#: A mutant that makes the tests this much slower than recorded, after the time to start, hangs.
SLOWER = 4
START = 30


@dataclass(frozen=True)
class Outcome:
    """A mutant with its verdict: killed, timed out (killed too), survived, or not executed (survived too)."""

    file: str
    line: int
    operator: str
    old: str
    new: str
    verdict: str
    #: How many tests were run at most, and how many there are that may notice it: none where no test is known to
    #: execute the line, and those of its file were run. For a killed one, the test that failed.
    tried: int
    executing: int
    killer: str

    @property
    def survived(self) -> bool:
        """Whether no test noticed the mutant."""
        return self.verdict in ("survived", "not executed")

    def __str__(self) -> str:
        tests = f"{self.tried} of {self.executing} tests"
        if not self.executing:
            tests = f"no test is known to execute it, {self.tried} of its file were run"
        return f"{self.file}:{self.line} {self.operator}: {self.old} -> {self.new or '(removed)'} [{tests}]"


def try_change(tree: Tree, change: Change, selection: Selection, budget: float) -> Outcome:
    """Run the selected tests on a mutant until the first of them fails."""
    mutant = change.mutant
    tests, executing = selection.tests(mutant, budget)
    verdict, killer = "not executed", ""
    if tests:
        expected = sum(selection.recording.durations[test] for test in tests)
        with tree.changed(mutant.file, change.code):
            verdict, killer = judge(tree, tests, START + SLOWER * expected)
    return Outcome(
        mutant.file, mutant.line, mutant.operator, change.old, change.new, verdict, len(tests), executing, killer
    )


def judge(tree: Tree, tests: list[str], timeout: float) -> tuple[str, str]:
    """Return the verdict, and the test that failed."""
    status, output = tree.pytest(["-x", *tests], timeout)
    if status == NOT_FOUND and "ERROR: not found:" in output:
        functions = list(dict.fromkeys(test.partition("[")[0] for test in tests))
        status, output = tree.pytest(["-x", *functions], timeout)
    if status is None:
        return "timed out", ""
    if status == 0:
        return "survived", ""
    failed = re.search(r"^(?:FAILED|ERROR) (.*)$", output, re.MULTILINE)
    return "killed", failed[1] if failed else output[-300:]
