"""Both histories must be one line, and the same one; what is in the way is named by its files, without an import."""

from __future__ import annotations

from pathlib import Path

import pytest

from storage import Invalid
from storage.migrations import RevisionFile
from storage.migrations.history import check_histories, read_files


class Histories:
    """The two folders, with the revisions that a test writes there."""

    def __init__(self, folder: Path) -> None:
        self.sql, self.mongo = folder / "sql", folder / "mongo"
        self.sql.mkdir()
        self.mongo.mkdir()

    def add(self, *names: str) -> None:
        """Write revisions that say what their names say, and their twins."""
        for name in names:
            self.write(name, int(name[:4]), int(name[:4]) - 1)

    def write(self, name: str, number: int, before: int) -> None:
        """Write a revision that says that number and follows that other, and its twin."""
        parent = f'"{before:04d}"' if before else None
        (self.sql / name).write_text(f'"""Change."""\nrevision = "{number:04d}"\ndown_revision = {parent}\n')
        (self.mongo / name).write_text('"""Change."""')

    def check(self) -> list[str]:
        """Return the names of the revisions."""
        return check_histories(self.sql, self.mongo)


@pytest.fixture
def histories(tmp_path: Path) -> Histories:
    return Histories(tmp_path)


def test_a_line_from_the_first_to_one_head_is_accepted(histories: Histories) -> None:
    names = ["0001_a.py", "0002_b.py", "0003_c.py"]
    histories.add(*names)
    assert histories.check() == names


@pytest.mark.parametrize(
    ("names", "sentence"),
    [
        (
            ["0001_a.py", "0002_b.py", "0002_c.py", "0003_d.py"],
            "0002_b.py and 0002_c.py are both revision 0002: rename one of them and its twin to 0004",
        ),
        (["0001_a.py", "0001_b.py"], "0001_a.py and 0001_b.py are both revision 0001"),
        (["0001_a.py", "0003_c.py"], "0003_c.py follows 0002, which is missing: restore that file"),
        (["0002_b.py"], "0002_b.py follows 0001, which is missing"),
        ([], "there is no revision"),
    ],
)
def test_a_history_that_forks_or_has_a_hole_is_refused_by_its_files(
    histories: Histories, names: list[str], sentence: str
) -> None:
    histories.add(*names)
    with pytest.raises(Invalid, match=sentence):
        histories.check()


@pytest.mark.parametrize(("number", "before"), [(3, 1), (2, 2), (3, 0), (3, 7)])
def test_a_revision_that_says_otherwise_than_its_name_is_refused(
    histories: Histories, number: int, before: int
) -> None:
    histories.add("0001_a.py", "0002_b.py")
    histories.write("0003_c.py", number, before)
    with pytest.raises(Invalid, match=r'0003_c.py must have one line revision = "0003" and .* down_revision = "0002"'):
        histories.check()


@pytest.mark.parametrize(
    "text",
    [
        'revision = "0002"',
        'down_revision = "0001"',
        'revision = "0002"\ndown_revision = ("0001", "0000")',
        'revision = "0002"\ndown_revision = ("0001",)',
        'revision = "0002"\ndown_revision = (\n    "0001"\n)',
        'revision = "0002"\ndown_revision = "0001"\ndown_revision = "0001"',
        'revision = "0002"\ndown_revision = before()',
        'revision = "00" + "02"\ndown_revision = "0001"',
        'revision = None\ndown_revision = "0001"',
    ],
)
def test_a_revision_that_does_not_say_plainly_what_it_follows_is_refused(histories: Histories, text: str) -> None:
    histories.add("0001_a.py", "0002_b.py")
    (histories.sql / "0002_b.py").write_text(text)
    with pytest.raises(Invalid, match=r"0002_b.py must have one line revision"):
        histories.check()


@pytest.mark.parametrize(
    "text",
    [
        'revision: str = "0002"\ndown_revision: str | None = "0001"\n',
        "revision = '0002'  # ours\ndown_revision = '0001'  # why\n",
    ],
)
def test_a_revision_may_say_it_in_any_plain_way(histories: Histories, text: str) -> None:
    histories.add("0001_a.py", "0002_b.py")
    (histories.sql / "0002_b.py").write_text(text)
    assert histories.check() == ["0001_a.py", "0002_b.py"]


@pytest.mark.parametrize("side", ["sql", "mongo"])
@pytest.mark.parametrize("others", [[], ["0003_c.py"]])
def test_a_revision_of_one_side_alone_is_named(histories: Histories, side: str, others: list[str]) -> None:
    histories.add("0001_a.py")
    folders = {"sql": histories.sql, "mongo": histories.mongo}
    (folders.pop(side) / "0002_b.py").write_text('revision = "0002"\ndown_revision = "0001"\n')
    [lacking] = folders.values()
    with pytest.raises(
        Invalid, match=rf"0002_b.py in .*{side} has no twin: write a file of the same name in {lacking}"
    ):
        histories.check()


@pytest.mark.parametrize("side", ["sql", "mongo"])
@pytest.mark.parametrize(
    "name", ["add_tanks.py", "0002-tanks.py", "00002_tanks.py", "0000_tanks.py", "._0001_a.py", "0002_tanks_.1.py"]
)
def test_a_module_without_a_number_is_refused_by_name(histories: Histories, side: str, name: str) -> None:
    histories.add("0001_a.py")
    ({"sql": histories.sql, "mongo": histories.mongo}[side] / name).write_text("raise OSError")
    with pytest.raises(Invalid, match=f"{name} in .*{side} is no revision: name it like 0001_what_it_does.py"):
        histories.check()


def test_what_is_no_module_is_left_alone(histories: Histories) -> None:
    histories.add("0001_a.py")
    for folder in (histories.sql, histories.mongo):
        (folder / "__init__.py").write_text("raise OSError")
        (folder / "notes.txt").touch()
        (folder / "__pycache__").mkdir()
        (folder / ".#0001_a.py").symlink_to("somebody@somewhere")
    assert histories.check() == ["0001_a.py"]


def test_a_file_is_read_without_being_imported(tmp_path: Path) -> None:
    (tmp_path / "0001_first.py").write_text('"""The first.\n\nMore."""\nraise OSError')
    (tmp_path / "0002_second.py").write_text("'''No docstring of ours.'''\n")
    assert read_files(tmp_path) == [
        RevisionFile("0001_first.py", "0001", "The first."),
        RevisionFile("0002_second.py", "0002", ""),
    ]


def test_a_file_that_is_not_utf_8_is_refused_by_name(histories: Histories) -> None:
    histories.add("0001_a.py")
    (histories.sql / "0001_a.py").write_bytes(b"\xff")
    with pytest.raises(Invalid, match=r"0001_a.py cannot be read"):
        histories.check()


def test_a_missing_folder_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match=r"folder of the revisions cannot be read: .*nowhere"):
        read_files(tmp_path / "nowhere")
