"""What docs/operations.md says to type is typed here, as far as it runs without an administrator; and compose.yaml."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

import psycopg
import pytest
import yaml

from storage import open_storage
from storage.flask import ConfigurationError
from tests.databases import with_database
from tests.processes import free_port
from tests.running import RunningServers
from tests.servers import PrivateServer
from tests.webapp.people import entry
from webapp import create_app

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs/operations.md").read_text()
COMPOSE = (ROOT / "compose.yaml").read_text()


class Machine:
    """The machine of the page: its folders are in a temporary one, its programs those of this environment."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder = folder
        self.url = url
        kept = {name: value for name, value in os.environ.items() if not name.startswith("FLASK_")}
        self.environment = kept | {"PYTHONPATH": str(ROOT)}

    def here(self, text: str) -> str:
        """A text of the page with the places of this machine."""
        text = text.replace("/opt/engine-room/bin", str(Path(sys.executable).parent))
        text = text.replace("/var/lib/engine-room", str(self.folder / "instance"))
        return text.replace("/var/backups/engine-room", str(self.folder / "backups"))

    def type(self, line: str) -> str:
        """Run one line of the page as the user of the service, who is ours."""
        line = self.here(line.removeprefix("sudo -u engine-room "))
        words = shlex.split(line)
        settings = [word for word in words if re.match(r"[A-Z_]+=", word)]
        environment = self.environment | dict(word.split("=", 1) for word in settings)
        done = subprocess.run(words[len(settings) :], cwd=self.folder, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def configure(self, text: str) -> None:
        """Write the configuration of the page, with a real hash and the port of the server here."""
        (self.folder / "instance").mkdir(mode=0o700)
        text = text.replace("$argon2id$…", entry("write")["password_hash"])
        text = text.replace("postgresql://engines:password@127.0.0.1/engines", self.url)
        (self.folder / "instance" / "config.py").write_text(text)


def lines(pattern: str) -> list[str]:
    """The lines to type that match."""
    return [line for line in re.findall(r"^\$ (.+)$", PAGE, re.MULTILINE) if re.search(pattern, line)]


@pytest.fixture
def machine(tmp_path: Path, servers: RunningServers[PrivateServer]) -> Iterator[Machine]:
    """A machine whose PostgreSQL has the role and the database that the page makes."""
    commands = [shlex.split(line)[-1] for line in lines("psql -c")]
    server = servers["postgresql"]
    with psycopg.connect(server.address, autocommit=True) as connection:
        for command in commands:
            connection.execute(command)
        url = urlsplit(with_database(server.tcp_address, "engines"))
        yield Machine(tmp_path, url._replace(netloc=url.netloc.replace("postgres@", "engines:password@")).geturl())
        connection.execute("DROP DATABASE engines WITH (FORCE)")
        connection.execute("DROP ROLE engines")


def test_the_page_leads_to_a_served_application(machine: Machine) -> None:
    (config,) = [code for code in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL) if "SECRET_KEY" in code]
    machine.configure(config)
    (upgrade,) = lines("db upgrade")
    assert "postgresql database went from no revision to" in machine.type(upgrade)
    (machine.folder / "backups").mkdir()
    (backup,) = lines("storage backup")
    machine.type(backup)
    assert (machine.folder / "backups" / "first.backup").is_file()

    (start,) = re.findall(r"^ExecStart=(.+)$", PAGE, re.MULTILINE)
    port = free_port()
    command = [*shlex.split(machine.here(start)), "--bind", f"127.0.0.1:{port}"]
    environment = machine.environment | {"FLASK_INSTANCE_PATH": str(machine.folder / "instance")}
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True, cwd=machine.folder) as server:
        try:
            assert server.stderr is not None
            assert any("Booting worker" in line for line in server.stderr)
            with urlopen(f"http://127.0.0.1:{port}/readyz", timeout=60) as answer:
                assert json.load(answer)["ready"] is True
            page = Request(f"http://127.0.0.1:{port}/login", headers={"Host": "engines.example"})
            with urlopen(page, timeout=60) as answer:  # noqa: S310 - our own server
                assert "Sign in" in answer.read().decode()
        finally:
            server.terminate()
            server.communicate(timeout=60)


def test_every_service_of_compose_has_a_profile_a_volume_and_a_port_of_this_machine() -> None:
    compose = yaml.safe_load(COMPOSE)
    assert set(compose["services"]) == {"postgresql", "mariadb", "mongodb"} == set(compose["volumes"])
    for name, service in compose["services"].items():
        assert service["profiles"] == [name]
        assert all(port.startswith("127.0.0.1:") for port in service["ports"])
        assert [volume.partition(":")[0] for volume in service["volumes"]] == [name]
        assert service["healthcheck"]["test"][0] == "CMD"


EXAMPLES = re.findall(r"--profile (\w+) up --wait\n#   (\w+)=(\S+) .venv/bin/python -m webapp", COMPOSE)


def test_compose_says_how_each_service_is_used() -> None:
    assert [profile for profile, _, _ in EXAMPLES] == ["postgresql", "mariadb", "mongodb"]


@pytest.mark.parametrize(("profile", "variable", "url"), EXAMPLES)
def test_the_variable_of_compose_chooses_the_database(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, profile: str, variable: str, url: str
) -> None:
    monkeypatch.setenv("FLASK_INSTANCE_PATH", str(tmp_path))
    monkeypatch.setenv(variable, url)
    app = create_app({"SECRET_KEY": "a key of the tests", "ALLOW_ANONYMOUS_WRITES": True})
    with open_storage(url) as expected:
        assert app.extensions["storage"].address == expected.address
    service = yaml.safe_load(COMPOSE)["services"][profile]
    values = set(service.get("environment", {}).values())
    parts = urlsplit(url)
    assert {part for part in (parts.username, parts.password) if part} <= values
    assert parts.path == "/engines"


def test_the_name_without_prefix_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FLASK_INSTANCE_PATH", str(tmp_path))
    monkeypatch.setenv("STORAGE_URL", "postgresql://engines:engines@127.0.0.1/engines")
    with pytest.raises(ConfigurationError, match="FLASK_STORAGE_URL"):
        create_app({"SECRET_KEY": "a key of the tests", "DEBUG": True})
