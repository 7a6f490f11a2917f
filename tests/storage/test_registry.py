from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from storage import Engine, Invalid, open_storage
from storage.backends import BUILT_IN, backend_of

ROOT = Path(__file__).parents[2]

DRIVERS = [
    ("sqlalchemy", "sqlite:///nowhere.db", "sqlite"),
    ("alembic", "sqlite:///nowhere.db", "sqlite"),
    ("psycopg", "postgresql://localhost/nothing", "postgresql"),
    ("pymysql", "mariadb://localhost/nothing", "mysql"),
    ("pymongo", "mongodb://localhost/nothing", "mongodb"),
]


@pytest.mark.parametrize(
    ("url", "scheme"),
    [
        ("sqlite:///x.db", "sqlite"),
        ("SQLite:///x.db", "sqlite"),
        ("sqlite+pysqlite:///x.db", "sqlite"),
        ("postgresql://host/db", "postgresql"),
        ("postgres://host/db", "postgresql"),
        ("postgresql+psycopg://host/db", "postgresql"),
        ("postgresql+psycopg2://host/db", "postgresql"),
        ("mysql+pymysql://host/db", "mysql"),
        ("mariadb://host/db", "mysql"),
        ("mongodb://host/db", "mongodb"),
        ("mongodb+srv://host/db", "mongodb"),
    ],
)
def test_a_scheme_chooses_the_backend(url: str, scheme: str) -> None:
    """1.1 Whatever its case, and with the suffixes that SQLAlchemy knows."""
    assert backend_of(url) is BUILT_IN[scheme]


@pytest.mark.parametrize(
    "url", ["oracle://host/db", "redis:x", "", "sqlite", "/home/x.db", "://", "sqlitee:///x", "é://"]
)
def test_an_unknown_scheme_lists_the_known_ones(url: str) -> None:
    """1.1 Whoever mistyped it sees what to write."""
    with pytest.raises(Invalid) as raised:
        open_storage(url)
    assert all(scheme in str(raised.value) for scheme in BUILT_IN)


def test_an_unknown_scheme_is_told_without_its_password() -> None:
    """15.3 Nor where the scheme was forgotten."""
    for url in ("oracle://user:hunter2@host/db", "user:hunter2@host/db", "oracle:user:hunter2@host"):
        with pytest.raises(Invalid) as raised:
            open_storage(url)
        assert "hunter2" not in str(raised.value)


@pytest.mark.parametrize("client", [None, 5, object(), {"url": "sqlite://"}, Path("x.db"), b"sqlite:///x.db"])
def test_what_is_neither_a_url_nor_a_client_is_invalid(client: Any) -> None:
    """1.1 It says what it may be."""
    with pytest.raises(Invalid, match="sqlalchemy or pymongo"):
        open_storage(client)


@pytest.mark.parametrize(("driver", "url", "extra"), DRIVERS)
def test_a_missing_driver_is_one_sentence_that_names_the_extra(driver: str, url: str, extra: str) -> None:
    """1.3 In an interpreter that cannot import it."""
    script = f"""
import sys
sys.modules[{driver!r}] = None
from storage import Unsupported, open_storage
try:
    open_storage({url!r})
except Unsupported as error:
    print(error)
"""
    result = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert result.stdout == f"the package {driver} is not installed: pip install 'engine-room[{extra}]'\n"


@pytest.mark.parametrize("url", [url for _, url, _ in DRIVERS])
def test_opening_and_closing_connect_to_nothing(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """1.4 There is nothing at any of these addresses, and no file appears."""
    monkeypatch.chdir(tmp_path)
    with open_storage(url) as storage:
        assert storage.repository(Engine) is not None
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("option", ["poolsize", "password", "echo"])
def test_an_unknown_option_is_refused(option: str) -> None:
    """1.13 By Python itself, which names it."""
    with pytest.raises(TypeError, match=option):
        open_storage("sqlite://", **{option: 1})
