"""The files of a history must form one line; what is in the way is named by its files, and nothing is imported."""

from __future__ import annotations

from pathlib import Path

import pytest

from storage import Invalid
from storage.history import RevisionFile, check_files, read_files


def revision(id: str, parent: str | None, name: str = "change") -> RevisionFile:
    return RevisionFile(f"{id}_{name}.py", id, parent, "Change.")


FIRST, SECOND = revision("0001", None), revision("0002", "0001")


def test_a_line_from_the_first_to_one_head_is_accepted() -> None:
    check_files([FIRST, SECOND, revision("0003", "0002")])


def test_a_hole_between_numbers_is_accepted_where_each_names_the_one_before() -> None:
    check_files([FIRST, SECOND, revision("0007", "0002")])


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        ([FIRST, SECOND, revision("0002", "0001", "other")], "0002_change.py and 0002_other.py are both 0002"),
        ([FIRST, SECOND, revision("0003", "0001")], "0002_change.py and 0003_change.py both follow 0001"),
        ([FIRST, revision("0003", "0002")], "0003_change.py follows 0002, which is not there before it"),
        ([FIRST, revision("0002", "0003"), revision("0003", "0001")], "0002_change.py follows 0003"),
        ([FIRST, revision("0002", "0002")], "0002_change.py follows 0002"),
        ([FIRST, revision("0002", None)], "0001_change.py and 0002_change.py are both the first"),
        ([SECOND], "0002_change.py follows 0001, which is not there before it"),
        ([RevisionFile("0001_a.py", "0002", None, "")], "0001_a.py holds the revision '0002'"),
        ([], "has no revision"),
    ],
)
def test_a_history_that_forks_or_has_a_hole_is_refused_by_its_files(files: list[RevisionFile], sentence: str) -> None:
    with pytest.raises(Invalid, match=sentence):
        check_files(files)


def write(folder: Path, name: str, text: str) -> None:
    (folder / name).write_text(text)


def test_a_file_is_read_without_being_imported(tmp_path: Path) -> None:
    write(
        tmp_path,
        "0001_first.py",
        '"""The first.\n\nMore."""\nrevision: str = "0001"\ndown_revision = None\nraise OSError',
    )
    write(tmp_path, "0002_second.py", "'''No docstring of ours.'''\nrevision = '0002'\ndown_revision = '0001'  # why\n")
    write(tmp_path, "__init__.py", "raise OSError")
    assert read_files(tmp_path) == [
        RevisionFile("0001_first.py", "0001", None, "The first."),
        RevisionFile("0002_second.py", "0002", "0001", ""),
    ]


def test_by_the_number_alone_a_missing_file_is_a_hole(tmp_path: Path) -> None:
    write(tmp_path, "0001_first.py", '"""First."""')
    write(tmp_path, "0003_third.py", '"""Third."""')
    with pytest.raises(Invalid, match=r"0003_third.py follows 0002, which is not there before it"):
        check_files(read_files(tmp_path, numbered_only=True))
