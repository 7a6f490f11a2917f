"""The private servers: fresh databases, and nothing left behind."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from storage import Engine, SchemaOutOfDate, Unavailable, open_storage
from tests.databases import ping
from tests.mysql_server import find_mysqld
from tests.programs import Missing, find_program
from tests.running import RunningServers
from tests.servers import PRIVATE, VARIABLES, MongoDB, PrivateServer, Server, runnable, start_server

KILLED_RUN = """
import os, signal
from tests.servers import PRIVATE, runnable

for kind in runnable():
    print(PRIVATE[kind]().folder, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_test_run_that_is_killed_leaves_no_server_and_no_folder_behind() -> None:
    # The guards hold the output open: it ends when the last of them is done.
    run = subprocess.run(
        [sys.executable, "-c", KILLED_RUN], cwd=Path(__file__).parents[1], stdout=subprocess.PIPE, text=True
    )
    assert run.returncode == -signal.SIGKILL
    folders = run.stdout.split()
    assert len(folders) == len(runnable())
    assert [folder for folder in folders if Path(folder).exists()] == []


def test_a_server_that_was_closed_answers_no_more_and_has_no_folder() -> None:
    server = MongoDB()
    ping(server.address)
    server.close()
    assert not server.folder.exists()
    with pytest.raises(OSError, match="refused"):
        connect(server.port)


def connect(port: int) -> None:
    """Open a connection and close it."""
    socket.create_connection(("127.0.0.1", port)).close()


@pytest.fixture(params=PRIVATE)
def private(request: pytest.FixtureRequest) -> Iterator[PrivateServer]:
    """A private server of each kind."""
    servers = RunningServers(lambda kind: PRIVATE[kind]())
    yield servers[request.param]
    servers.close()


def test_a_server_that_a_variable_names_is_used_and_left_as_it_was(
    private: PrivateServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind = next(kind for kind in PRIVATE if isinstance(private, PRIVATE[kind]))
    monkeypatch.setenv(VARIABLES[kind], private.address)
    server = start_server(kind)
    url = server.new_database()
    with open_storage(url) as storage:
        storage.migrations.upgrade()
        assert storage.engines.add(Engine("Raptor")).id == 1
    server.close()
    with open_storage(url) as storage, pytest.raises((Unavailable, SchemaOutOfDate)):
        storage.engines.count()


def test_a_program_that_is_not_installed_is_missing_and_says_how_to_get_it() -> None:
    with pytest.raises(Missing, match="no-such-server is not installed: install it"):
        find_program("no-such-server", "install it")


@pytest.mark.parametrize(("ci", "outcome"), [("", pytest.skip.Exception), ("true", pytest.fail.Exception)])
def test_a_server_that_cannot_run_skips_its_test_and_fails_it_in_a_build(
    monkeypatch: pytest.MonkeyPatch, ci: str, outcome: type[BaseException]
) -> None:
    def start(kind: str) -> Server:
        raise Missing(f"there is no {kind} here")

    monkeypatch.setenv("CI", ci)
    with pytest.raises(outcome, match="mariadb is not tested: there is no mariadb here"):
        RunningServers(start)["mariadb"]


def test_a_build_skips_the_tests_of_the_server_that_it_could_not_get(monkeypatch: pytest.MonkeyPatch) -> None:
    def start(kind: str) -> Server:
        raise Missing(f"there is no {kind} here")

    monkeypatch.setenv("CI", "true")
    monkeypatch.setenv("CI_WITHOUT", "mysql")
    with pytest.raises(pytest.skip.Exception, match="mysql is not tested"):
        RunningServers(start)["mysql"]
    with pytest.raises(pytest.fail.Exception, match="mariadb is not tested"):
        RunningServers(start)["mariadb"]


def test_the_named_mysqld_must_be_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MYSQLD", "/not/there")
    with pytest.raises(Missing, match="MYSQLD names /not/there, which is not there"):
        find_mysqld()


def test_a_program_of_mariadb_is_not_mysql(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "usr" / "sbin" / "mysqld"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\necho 'mysqld  Ver 10.11.19-MariaDB'\n")
    program.chmod(0o755)
    monkeypatch.setenv("MYSQLD", str(program))
    monkeypatch.setenv("PATH", str(program.parent))
    monkeypatch.setattr("tests.mysql_server.FOLDER", tmp_path / "empty")
    with pytest.raises(Missing, match="run `make mysql`"):
        find_mysqld()
