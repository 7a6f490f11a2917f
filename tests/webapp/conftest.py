"""Applications for the tests: each with an instance folder of its own, none with the settings of this machine."""

from __future__ import annotations

import os
import re
import resource
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.servers import KINDS
from tests.webapp.people import CLOSED
from webapp import create_app

MakeApp = Callable[..., Flask]

#: Databases that do not answer, with passwords that nobody may see.
CLOSED_PORTS = ["mongodb://scott:tiger@127.0.0.1:1/spaceship", "postgresql://scott:tiger@127.0.0.1:1/spaceship"]

NOW = datetime(2026, 1, 31, 9, 30, 0, 123_456, UTC)


@pytest.fixture(autouse=True)
def instance(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The instance folder, which does not exist yet; nothing else is configured."""
    for name in [name for name in os.environ if name.startswith("FLASK_")]:
        monkeypatch.delenv(name)
    folder = tmp_path / "instance"
    monkeypatch.setenv("FLASK_INSTANCE_PATH", str(folder))
    return folder


@pytest.fixture
def make_app() -> Iterator[MakeApp]:
    """``make_app(STORAGE_URL=…)`` returns an application that lets everybody write, with a clock that stands still."""
    made: list[Flask] = []

    def make(**config: Any) -> Flask:
        defaults = {"TESTING": True, "SECRET_KEY": "a key of the tests", "ALLOW_ANONYMOUS_WRITES": True}
        defaults["CLOCK"] = lambda: NOW
        made.append(create_app(defaults | config))
        return made[-1]

    yield make
    for app in made:
        app.extensions["storage"].close()


@pytest.fixture
def app(make_app: MakeApp, migrated_file: Path, tmp_path: Path) -> Flask:
    """An application on a migrated, empty SQLite file."""
    return make_app(STORAGE_URL=f"sqlite:///{shutil.copy(migrated_file, tmp_path)}")


@pytest.fixture
def closed_app(make_app: MakeApp, migrated_file: Path, tmp_path: Path) -> Flask:
    """An application on SQLite that lets in two people, a writer and a reader, and nobody else."""
    return make_app(STORAGE_URL=f"sqlite:///{shutil.copy(migrated_file, tmp_path)}", **CLOSED)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A client of the application on SQLite."""
    return app.test_client()


@pytest.fixture
def person(client: FlaskClient) -> FlaskClient:
    """A client that has loaded a form, and shows the token of its session with whatever it sends."""
    token = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/engines/new").text)
    assert token is not None
    client.environ_base["HTTP_X_CSRFTOKEN"] = token[1]
    return client


@pytest.fixture(params=KINDS)
def fresh_app(request: pytest.FixtureRequest, make_app: MakeApp, make_database: Callable[[str], str]) -> Flask:
    """An application on a fresh, empty database of each kind in turn."""
    return make_app(STORAGE_URL=make_database(request.param))


@pytest.fixture
def file_size_limit() -> Callable[[int], AbstractContextManager[None]]:
    """``with file_size_limit(bytes):`` no file of this process grows beyond, as on a disk that is full."""

    @contextmanager
    def limited(size: int) -> Iterator[None]:
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)

    return limited
