"""API tokens: made, shown once, used, listed and revoked."""

from __future__ import annotations

import hashlib
import re
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask
from flask.testing import FlaskClient

from storage import ApiToken
from tests.webapp.conftest import NOW, MakeApp
from tests.webapp.people import CLOSED, token
from webapp.auth.tokens import find_token

TOKEN = re.compile(r"er_([1-9][0-9]*)_([A-Za-z0-9_-]{43})\n")


def run(app: Flask, *arguments: str) -> Result:
    return app.test_cli_runner().invoke(args=["tokens", *arguments])


def made(app: Flask, *arguments: str) -> str:
    """Make a token by the command, and return its text."""
    result = run(app, "create", *arguments)
    assert result.exit_code == 0, result.stderr
    return result.stdout.strip()


def read(app: Flask, text: str) -> int:
    """The status that a program with a token is answered with."""
    return app.test_client().get("/api/engines", headers={"Authorization": f"Bearer {text}"}).status_code


def stored(app: Flask, id: int = 1) -> ApiToken:
    return app.extensions["storage"].repository(ApiToken).get(id)


def test_a_token_is_made_used_listed_and_revoked_on_every_backend(fresh_app: Flask) -> None:
    fresh_app.config["ALLOW_ANONYMOUS_WRITES"] = False
    fresh_app.extensions["storage"].migrations.upgrade()
    text = made(fresh_app, "dashboard", "--role", "read")
    assert read(fresh_app, text) == 200
    assert "dashboard" in run(fresh_app, "list").stdout
    assert "there is a token called 'dashboard'" in run(fresh_app, "create", "dashboard").stderr
    assert run(fresh_app, "revoke", "dashboard").stdout == "token 1 (dashboard) is revoked\n"
    assert read(fresh_app, text) == 401


class TestCommands:
    """What an operator types."""

    def test_create_prints_the_token_alone_and_says_elsewhere_that_it_is_shown_once(self, closed_app: Flask) -> None:
        result = run(closed_app, "create", "dashboard")
        assert TOKEN.fullmatch(result.stdout)
        assert result.stderr == "Keep it well: it is not shown again.\n"

    def test_a_new_token_may_only_read_unless_told_otherwise(self, closed_app: Flask) -> None:
        made(closed_app, "dashboard")
        made(closed_app, "importer", "--role", "write")
        assert (stored(closed_app, 1).role, stored(closed_app, 2).role) == ("read", "write")

    def test_every_token_is_another_one(self, closed_app: Flask) -> None:
        secrets = {made(closed_app, f"program {number}")[5:] for number in range(5)}
        assert len(secrets) == 5

    @pytest.mark.parametrize("name", ["", " x", "x" * 65, "a\nb"])
    def test_a_name_that_breaks_its_rule_is_one_sentence(self, closed_app: Flask, name: str) -> None:
        result = run(closed_app, "create", name)
        assert (result.exit_code, result.stdout) == (1, "")
        assert re.fullmatch(r"Error: name: .*\n", result.stderr)

    def test_a_number_is_no_name_since_it_means_an_id(self, closed_app: Flask) -> None:
        assert "a number means the id" in run(closed_app, "create", "7").stderr

    def test_list_says_when_a_token_was_last_used_and_never_its_secret(self, closed_app: Flask) -> None:
        text = made(closed_app, "dashboard")
        assert re.search(r"1 +read +2026-01-31 09:30 UTC +never +dashboard\n", run(closed_app, "list").stdout)
        read(closed_app, text)
        listed = run(closed_app, "list").stdout
        assert re.search(r"09:30 UTC +2026-01-31 09:30 UTC +dashboard\n", listed)
        assert text.removeprefix("er_1_") not in listed
        assert stored(closed_app).digest not in listed

    def test_revoke_takes_an_id_too(self, closed_app: Flask) -> None:
        text = made(closed_app, "dashboard")
        assert run(closed_app, "revoke", "1").exit_code == 0
        assert read(closed_app, text) == 401

    @pytest.mark.parametrize("token", ["nobody", "7", "9" * 30, "١"])
    def test_revoking_what_does_not_exist_is_one_sentence(self, closed_app: Flask, token: str) -> None:
        result = run(closed_app, "revoke", token)
        assert (result.exit_code, result.stdout) == (1, "")
        assert "there is no token" in result.stderr

    def test_an_outage_is_one_sentence(self, make_app: MakeApp) -> None:
        app = make_app(STORAGE_URL="postgresql://scott:tiger@127.0.0.1:1/spaceship")
        result = run(app, "create", "dashboard")
        assert (result.exit_code, result.stderr.count("\n"), "tiger" in result.stderr) == (1, 1, False)


def test_of_a_token_the_digest_of_its_secret_is_kept_and_nothing_else(closed_app: Flask) -> None:
    secret = made(closed_app, "dashboard").removeprefix("er_1_")
    assert stored(closed_app).digest == hashlib.sha256(secret.encode()).hexdigest()
    file = Path(closed_app.config["STORAGE_URL"].removeprefix("sqlite:///"))
    assert secret.encode() not in file.read_bytes() + file.with_name(f"{file.name}-wal").read_bytes()


