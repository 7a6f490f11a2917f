"""The mutants of the code: all that Cosmic Ray can make, and the sample that a seed draws from them."""

from __future__ import annotations

import ast
import difflib
import hashlib
import warnings
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator, operator_names

PACKAGES = ("storage", "webapp")
#: The contract suite is a test itself, and a released revision does not change.
LEFT_OUT = ("storage/testing", "storage/mongo/revisions")
#: Decorators that only a type checker or an instantiation of the abstract class looks at.
INERT_DECORATORS = ("@overload", "@abstractmethod")


@dataclass(frozen=True)
class Mutant:
    """One change of one place in a file."""

    file: str
    operator: str
    occurrence: int
    #: The first line of the place, its column, and its last line.
    line: int
    column: int
    end: int
    #: The text of the first line, and which of the equal ones in the file it is: they stay where other lines move.
    text: str
    repeated: int

    @property
    def place(self) -> tuple[str, ...]:
        """The place and the kind of change: one operator has up to eleven replacements."""
        return (self.file, self.text, str(self.repeated), str(self.column), self.operator.split("_")[0])

    def rank(self, seed: int) -> bytes:
        """Return what orders the mutants of a place at random: the same as long as the line stays the same."""
        return digest(seed, *self.place, self.operator, str(self.occurrence_in_place))

    @property
    def occurrence_in_place(self) -> int:
        """Which of the changes of the same operator in the place: a number has one up and one down."""
        return self.occurrence % 2 if self.operator == "NumberReplacer" else 0

    def change(self, root: Path) -> Change | None:
        """Return the changed file, or ``None`` if Python does not compile it without a warning."""
        code = (root / self.file).read_text()
        changed = mutate_code(code, get_operator(f"core/{self.operator}")(), self.occurrence)
        try:
            with warnings.catch_warnings(action="error"):
                compile(changed, self.file, "exec")
        except (SyntaxError, SyntaxWarning):
            return None
        lines = list(difflib.ndiff(code.splitlines(), changed.splitlines()))
        old, new = (" ".join(line[2:].strip() for line in lines if line.startswith(sign)) for sign in ("- ", "+ "))
        return Change(self, changed, old, new.strip())


@dataclass(frozen=True)
class Change:
    """A mutant with the code of its file, and the lines before and after."""

    mutant: Mutant
    code: str
    old: str
    new: str


def digest(seed: int, *words: str) -> bytes:
    """Return the bytes that order words at random by a seed."""
    return hashlib.sha256("\0".join([str(seed), *words]).encode()).digest()


def sample(root: Path, mutants: Iterable[Mutant], size: int, seed: int) -> list[Change]:
    """Draw places, and one mutant of each, so that an operator with eleven replacements counts as one with two."""
    places: dict[tuple[str, ...], list[Mutant]] = defaultdict(list)
    for mutant in mutants:
        places[mutant.place].append(mutant)
    drawn: list[Change] = []
    for place in sorted(places, key=lambda place: digest(seed, *place)):
        ranked = sorted(places[place], key=lambda mutant: mutant.rank(seed))
        change = next(filter(None, (mutant.change(root) for mutant in ranked)), None)
        if change is not None:
            drawn.append(change)
        if len(drawn) >= size:
            break
    return drawn


def all_files(root: Path) -> Iterator[Path]:
    """Yield the files to be mutated, in their order."""
    for package in PACKAGES:
        for path in sorted((root / package).rglob("*.py")):
            if not path.relative_to(root).as_posix().startswith(LEFT_OUT):
                yield path


def all_mutants(root: Path) -> Iterator[Mutant]:
    """Yield the mutants of all files, in their order."""
    for path in all_files(root):
        yield from mutants_of(path.relative_to(root).as_posix(), path.read_text())


def mutants_of(file: str, code: str) -> Iterator[Mutant]:
    """Yield the mutants of one file, without those that change nothing when the program runs."""
    # Cosmic Ray takes the bare star and slash among parameters for operators.
    nodes = [node for node in ast_nodes(get_ast(code)) if node.parent is None or node.parent.type != "parameters"]
    lines = code.splitlines()
    annotated = annotation_spans(code)
    for name in operator_names():
        operator_class = get_operator(name)
        if operator_class.arguments():
            continue
        operator = operator_class()
        places = (position for node in nodes for position in operator.mutation_positions(node))
        for occurrence, (start, end) in enumerate(places):
            line, column = start
            text = lines[line - 1].strip()
            in_annotation = any(first <= start < last for first, last in annotated)
            if (in_annotation and "BinaryOperator" in name) or text.startswith(INERT_DECORATORS):
                continue
            # Cosmic Ray cannot replace an exception that is an attribute of a module.
            if "Exception" in name and not lines[line - 1][column : end[1]].isidentifier():
                continue
            repeated = sum(other.strip() == text for other in lines[: line - 1])
            last_line = end[0] if end[1] or end[0] == line else end[0] - 1
            yield Mutant(file, name.removeprefix("core/"), occurrence, line, column, last_line, text, repeated)


def annotation_spans(code: str) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """Return from where to where annotations go: nothing evaluates an operator on types."""
    found: list[ast.expr | None] = []
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.AnnAssign | ast.arg):
            found.append(node.annotation)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            found.append(node.returns)
    return [
        ((one.lineno, one.col_offset), (one.end_lineno or 0, one.end_col_offset or 0))
        for one in found
        if one is not None
    ]
