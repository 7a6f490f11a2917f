"""The contract's clauses and the tests that hold them: neither without the other."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import storage.testing

ROOT = Path(__file__).parents[2]
CLAUSE = re.compile(r"^\* \*\*(\d+\.\d+)\*\* (.+?)(?=^\* \*\*|^## |\Z)", re.MULTILINE | re.DOTALL)
CITED = re.compile(r"\d+\.\d+(?: \d+\.\d+)* ")
EXCUSE = re.compile(r"\*(Not tested|No test of its own): [^*]+\*")


def clauses() -> dict[str, str]:
    """The text of each clause by its number."""
    return dict(CLAUSE.findall((ROOT / "docs/contract.md").read_text()))


def functions_of(folder: Path) -> Iterator[tuple[str, ast.FunctionDef]]:
    """Each test function below a folder, with the name of its file."""
    for file in sorted(folder.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                yield str(file.relative_to(ROOT)), node


def cited_by(test: ast.FunctionDef) -> list[str]:
    """The clauses that open a test's docstring."""
    found = CITED.match(ast.get_docstring(test) or "")
    return found[0].split() if found else []


KIT = list(functions_of(ROOT / "storage/testing"))


def test_every_test_of_the_kit_opens_with_its_clause() -> None:
    assert [f"{file}: {test.name}" for file, test in KIT if not cited_by(test)] == []


def test_every_clause_that_is_cited_exists() -> None:
    known = clauses()
    tests = [*KIT, *functions_of(ROOT / "tests")]
    assert [(test.name, number) for _, test in tests for number in cited_by(test) if number not in known] == []


def test_every_clause_is_held_by_a_test_or_says_why_not() -> None:
    cited = {number for _, test in [*KIT, *functions_of(ROOT / "tests")] for number in cited_by(test)}
    assert [number for number, text in clauses().items() if number not in cited and not EXCUSE.search(text)] == []


def test_a_clause_with_an_excuse_is_held_by_no_test() -> None:
    cited = {number for _, test in [*KIT, *functions_of(ROOT / "tests")] for number in cited_by(test)}
    assert [number for number, text in clauses().items() if number in cited and EXCUSE.search(text)] == []


def test_clauses_are_numbered_without_gaps() -> None:
    numbers = [tuple(map(int, number.split("."))) for number in clauses()]
    sections = Counter(section for section, _ in numbers)
    assert numbers == [(section, clause + 1) for section in sections for clause in range(sections[section])]
    assert list(sections) == list(range(1, len(sections) + 1))


def test_no_part_of_the_kit_hides_a_test_of_another() -> None:
    names = Counter(test.name for _, test in KIT)
    assert [name for name, count in names.items() if count > 1] == []


def test_the_contract_has_every_test_of_the_kit() -> None:
    composed = {
        name
        for contract in (storage.testing.RepositoryContract, storage.testing.Uniqueness)
        for name in dir(contract)
        if name.startswith("test_")
    }
    assert {test.name for _, test in KIT} == composed
