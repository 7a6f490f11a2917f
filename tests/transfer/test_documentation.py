"""The pages on switching and on backups: what they say to type is typed, and does what they say."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest
import zstandard
from pyrage import x25519

from storage import Storage, open_storage
from storage.cli import commands
from storage.transfer import last_backup, last_verification
from tests.transfer.samples import fill_with_limits
from webapp import create_app

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"^( *)```(\w+)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)


def typed(page: str, language: str = "console") -> list[str]:
    """Return the lines that a page says to type."""
    text = (ROOT / "docs" / page).read_text()
    code = "\n".join(dedent(code) for _, found, code in BLOCK.findall(text) if found == language)
    return [line.removeprefix("$ ") for line in code.splitlines()]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with an instance of the application in it."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("FLASK_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("FLASK_INSTANCE_PATH", str(tmp_path / "instance"))
    (tmp_path / "instance").mkdir()
    (tmp_path / ".venv").symlink_to(ROOT / ".venv")
    return tmp_path


def configure(here: Path, url: str) -> None:
    """Write the application's configuration."""
    lines = ["SECRET_KEY = 'a key of the tests'", "ALLOW_ANONYMOUS_WRITES = True", f"STORAGE_URL = {url!r}", ""]
    (here / "instance" / "config.py").write_text("\n".join(lines))


def run(line: str) -> None:
    """Run a line: a command of the application in this process, anything else in a shell."""
    words = shlex.split(line)
    if words[:3] != [".venv/bin/flask", "--app", "webapp"]:
        subprocess.run(line, shell=True, check=True)  # noqa: S602 - our own pages
        return
    app = create_app()
    result = app.test_cli_runner().invoke(args=words[3:])
    app.extensions["storage"].close()
    assert result.exit_code == 0, result.output


def rows_of(file: Path) -> list[bytes]:
    """Return the lines of a backup that are rows."""
    with file.open("rb") as opened, zstandard.ZstdDecompressor().stream_reader(opened) as plain:
        return plain.read().splitlines()[1:-1]


def test_the_change_of_database_works_as_typed_and_brings_back_what_left(
    here: Path, source: Storage, make_database: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    fill_with_limits(source)
    configure(here, source.address)
    places = [make_database("postgresql"), make_database("mongodb"), f"sqlite:///{here / 'last.db'}"]
    backups = []
    for there in places:
        monkeypatch.setenv("THERE", there)
        for line in typed("switching.md"):
            run(line)
        backups.append(rows_of(here / "before.backup"))
    run(".venv/bin/flask --app webapp storage backup last.backup")
    backups.append(rows_of(here / "last.backup"))
    assert backups == [backups[0]] * 4
    assert json.loads(backups[0][0])["engine"]["title"] == "a"
    with open_storage(places[-1]) as last:
        assert last.engines.last_id() == source.engines.last_id()
    found = last_backup(here / "instance"), last_verification(here / "instance")
    assert [(record.well, record.rows) for record in found if record is not None] == [(True, len(backups[0]))] * 2


def test_the_nightly_backup_and_its_rehearsal_work_as_typed(here: Path, source: Storage) -> None:
    fill_with_limits(source)
    configure(here, source.address)
    private, make_folder, make_key, *rehearsal = typed("backup.md")
    assert private == "umask 077"
    run(make_folder)
    run(make_key)
    key = x25519.Identity.from_str((here / "backup.key").read_text().splitlines()[1])
    (cron,) = typed("backup.md", "cron")
    nightly = cron.removeprefix("30 2 * * * ").replace("\\%", "%").replace("/srv/engine-room", str(here))
    (here / "webapp").symlink_to(ROOT / "webapp")
    old = here / "backups" / "engine-room-2020-01-01.backup"
    old.touch()
    os.utime(old, (0, 0))
    subprocess.run(nightly.replace("age1publickey", str(key.to_public())), shell=True, check=True)  # noqa: S602
    assert [file.name[:12] for file in (here / "backups").iterdir()] == ["engine-room-"]
    assert not old.exists()
    for line in rehearsal * 2:
        run(line)


def test_every_command_is_in_the_table_of_exit_statuses() -> None:
    table = (ROOT / "docs/switching.md").read_text().partition("| status |")[2].partition("\n")[0]
    assert {name.strip(" `") for name in table.split("|") if name.strip()} == set(commands.commands)
