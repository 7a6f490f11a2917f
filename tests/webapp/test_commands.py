"""The commands that migrate: the same on every backend."""

from __future__ import annotations

import os
import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask

from storage import Engine, open_storage
from storage.flask import ConfigurationError
from tests.probe import Probe
from tests.probe_places import make_probes
from tests.webapp.conftest import MakeApp


def run(app: Flask, *arguments: str) -> Result:
    return app.test_cli_runner().invoke(args=list(arguments))


def head(app: Flask) -> str:
    return str(app.extensions["storage"].migrations.head())


def assert_refused(result: Result, sentence: str) -> None:
    """A refusal is exit status 1, one line on stderr, and nothing else."""
    assert result.exit_code == 1
    assert re.fullmatch(rf"Error: .*{sentence}.*\n", result.stderr), result.stderr
    assert result.stdout == ""


def test_upgrade_brings_a_fresh_database_to_the_head(fresh_app: Flask) -> None:
    result = run(fresh_app, "db", "upgrade")
    assert result.exit_code == 0
    assert result.output.endswith(f"went from no revision to {head(fresh_app)}\n")


def test_after_upgrade_the_database_serves(fresh_app: Flask) -> None:
    run(fresh_app, "db", "upgrade")
    assert fresh_app.extensions["storage"].engines.add(Engine(title="Raptor")).id == 1


def test_upgrade_of_what_is_at_the_head_changes_nothing(fresh_app: Flask) -> None:
    run(fresh_app, "db", "upgrade")
    assert run(fresh_app, "db", "upgrade").output.endswith(f"stays at {head(fresh_app)}\n")


def test_upgrade_stops_at_the_revision_that_is_named(fresh_app: Flask) -> None:
    run(fresh_app, "db", "upgrade", "0001")
    assert run(fresh_app, "db", "current").output == f"0001 (head is {head(fresh_app)})\n"


def test_upgrade_to_an_unknown_revision_is_refused(fresh_app: Flask) -> None:
    assert_refused(run(fresh_app, "db", "upgrade", "1234"), "'1234' is not in the history")


def test_downgrade_to_base_undoes_everything(fresh_app: Flask) -> None:
    run(fresh_app, "db", "upgrade")
    assert run(fresh_app, "db", "downgrade", "base").exit_code == 0
    assert run(fresh_app, "db", "current").output == f"no revision (head is {head(fresh_app)})\n"


def test_current_says_that_the_database_is_at_the_head(fresh_app: Flask) -> None:
    run(fresh_app, "db", "upgrade")
    assert run(fresh_app, "db", "current").output == f"{head(fresh_app)} (head)\n"


def test_history_lists_every_revision_with_what_it_does(fresh_app: Flask) -> None:
    lines = run(fresh_app, "db", "history").output.splitlines()
    assert [line[:6] for line in lines][:3] == ["0001  ", "0002  ", "0003  "]
    assert all(len(line) > 10 for line in lines)


def test_check_names_every_pending_revision(fresh_app: Flask) -> None:
    run(fresh_app, "db", "upgrade", "0001")
    result = run(fresh_app, "db", "check")
    assert result.exit_code == 1
    assert "revision 0002 is pending" in result.stderr
    assert "revision 0003 is pending" in result.stderr
    assert "revision 0001" not in result.stderr


def test_check_finds_nothing_lacking_after_upgrade(fresh_app: Flask) -> None:
    run(fresh_app, "db", "upgrade")
    result = run(fresh_app, "db", "check")
    assert (result.exit_code, result.output) == (0, f"nothing is lacking: {head(fresh_app)} (head)\n")


def test_stamp_records_a_revision_and_runs_nothing(fresh_app: Flask) -> None:
    assert run(fresh_app, "db", "stamp", "0002").exit_code == 0
    assert run(fresh_app, "db", "current").output == f"0002 (head is {head(fresh_app)})\n"


def test_both_histories_are_the_same(fresh_app: Flask, app: Flask) -> None:
    here, on_sqlite = run(fresh_app, "db", "history").output, run(app, "db", "history").output
    assert [line[:4] for line in here.splitlines()] == [line[:4] for line in on_sqlite.splitlines()]


def file_of(app: Flask) -> str:
    return str(app.config["STORAGE_URL"]).removeprefix("sqlite:///")


def test_check_names_an_index_that_is_missing(app: Flask) -> None:
    with closing(sqlite3.connect(file_of(app))) as database:
        database.execute("DROP INDEX ix_engine_thrust")
    result = run(app, "db", "check")
    assert result.exit_code == 1
    assert "thrust" in result.stderr


def test_check_names_an_entity_that_it_did_not_look_at(fresh_app: Flask) -> None:
    run(fresh_app, "db", "upgrade")
    url = fresh_app.config["STORAGE_URL"]
    with open_storage(url, entities=[Engine, Probe]) as storage:
        make_probes(storage)
    assert_refused(run(fresh_app, "db", "check"), "probe was not looked at")


def test_check_refuses_a_database_that_is_newer_than_the_code(app: Flask) -> None:
    with closing(sqlite3.connect(file_of(app))) as database, database:
        database.execute("UPDATE engine_room_version SET version_num = '9999'")
    assert_refused(run(app, "db", "check"), "newer than the code's")


def test_a_database_that_does_not_answer_is_one_sentence_without_the_password(make_app: MakeApp) -> None:
    app = make_app(STORAGE_URL="postgresql://scott:tiger@127.0.0.1:1/spaceship")
    result = run(app, "db", "current")
    assert_refused(result, "")
    assert "tiger" not in result.output


def test_the_group_of_commands_can_have_another_name(make_app: MakeApp) -> None:
    app = make_app(STORAGE_COMMANDS="schema")
    assert run(app, "schema", "history").exit_code == 0
    assert "db" not in app.cli.commands


def test_a_name_that_other_commands_have_is_refused(make_app: MakeApp) -> None:
    with pytest.raises(ConfigurationError, match="STORAGE_COMMANDS"):
        make_app(STORAGE_COMMANDS=7)


def test_the_command_flask_finds_the_commands_by_the_factory(instance: Path) -> None:
    settings = {"FLASK_SECRET_KEY": "a key of the tests", "FLASK_ALLOW_ANONYMOUS_WRITES": "true"}
    result = run_flask(instance, settings, "db", "upgrade")
    assert (result.returncode, result.stderr) == (0, "")
    assert (instance / "engine-room.db").is_file()


def test_the_command_flask_says_in_one_sentence_that_the_secret_key_is_missing(instance: Path) -> None:
    result = run_flask(instance, {}, "db", "upgrade")
    assert result.returncode == 2
    assert re.fullmatch(r"Error: SECRET_KEY is not set: .*\n", result.stderr)


def run_flask(instance: Path, settings: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "flask", "--app", "webapp", *arguments]
    root = str(Path(__file__).parents[2])
    environment = {**os.environ, "FLASK_INSTANCE_PATH": str(instance), "PYTHONPATH": root, **settings}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)
