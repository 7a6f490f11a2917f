"""``python -m webapp``: from nothing to a served application."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

import pytest

from tests.processes import free_port
from webapp.__main__ import write_config

ROOT = Path(__file__).parents[2]


@contextmanager
def served(**settings: str) -> Iterator[str]:
    """Run the command until the server listens; give its address, and end it as its administrator would."""
    port = free_port()
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PORT": str(port), **settings}
    command = [sys.executable, "-m", "webapp"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as run:
        assert run.stdout is not None
        try:
            heard = []
            for line in run.stdout:
                heard.append(line)
                if "Listening at" in line:
                    break
            assert f"Engine Room is at http://127.0.0.1:{port}/\n" in heard, "".join(heard)
            yield f"http://127.0.0.1:{port}"
        finally:
            run.send_signal(signal.SIGTERM)
            run.communicate(timeout=60)


def get(url: str) -> str:
    with urlopen(url, timeout=60) as response:  # noqa: S310 - our own server
        return response.read().decode()


def test_a_fresh_checkout_is_served_and_migrated(instance: Path) -> None:
    with served() as address:
        assert json.loads(get(f"{address}/readyz"))["ready"] is True
        assert "(<code>sqlite</code>)" in get(address)
    assert (instance / "engine-room.db").is_file()


def test_one_setting_serves_another_database(make_database: Callable[[str], str]) -> None:
    with served(FLASK_STORAGE_URL=make_database("postgresql")) as address:
        assert "(<code>postgresql</code>)" in get(address)


def test_a_new_configuration_has_a_long_key_that_only_its_owner_can_read(instance: Path) -> None:
    write_config(instance / "config.py")
    settings: dict[str, str] = {}
    exec((instance / "config.py").read_text(), settings)  # noqa: S102 - what was just written
    assert len(settings["SECRET_KEY"]) == 64
    assert stat.S_IMODE((instance / "config.py").stat().st_mode) == 0o600


def test_every_new_configuration_has_another_key(instance: Path) -> None:
    write_config(instance / "config.py")
    write_config(instance / "other.py")
    assert (instance / "config.py").read_text() != (instance / "other.py").read_text()


def test_a_configuration_that_exists_is_left_alone(instance: Path) -> None:
    instance.mkdir()
    (instance / "config.py").write_text("SECRET_KEY = 'mine'\n")
    write_config(instance / "config.py")
    assert (instance / "config.py").read_text() == "SECRET_KEY = 'mine'\n"


@pytest.mark.parametrize("url", ["postgresql://scott:tiger@127.0.0.1:1/spaceship", "oracle://scott:tiger@host/x"])
def test_a_database_that_cannot_be_used_is_one_sentence_without_the_password(url: str) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "FLASK_STORAGE_URL": url}
    command = [sys.executable, "-m", "webapp"]
    result = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)
    assert result.returncode == 1
    assert result.stderr.startswith("Error: ")
    assert "Traceback" not in result.stderr
    assert "tiger" not in result.stdout + result.stderr
