"""Which tests can notice a mutant, in the order in which they are tried."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from tools.mutation.mutants import Mutant, all_files
from tools.mutation.recording import Recording

#: They read the code and execute none of it, so that no recording tells which lines they look at.
READERS = ("tests/storage/test_dataclasses.py",)

Function = ast.FunctionDef | ast.AsyncFunctionDef


class Selection:
    """Chooses tests by a recording."""

    def __init__(self, root: Path, recording: Recording) -> None:
        self.root = root
        self.recording = recording
        self.uses = uses(root)

    def tests(self, mutant: Mutant, budget: float) -> tuple[list[str], int]:
        """Return the tests to run within so many seconds, and how many there would be in all.

        A line in a function that no test is known to execute is tried with the tests of its file, and the number is 0:
        the recording does not see every process. Most such lines can go.
        """
        statement = statement_at(self.root / mutant.file, mutant.line)
        first = self.of_lines(mutant.file, lines_of(statement))
        rest: set[str] = set()
        readers: set[str] = set()
        is_called = inside_function(self.root / mutant.file, mutant.line)
        is_known = bool(first) or not is_called
        if not first or not is_called:
            # Executed by the import: what uses the names that the statement binds can notice it.
            for name in bound(statement):
                for file, line in self.uses[name]:
                    first |= self.recording.tests(file, line)
            first |= self.of_lines(mutant.file, body_lines(statement))
            readers = {test for test in self.recording.durations if test.startswith(READERS)}
            first -= readers
            rest = self.recording.tests_of(mutant.file) - first - readers
        ordered = [test for tests in (readers, first, rest) for test in self.ordered(tests, mutant.file)]
        return self.within(ordered, budget), len(ordered) if is_known else 0

    def of_lines(self, file: str, lines: range) -> set[str]:
        """Return the tests that execute one of the lines."""
        return set().union(*(self.recording.tests(file, line) for line in lines))

    def ordered(self, tests: set[str], module: str) -> list[str]:
        """Order tests by duration: the module's own first, then one of each test file and function in turn."""
        seen: dict[str, int] = defaultdict(int)
        ranked: list[tuple[int, int, int, str]] = []
        for test in sorted(tests, key=lambda name: (self.recording.durations[name], name)):
            file, _, name = test.partition("::")
            function = f"{file}::{name.partition('[')[0].rpartition('::')[2]}"
            own = Path(file).stem == f"test_{Path(module).stem}"
            ranked.append((0 if own else 1, seen[function], seen[file], test))
            seen[function] += 1
            seen[file] += 1
        return [test for *_, test in sorted(ranked)]

    def within(self, ordered: list[str], budget: float) -> list[str]:
        """Take tests while there is time left, at least one, and put those of one class together."""
        taken: dict[str, list[str]] = defaultdict(list)
        for number, test in enumerate(ordered):
            budget -= self.recording.durations[test]
            if budget < 0 and number:
                break
            taken[test.partition("[")[0].rpartition("::")[0]].append(test)
        groups = sorted(taken.values(), key=lambda tests: sum(map(self.recording.durations.__getitem__, tests)))
        return [test for group in groups for test in group]


@cache
def parsed(path: Path) -> ast.Module:
    """Return the syntax tree of a file."""
    return ast.parse(path.read_text())


def statement_at(path: Path, line: int) -> ast.stmt:
    """Return the innermost statement on a line, decorators included."""
    found = [node for node in ast.walk(parsed(path)) if isinstance(node, ast.stmt) and line in span(node)]
    return min(found, key=lambda node: len(span(node)))


def span(node: ast.stmt) -> range:
    """Return the lines of a statement with its decorators."""
    decorators = getattr(node, "decorator_list", [])
    return range(min([node.lineno, *(one.lineno for one in decorators)]), (node.end_lineno or node.lineno) + 1)


def lines_of(node: ast.stmt) -> range:
    """Return the lines of a statement without its body."""
    body = body_lines(node)
    return range(span(node).start, body.start) if body else span(node)


def body_lines(node: ast.stmt) -> range:
    """Return the lines of a compound statement's body."""
    body: list[ast.stmt] = getattr(node, "body", [])
    # A body on the line of its header is part of it.
    return range(max(body[0].lineno, node.lineno + 1), (node.end_lineno or node.lineno) + 1) if body else range(0)


def inside_function(path: Path, line: int) -> bool:
    """Say whether a line is executed by a call: it is in the body of a function."""
    functions = [node for node in ast.walk(parsed(path)) if isinstance(node, Function)]
    return any(line in body_lines(node) for node in functions)


def bound(node: ast.stmt) -> Iterator[str]:
    """Yield the names that a statement binds."""
    if isinstance(node, Function | ast.ClassDef):
        yield node.name
    elif isinstance(node, ast.Assign | ast.AnnAssign | ast.For):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        for target in targets:
            yield from (name.id for name in ast.walk(target) if isinstance(name, ast.Name))


def uses(root: Path) -> dict[str, set[tuple[str, int]]]:
    """Return where each name is read: as a variable, an attribute or the name of an argument."""
    found: dict[str, set[tuple[str, int]]] = defaultdict(set)
    for path in all_files(root):
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.Name | ast.Attribute):
                name = node.id if isinstance(node, ast.Name) else node.attr
                found[name].add((path.relative_to(root).as_posix(), node.lineno))
    return found
