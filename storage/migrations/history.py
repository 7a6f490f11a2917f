"""The files of the two histories of revisions, SQL's and MongoDB's: whether they are one line, and the same one.

Two branches that each write a revision merge without a conflict, since git does not know the numbers. Every backend
asks ``check_histories`` before it runs a revision, so that each refuses the same files in the same words. That imports
none of them.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from traceback import extract_tb
from types import ModuleType

from storage.errors import Invalid

HERE = Path(__file__).parents[1]
MONGO_FOLDER = HERE / "mongo" / "revisions"

NUMBERED = re.compile(r"(?!0000)\d{4}_\w+\.py")
#: How an SQL revision says what it is, and what it follows.
ASSIGNED = re.compile(r"^(revision|down_revision)\b[^=\n]*=[ \t]*([^#\n]*)", re.MULTILINE)
SUMMARY = re.compile(r'\s*r?"""\s*(.*?)\s*(?:"""|\n|$)')


@dataclass(frozen=True, slots=True)
class RevisionFile:
    """One revision: the name of its file, its id, which is the number in the name, and a summary."""

    name: str
    id: str
    summary: str


def scripts_folder() -> Path:
    """Return the folder of Alembic's environment: inside the package in an installed wheel, else the repository's."""
    installed = HERE / "sql" / "alembic"
    return installed if installed.is_dir() else HERE.parent / "alembic"


def sql_folder() -> Path:
    """Return the folder of the SQL revisions."""
    return scripts_folder() / "versions"


def read_files(folder: Path) -> list[RevisionFile]:
    """Return the numbered revisions in a folder, in the order of their numbers, whether they form one line or not."""
    names = [name for name in module_names(folder) if NUMBERED.fullmatch(name)]
    return [RevisionFile(name, name[:4], summary_of(read_text(folder / name))) for name in names]


def module_names(folder: Path) -> list[str]:
    """Return the names of the modules in a folder, sorted. Editors lock a file by a link whose name begins with .#."""
    try:
        names = sorted(file.name for file in folder.iterdir() if file.suffix == ".py")
    except OSError as error:
        raise fault(f"the folder of the revisions cannot be read: {error}") from error
    return [name for name in names if name != "__init__.py" and not name.startswith(".#")]


def read_text(file: Path) -> str:
    """Return the text of a revision."""
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise fault(f"{file.name} cannot be read: {error}") from error


def summary_of(text: str) -> str:
    """Return the first line of a docstring."""
    found = SUMMARY.match(text)
    return found[1] if found else ""


def check_histories(sql: Path, mongo: Path) -> list[str]:
    """Return the names of the revisions, oldest first, which both folders have.

    ``Invalid`` names the files that do not form one line from 0001 to one head, or that lack a twin.
    """
    names, twins = module_names(sql), module_names(mongo)
    for folder, found in ((sql, names), (mongo, twins)):
        check_names(folder, found)
    check_numbers(names)
    check_twins(sql, names, mongo, twins)
    for name in names:
        check_assigned(name, read_text(sql / name))
    return names


def check_names(folder: Path, names: Sequence[str]) -> None:
    """Raise ``Invalid`` for a module without a number: Alembic would run it, and nothing here would know of it."""
    for name in names:
        if not NUMBERED.fullmatch(name):
            raise fault(f"{name} in {folder} is no revision: name it like 0001_what_it_does.py, or remove it")


def check_numbers(names: Sequence[str]) -> None:
    """Raise ``Invalid`` unless the numbers go from 0001 up, each once."""
    if not names:
        raise fault("there is no revision: the folder of the revisions is empty")
    numbers = [name[:4] for name in names]
    for name, number in zip(names, numbers, strict=True):
        same = [other for other in names if other.startswith(f"{number}_")]
        if len(same) > 1:
            raise fault(
                f"{' and '.join(same)} are both revision {number}: rename one of them and its twin to"
                f" {int(numbers[-1]) + 1:04d}, and change revision and down_revision in the SQL file"
            )
        before = number_before(name)
        if before not in (None, *numbers):
            raise fault(f"{name} follows {before}, which is missing: restore that file, or renumber {name}")


def check_twins(sql: Path, names: Sequence[str], mongo: Path, twins: Sequence[str]) -> None:
    """Raise ``Invalid`` for revisions that one of the folders has alone."""
    for folder, alone, lacking in ((sql, set(names) - set(twins), mongo), (mongo, set(twins) - set(names), sql)):
        if alone:
            raise fault(
                f"{', '.join(sorted(alone))} in {folder} has no twin: write a file of the same name in {lacking}"
            )


def check_assigned(name: str, text: str) -> None:
    """Raise ``Invalid`` unless an SQL revision says plainly that it is what its name says, and follows the one before.

    Several predecessors, or an expression, would be read otherwise by Alembic than here.
    """
    before = number_before(name)
    wanted = [("down_revision", f'"{before}"' if before else "None"), ("revision", f'"{name[:4]}"')]
    found = [(variable, value.strip().replace("'", '"')) for variable, value in ASSIGNED.findall(text)]
    if sorted(found) != wanted:
        raise misnumbered(name)


def check_module(name: str, module: ModuleType) -> None:
    """Raise ``Invalid`` unless a revision can be run in both directions."""
    for function in ("upgrade", "downgrade"):
        if not callable(getattr(module, function, None)):
            raise fault(f"{name} has no function {function}: write one")


def number_before(name: str) -> str | None:
    """Return the number before that of a file, ``None`` for the first."""
    number = int(name[:4])
    return f"{number - 1:04d}" if number > 1 else None


def import_fault(error: Exception, names: Collection[str]) -> Invalid:
    """Return the error for a revision that cannot be imported; the traceback says which of the files it is."""
    places = [frame.filename for frame in extract_tb(error.__traceback__)]
    if isinstance(error, SyntaxError):
        places.append(error.filename or "")
    found = [name for place in places if (name := Path(place).name) in names]
    return fault(f"{found[-1] if found else 'a revision'} cannot be imported: {type(error).__name__}: {error}")


def misnumbered(name: str) -> Invalid:
    """Return the error for an SQL revision that does not say what its name says."""
    before = number_before(name)
    parent = f'"{before}"' if before else "None"
    return fault(f'{name} must have one line revision = "{name[:4]}" and one line down_revision = {parent}')


def fault(sentence: str) -> Invalid:
    """Return the error for a history that cannot be run."""
    return Invalid({"history": sentence})
