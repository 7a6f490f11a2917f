"""The tests' own clients: what is written past the library must be there for its reads."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.databases import mongo_client

TESTS = Path(__file__).parent
OTHERS = sorted(file for file in TESTS.rglob("*.py") if file != TESTS / "databases.py")


def clients_made(text: str) -> list[int]:
    """Return the lines that name PyMongo's client; mongomock's double of it has no write concern."""
    return [
        node.lineno
        for node in ast.walk(ast.parse(text))
        if (isinstance(node, ast.Name) and node.id == "MongoClient")
        or (isinstance(node, ast.Attribute) and node.attr == "MongoClient" and ast.unparse(node.value) != "mongomock")
    ]


@pytest.mark.parametrize("file", OTHERS, ids=lambda file: str(file.relative_to(TESTS)))
def test_a_client_of_mongodb_is_made_in_one_place(file: Path) -> None:
    assert clients_made(file.read_text()) == [], "use tests.databases.mongo_client: its writes say majority"


@pytest.mark.parametrize("text", ["MongoClient(url)", "pymongo.MongoClient(url)", "MongoClient[Any](url)"])
def test_a_client_that_is_made_elsewhere_is_noticed(text: str) -> None:
    assert clients_made(f"x = 1\nwith {text} as client: pass") == [2]


def test_that_client_asks_a_majority_to_confirm_its_writes() -> None:
    with mongo_client("mongodb://localhost/?w=1", connect=False) as client:
        assert client.write_concern.document == {"w": "majority"}
        assert client["engines"]["engine"].write_concern.document == {"w": "majority"}
