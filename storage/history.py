"""The files of a history of revisions, and whether they form one line: read without importing any of them.

Two branches that each write a revision merge without a conflict, since git knows nothing of their numbers. Every
backend looks at the files by the same rules before it runs any of them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from storage.errors import Invalid

NUMBERED = re.compile(r"(\d{4})_\w+\.py")
ASSIGNED = re.compile(
    r"""^(revision|down_revision)\s*(?::[^=\n]*)?=\s*(?:["'](\w+)["']|None)\s*(?:#.*)?$""", re.MULTILINE
)
SUMMARY = re.compile(r'\s*r?"""\s*(.*?)\s*(?:"""|\n|$)')


@dataclass(frozen=True, slots=True)
class RevisionFile:
    """One revision: the name of its file, its id, the id of the revision before it (``None``: the first), a summary."""

    name: str
    id: str
    parent: str | None
    summary: str


def read_files(folder: Path, *, numbered_only: bool = False) -> list[RevisionFile]:
    """Return the revisions in a folder, in the order of their numbers.

    The text of a file says which revision it follows; with ``numbered_only``, the number in its name does.
    """
    names = sorted(file.name for file in folder.iterdir() if NUMBERED.fullmatch(file.name))
    return [read_file(folder / name, numbered_only=numbered_only) for name in names]


def read_file(file: Path, *, numbered_only: bool) -> RevisionFile:
    """Return one revision."""
    text = file.read_text(encoding="utf-8")
    summary = SUMMARY.match(text)
    number = file.name[:4]
    before = f"{int(number) - 1:04d}" if int(number) > 1 else None
    assigned = {"revision": number, "down_revision": before}
    if not numbered_only:
        assigned |= {name: value or None for name, value in ASSIGNED.findall(text)}
    return RevisionFile(file.name, assigned["revision"] or "", assigned["down_revision"], summary[1] if summary else "")


def check_files(files: Sequence[RevisionFile]) -> None:
    """Raise ``Invalid`` unless the files form one line from the first revision to one head; names the files."""
    if not files:
        raise Invalid({"history": "has no revision: the folder of the revisions is empty"})
    by_id: dict[str, RevisionFile] = {}
    by_parent: dict[str | None, RevisionFile] = {}
    for file in files:
        if not file.name.startswith(f"{file.id}_"):
            raise Invalid(
                {"history": f"{file.name} holds the revision {file.id!r}: its name must begin with that number"}
            )
        if file.id in by_id:
            names = f"{by_id[file.id].name} and {file.name}"
            raise Invalid({"history": f"{names} are both {file.id}: give one of them the next number, in its name too"})
        by_id[file.id] = file
    for file in files:
        if file.parent is not None and (file.parent not in by_id or file.parent >= file.id):
            raise Invalid(
                {"history": f"{file.name} follows {file.parent}, which is not there before it: a file is missing"}
            )
        if file.parent in by_parent:
            names = f"{by_parent[file.parent].name} and {file.name}"
            place = "are both the first" if file.parent is None else f"both follow {file.parent}"
            raise Invalid({"history": f"{names} {place}: have one of them follow the other"})
        by_parent[file.parent] = file
