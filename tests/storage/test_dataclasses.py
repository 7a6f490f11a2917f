"""A dataclass is a value: nothing changes it after it was made, and a misspelt attribute is an error."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
FILES = [path for package in ("storage", "webapp") for path in sorted((ROOT / package).rglob("*.py"))]

#: The one keeps what it computes, two count while something runs, and the last one is filled in step by step.
EXCEPTIONS = {
    "Description": {"frozen": True},
    "Counting": {"slots": True},
    "Trace": {"slots": True},
    "Status": {},
}


def dataclasses() -> Iterator[tuple[str, dict[str, bool]]]:
    """Yield the name of each dataclass, and what its decorator says of being frozen and slotted."""
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef):
                for decorator in node.decorator_list:
                    if ast.unparse(decorator).startswith("dataclass"):
                        yield node.name, choices(decorator)


def choices(decorator: ast.expr) -> dict[str, bool]:
    """Return the two choices that concern us."""
    keywords = decorator.keywords if isinstance(decorator, ast.Call) else []
    return {
        str(one.arg): one.value.value
        for one in keywords
        if isinstance(one.value, ast.Constant) and one.arg in ("frozen", "slots") and isinstance(one.value.value, bool)
    }


def test_every_dataclass_but_these_is_frozen_and_slotted() -> None:
    others = {name: chosen for name, chosen in dataclasses() if chosen != {"frozen": True, "slots": True}}
    assert others == EXCEPTIONS


def test_there_is_something_to_look_at() -> None:
    assert len(list(dataclasses())) > 50
