"""``python -m storage``: what it prints, asks and ends with."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from storage import Engine, Storage, Unavailable
from storage.cli import commands
from storage.cli.progress import Bar, Lines
from storage.transfer.rows import MOST_NAMED
from tests.transfer.planting import change
from tests.transfer.samples import engines


def run(*arguments: object) -> Result:
    return CliRunner().invoke(commands, [str(argument) for argument in arguments])


def test_a_copy_says_what_it_did(source: Storage, destination: Storage) -> None:
    source.engines.put_many(engines(3))
    result = run("copy", source.address, destination.address)
    assert result.exit_code == 0
    assert result.stdout == ("engine: 3 added\nengine: the high-water mark rose to 3\n")
    assert "copying engine: 3 rows" in result.stderr
    assert destination.engines.count() == 3


def test_a_dry_run_says_what_it_would_do(source: Storage, destination: Storage) -> None:
    source.engines.put_many(engines(3))
    result = run("copy", "--dry-run", source.address, destination.address)
    assert (result.exit_code, "engine: would be 3 added" in result.stdout) == (0, True)
    assert destination.engines.count() == 0


def test_a_check_says_what_a_copy_would_do(source: Storage, destination: Storage) -> None:
    source.engines.put_many(engines(3))
    result = run("check", source.address, destination.address)
    assert "engine: would be 3 added\n" in result.stdout
    assert "engine: the high-water mark would rise to 3\n" in result.stdout


def test_a_dry_run_with_nothing_but_a_mark_to_raise_is_not_done(source: Storage, destination: Storage) -> None:
    source.engines.reserve_ids(9)
    command = ["copy", "--dry-run", source.address, destination.address]
    assert "engine: the high-water mark would rise to 9" in run(*command).stdout
    assert json.loads(run(*command, "--json").output)["done"] is False
    assert destination.engines.last_id() == 0


def test_where_nothing_is_otherwise_a_dry_run_is_done(source: Storage, destination: Storage) -> None:
    for storage in (source, destination):
        storage.engines.put_many(engines(3))
    assert json.loads(run("copy", "--dry-run", "--json", source.address, destination.address).output)["done"] is True


def test_a_copy_of_a_row_that_cannot_be_held_is_not_done(source: Storage, destination: Storage) -> None:
    source.engines.put_many(engines(1))
    destination.engines.reserve_ids(1)
    change(source, 1, "thrust", 7.5)
    document = json.loads(run("copy", "--json", source.address, destination.address).output)
    assert (document["broken"], document["done"]) == (1, False)


def test_quiet_says_nothing_where_nothing_is_wrong(source: Storage, destination: Storage) -> None:
    source.engines.put_many(engines(3))
    assert run("copy", "--quiet", source.address, destination.address).output == ""


def test_programs_get_one_document(source: Storage, destination: Storage) -> None:
    source.engines.put_many(engines(3))
    document = json.loads(run("copy", "--json", source.address, destination.address).output)
    assert document["entities"]["engine"]["counts"] == {"added": 3}
    assert document["done"] is True
    assert json.loads(run("verify", "--json", source.address, destination.address).output)["equal"] is True


def test_rows_that_were_left_are_named_and_the_status_is_1(source: Storage, destination: Storage) -> None:
    source.engines.put_many([Engine("here", id=1, version=1)])
    destination.engines.put_many([Engine("there", id=1, version=2)])
    result = run("copy", source.address, destination.address)
    assert (result.exit_code, "engine 1 is newer at the destination" in result.stderr) == (1, True)


@pytest.mark.parametrize("command", ["copy", "check"])
def test_rows_that_cannot_be_held_are_named_and_the_status_is_1(
    source: Storage, destination: Storage, command: str
) -> None:
    source.engines.put_many(engines(2))
    change(source, 2, "thrust", 7.5)
    result = run(command, source.address, destination.address)
    assert result.exit_code == 1
    assert "engine 2: thrust: must be a whole number, not float" in result.stderr
    assert "cannot hold 1 rows: nothing was written" in result.stderr


def test_nothing_is_deleted_where_nobody_can_be_asked(source: Storage, destination: Storage) -> None:
    destination.engines.put_many(engines(2))
    result = run("copy", "--delete", source.address, destination.address)
    assert (result.exit_code, "2 rows of the destination would be deleted: say --yes" in result.stderr) == (2, True)
    assert destination.engines.count() == 2
    assert run("copy", "--delete", "--yes", source.address, destination.address).exit_code == 0
    assert destination.engines.count() == 0


@pytest.mark.parametrize(("number", "more"), [(1, ""), (MOST_NAMED, ""), (MOST_NAMED + 3, "and 3 more differences\n")])
def test_differences_that_are_not_named_are_counted(
    source: Storage, destination: Storage, number: int, more: str
) -> None:
    source.engines.put_many(engines(number))
    destination.engines.reserve_ids(number)
    warned = run("verify", "--quiet", source.address, destination.address).stderr
    assert warned.count("is missing on the right\n") == min(number, MOST_NAMED)
    assert warned.rpartition("is missing on the right\n")[2] == more


@pytest.mark.parametrize(("answer", "left"), [("n\n", 2), ("y\n", 0)])
def test_on_a_terminal_it_asks(
    source: Storage, destination: Storage, monkeypatch: pytest.MonkeyPatch, answer: str, left: int
) -> None:
    monkeypatch.setattr("click.testing._NamedTextIOWrapper.isatty", lambda self: True, raising=False)
    destination.engines.put_many(engines(2))
    arguments = ["copy", "--quiet", "--delete", source.address, destination.address]
    result = CliRunner().invoke(commands, arguments, input=answer)
    assert "2 rows of the destination would be deleted: go on?" in result.stderr
    assert (result.exit_code, destination.engines.count()) == (1 if left else 0, left)


def test_a_difference_is_named_and_the_status_is_1(source: Storage, destination: Storage) -> None:
    source.engines.put_many(engines(2))
    destination.engines.put_many([*engines(1), Engine("Raptor", id=2, version=2)])
    result = run("verify", source.address, destination.address)
    assert result.exit_code == 1
    assert 'title is "engine 2" on the left and "Raptor" on the right' in result.stderr
    assert "more differences" not in result.stderr


def test_differences_beyond_those_that_are_named_are_counted(source: Storage, destination: Storage) -> None:
    source.engines.put_many(engines(MOST_NAMED + 2))
    destination.engines.reserve_ids(MOST_NAMED + 2)
    result = run("verify", source.address, destination.address)
    assert result.stderr.count("is missing on the right") == MOST_NAMED
    assert "and 2 more differences" in result.stderr


def test_a_backup_goes_through_files_and_pipes(source: Storage, destination: Storage, tmp_path: Path) -> None:
    source.engines.put_many(engines(2))
    result = run("backup", source.address, tmp_path / "backup")
    assert (result.exit_code, result.stdout) == (0, "engine: 2 rows\n")
    piped = run("backup", "--quiet", source.address, "-").stdout_bytes
    restored = CliRunner().invoke(commands, ["restore", "-", destination.address], input=piped)
    assert restored.exit_code == 0
    assert run("verify", tmp_path / "backup", destination.address).exit_code == 0


def test_a_file_that_is_not_there_is_made_only_when_asked(source: Storage, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'new.db'}"
    result = run("copy", source.address, url)
    assert (result.exit_code, "--upgrade makes a file" in result.stderr) == (2, True)
    assert not (tmp_path / "new.db").exists()
    assert run("copy", "--upgrade", source.address, url).exit_code == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ["copy", "{here}", "{here}"],
        ["copy", "--dry-run", "--upgrade", "{here}", "{there}"],
        ["verify", "{here}", "nonsense://x"],
        ["verify", "no such file", "{there}"],
        ["restore", "no such file", "{there}"],
        ["backup", "{here}", "/no/such/folder/backup"],
        ["check", "env:NO_SUCH_VARIABLE", "{there}"],
        ["check", "{here}", "postgresql://scott:tiger@127.0.0.1:1/spaceship"],
        ["copy", "{here}", "{there}", "postgresql://scott:tiger@h/spaceship"],
        ["verify", "--right=postgresql://scott:tiger@h/spaceship", "{there}"],
        ["verify", "postgresql:/scott:tiger@h/spaceship", "{there}"],
        ["restore", "postgresql://scott:tiger@h/spaceship", "{there}"],
        ["backup", "{here}", "postgresql://scott:tiger@h/spaceship"],
        ["postgresql://scott:tiger@h/spaceship"],
    ],
)
def test_what_cannot_be_done_is_one_sentence_and_status_2(
    source: Storage, destination: Storage, arguments: list[str]
) -> None:
    given = [one.format(here=source.address, there=destination.address) for one in arguments]
    result = run(*given)
    assert result.exit_code == 2
    assert result.stderr.count("Error: ") == 1
    assert "tiger" not in result.output
    assert result.exception is None or isinstance(result.exception, SystemExit)


def test_a_url_may_be_in_a_variable(source: Storage, destination: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HERE", source.address)
    assert run("verify", "env:HERE", destination.address).exit_code == 0


def test_a_log_gets_a_line_now_and_then_with_rate_and_time_left() -> None:
    written: list[str] = []
    times = iter([0.0, 4.0, 10.0, 10.0, 10.0, 12.0])
    lines = Lines(written.append, clock=lambda: next(times))
    lines.begin("copying engine", 5000)
    lines.advance(1000)
    lines.advance(1000)
    lines.end()
    assert written == ["copying engine: 2,000 of 5,000 rows, 200 a second, 15 s left", "copying engine: 2,000 rows"]


def test_a_terminal_gets_a_bar(tmp_path: Path) -> None:
    with (tmp_path / "terminal").open("w+") as terminal:
        bar = Bar(terminal)
        assert list(bar.over("copying engine", 2000, range(2000))) == list(range(2000))
        terminal.seek(0)
        assert "2000/2000" in terminal.read()


HIDE, SHOW = "\x1b[?25l", "\x1b[?25h"


class Terminal(io.StringIO):
    """A terminal that keeps what is written to it."""

    def isatty(self) -> bool:
        return True


def test_each_part_has_a_bar_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    terminal = Terminal()
    bar = Bar(terminal)
    list(bar.over("copying engine", 1, range(1)))
    before = len(terminal.getvalue())
    list(bar.over("copying api_token", 1, range(1)))
    after = terminal.getvalue()[before:]
    assert ("copying api_token" in after, "copying engine" in after) == (True, False)


def test_an_error_leaves_the_terminal_as_it_was(
    source: Storage, destination: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr("click.testing._NamedTextIOWrapper.isatty", lambda self: True, raising=False)

    def fail(*_: object) -> None:
        raise Unavailable("the disk is full")

    monkeypatch.setattr("storage.transfer.copying.Writer.take", fail)
    source.engines.put_many(engines(3))
    written = run("copy", source.address, destination.address).stderr
    assert "copying engine" in written
    assert written.rpartition(HIDE)[2].count(SHOW) == 1
    assert written.rpartition(SHOW)[2].strip() == "Error: the disk is full"