RUBBISH: list[Callable[[str], str]] = [
    lambda good: "",
    lambda good: "x",
    lambda good: "er_1_",
    lambda good: good[:-1],
    lambda good: good + "x",
    lambda good: good[:-1] + ("A" if good[-1] != "A" else "B"),
    lambda good: good.replace("er_1_", "er_2_"),
    lambda good: good.replace("er_1_", "er_01_"),
    lambda good: good.replace("er_1_", "er_0_"),
    lambda good: good.replace("er_1_", "er_-1_"),
    lambda good: good.replace("er_1_", "er_99999999999999999999_"),
    lambda good: good.replace("er_1_", "er_9223372036854775808_"),
    lambda good: good.replace("er_1_", "er_١_"),
    lambda good: good.upper(),
    lambda good: f"{good} {good}",
    lambda good: f'token="{good}"',
    lambda good: good + "\xff",
    lambda good: "x" * 1_000_000,
    lambda good: good + "=",
]


@pytest.mark.parametrize("spoil", RUBBISH, ids=range(len(RUBBISH)))
def test_what_is_no_good_token_is_told_so(closed_app: Flask, spoil: Callable[[str], str]) -> None:
    good = token(closed_app)["Authorization"].removeprefix("Bearer ")
    headers = {"Authorization": f"Bearer {spoil(good)}"}
    response = closed_app.test_client().get("/api/engines", headers=headers)
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"] == 'Bearer realm="Engine Room", error="invalid_token"'


@pytest.mark.parametrize("text", ["er_1_" + "\x00" * 43, "er_1_" + "é" * 43, "er_1_" + "\ud800" * 43, "\n", None])
def test_text_that_no_header_can_hold_is_no_token_either(closed_app: Flask, text: str | None) -> None:
    with closed_app.app_context():
        assert find_token(text) is None


def test_a_token_that_is_not_good_is_refused_where_a_stranger_is_not(client: FlaskClient) -> None:
    assert client.get("/api/engines", headers={"Authorization": "Bearer er_1_x"}).status_code == 401


@pytest.mark.parametrize("scheme", ["bearer", "BEARER"])
def test_the_scheme_is_written_in_any_case(closed_app: Flask, scheme: str) -> None:
    headers = {"Authorization": token(closed_app)["Authorization"].replace("Bearer", scheme)}
    assert closed_app.test_client().get("/api/engines", headers=headers).status_code == 200


class TestLastUse:
    """When a token was last used: known to the minute, at no price."""

    def test_it_is_written_at_the_first_use(self, closed_app: Flask) -> None:
        read(closed_app, made(closed_app, "dashboard"))
        assert stored(closed_app).last_used == NOW.replace(microsecond=123_000)

    def test_it_is_written_once_a_minute(self, closed_app: Flask) -> None:
        text = made(closed_app, "dashboard")
        for seconds in (0, 1, 59, 59.9, 60, 61):
            closed_app.config["CLOCK"] = lambda seconds=seconds: NOW + timedelta(seconds=seconds)
            assert read(closed_app, text) == 200
        assert stored(closed_app).version == 3

    def test_a_request_that_is_refused_writes_nothing(self, closed_app: Flask) -> None:
        text = made(closed_app, "dashboard")
        read(closed_app, text[:-1] + ("A" if text[-1] != "A" else "B"))
        assert stored(closed_app).version == 1

    def test_a_database_that_takes_no_writes_is_read_all_the_same(
        self, closed_app: Flask, make_app: MakeApp, tmp_path: Path
    ) -> None:
        text = made(closed_app, "dashboard")
        file = closed_app.config["STORAGE_URL"].removeprefix("sqlite:///")
        closed_app.extensions["storage"].close()
        copy = shutil.copy(file, tmp_path / "read-only.db")
        with closing(sqlite3.connect(copy)) as database:
            database.execute("CREATE TRIGGER stop BEFORE UPDATE ON api_token BEGIN SELECT RAISE(ABORT, 'no'); END")
        assert read(make_app(STORAGE_URL=f"sqlite:///{copy}", **CLOSED), text) == 200

    def test_a_token_that_many_use_at_once_is_good_for_all_of_them(self, closed_app: Flask) -> None:
        text = made(closed_app, "dashboard")
        repository = closed_app.extensions["storage"].repository(ApiToken)

        def overtaken() -> object:
            repository.update(1, {"name": f"renamed {stored(closed_app).version}"})
            return NOW

        closed_app.config["CLOCK"] = overtaken
        assert read(closed_app, text) == 200
        assert stored(closed_app).last_used is None


def test_tokens_stand_in_no_log(closed_app: Flask, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    text = made(closed_app, "dashboard", "--role", "write")
    read(closed_app, text)
    read(closed_app, f"{text}x")
    assert text.removeprefix("er_1_") not in caplog.text
