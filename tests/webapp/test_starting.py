"""What the application refuses to start with, and what it makes up for itself."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher, extract_parameters
from argon2.low_level import Type
from click.testing import CliRunner

from storage.flask import ConfigurationError
from tests.webapp.conftest import MakeApp
from tests.webapp.people import CLOSED, PASSWORD, entry
from webapp import create_app
from webapp.__main__ import refuse_open_door, write_config
from webapp.new_user import print_entry

KEY = {"SECRET_KEY": "a key of the tests"}


class TestSecretKey:
    """What the sessions are signed with."""

    @pytest.mark.parametrize("key", [None, "", b""])
    def test_without_one_it_refuses_to_start_and_says_how_to_make_one(
        self, make_app: MakeApp, key: str | bytes | None
    ) -> None:
        with pytest.raises(ConfigurationError, match=r"SECRET_KEY is not set: write .*config\.py, with .*token_hex"):
            make_app(SECRET_KEY=key)

    def test_testing_alone_is_no_reason_to_do_without_it(self) -> None:
        with pytest.raises(ConfigurationError, match="SECRET_KEY is not set"):
            create_app({"TESTING": True})

    def test_a_number_is_refused(self, make_app: MakeApp) -> None:
        with pytest.raises(ConfigurationError, match="SECRET_KEY is of the type int: it must be text") as caught:
            make_app(SECRET_KEY=1234567890)
        assert "123" not in str(caught.value)

    def test_one_of_digits_in_the_environment_is_text(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("FLASK_SECRET_KEY", "1234567890123456")
        assert create_app({"DEBUG": True}).config["SECRET_KEY"] == "1234567890123456"

    def test_one_that_can_be_guessed_is_refused_and_not_shown(self, make_app: MakeApp) -> None:
        with pytest.raises(ConfigurationError, match="must have at least 16 characters, not 15") as caught:
            make_app(SECRET_KEY="x" * 15)
        assert "xxx" not in str(caught.value)

    def test_debugging_makes_up_one_of_its_own(self, make_app: MakeApp, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("FLASK_DEBUG", "1")
        keys = {make_app(SECRET_KEY=None).config["SECRET_KEY"] for _ in range(2)}
        assert [len(key) for key in keys] == [64, 64]

    def test_a_debug_flag_that_says_no_is_no_debugging(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("FLASK_DEBUG", "no")
        with pytest.raises(ConfigurationError, match="SECRET_KEY is not set"):
            create_app()


class TestWaysIn:
    """Somebody can sign in, or everybody may write."""

    def test_without_any_it_refuses_to_start_and_names_both(self) -> None:
        with pytest.raises(ConfigurationError, match=r"nobody can sign in: .*USERS.*ALLOW_ANONYMOUS_WRITES"):
            create_app(KEY)

    def test_reading_by_everybody_is_not_one(self) -> None:
        with pytest.raises(ConfigurationError, match="nobody can sign in"):
            create_app(KEY | {"ALLOW_ANONYMOUS_READS": True})

    @pytest.mark.parametrize("way", [{"ALLOW_ANONYMOUS_WRITES": True}, {"USERS": CLOSED["USERS"]}, {"DEBUG": True}])
    def test_one_of_them_does(self, way: dict[str, Any]) -> None:
        assert create_app(KEY | way)

    def test_by_itself_nobody_may_anything(self) -> None:
        client = create_app(KEY | {"USERS": CLOSED["USERS"]}).test_client()
        assert client.get("/api/engines").status_code == 401

    def test_true_in_the_environment_is_true(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("FLASK_ALLOW_ANONYMOUS_WRITES", "true")
        assert create_app(KEY).config["ALLOW_ANONYMOUS_WRITES"] is True

    @pytest.mark.parametrize("hours", [0, -1, "12", True, None, 10_000, float("nan")])
    def test_hours_of_a_session_that_are_none_are_refused(self, make_app: MakeApp, hours: object) -> None:
        with pytest.raises(ConfigurationError, match="SESSION_HOURS"):
            make_app(SESSION_HOURS=hours)

    @pytest.mark.parametrize("key", ["SIGN_IN_LIMIT_ADDRESS", "SIGN_IN_LIMIT_NAME"])
    @pytest.mark.parametrize("limit", ["often", "", None, 10, "10 per fortnight"])
    def test_a_limit_that_is_none_is_refused(self, make_app: MakeApp, key: str, limit: object) -> None:
        with pytest.raises(ConfigurationError, match=rf"{key} is .* it must (read like|be text)"):
            make_app(**{key: limit})

    def test_a_storage_of_the_limits_that_nobody_knows_is_one_sentence_without_its_password(
        self, make_app: MakeApp
    ) -> None:
        with pytest.raises(ConfigurationError, match="RATELIMIT_STORAGE_URI") as caught:
            make_app(RATELIMIT_STORAGE_URI="oracle://scott:tiger@host/x")
        assert "tiger" not in str(caught.value)


class TestUsers:
    """The people of the configuration."""

    @pytest.mark.parametrize(
        ("users", "sentence"),
        [
            (["writer"], "USERS is of the type list: it must be a mapping"),
            ("secret", "USERS is of the type str: it must be a mapping"),
            ({"": entry("read")}, "the name '' must have 1 to 64 characters"),
            ({"x" * 65: entry("read")}, "must have 1 to 64 characters"),
            ({7: entry("read")}, "the name 7 must be text"),
            ({" a": entry("read")}, "must not begin or end with a blank"),
            ({"ada": "secret"}, "'ada' must have a password_hash and a role"),
            ({"ada": {"role": "read"}}, "'ada' must have a password_hash and a role"),
            ({"ada": entry("read") | {"admin": True}}, "'ada' must have a password_hash and a role, nothing else"),
            ({"ada": entry("admin")}, "the role of 'ada' must be read or write, not 'admin'"),
            ({"ada": entry("read") | {"role": None}}, "the role of 'ada' must be read or write"),
            ({"ada": entry("read") | {"role": []}}, "the role of 'ada' must be read or write"),
            ({"ada": entry("read") | {"password_hash": "secret"}}, "password_hash of 'ada' is not one of argon2id"),
            ({"ada": entry("read") | {"password_hash": None}}, "password_hash of 'ada' is not one of argon2id"),
            (
                {"ada": entry("read") | {"password_hash": PasswordHasher(1, 8, 1, type=Type.I).hash("secret")}},
                "password_hash of 'ada' is not one of argon2id",
            ),
        ],
        ids=range(15),
    )
    def test_what_is_wrong_with_whom_is_one_sentence(self, make_app: MakeApp, users: Any, sentence: str) -> None:
        with pytest.raises(ConfigurationError, match=re.escape(sentence)) as caught:
            make_app(USERS=users)
        assert "$argon2" not in str(caught.value)
        assert "secret" not in str(caught.value)

    def test_they_may_stand_in_the_environment(self, make_app: MakeApp, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("FLASK_USERS__ada__password_hash", entry("read")["password_hash"])
        monkeypatch.setenv("FLASK_USERS__ada__role", "read")
        assert make_app(ALLOW_ANONYMOUS_WRITES=False).extensions["users"]["ada"].role == "read"
        # And are those of this application alone.
        monkeypatch.delenv("FLASK_USERS__ada__password_hash")
        monkeypatch.delenv("FLASK_USERS__ada__role")
        assert "ada" not in make_app().extensions["users"]

    def test_no_representation_shows_a_hash(self, make_app: MakeApp) -> None:
        assert "$argon2" not in repr(make_app(**CLOSED).extensions["users"])


class TestNewUser:
    """``python -m webapp.new_user`` prints the entry of somebody new."""

    def run(self, *arguments: str, typed: str = f"{PASSWORD}\n{PASSWORD}\n") -> Any:
        return CliRunner().invoke(print_entry, [*arguments], input=typed)

    def test_it_can_be_pasted_into_the_configuration(self, make_app: MakeApp, instance: Path) -> None:
        instance.mkdir()
        (instance / "config.py").write_text(self.run("ada", "--role", "read").stdout)
        app = make_app(ALLOW_ANONYMOUS_WRITES=False)
        assert app.extensions["users"]["ada"].role == "read"
        assert PasswordHasher().verify(app.extensions["users"]["ada"].password_hash, PASSWORD)

    def test_the_hash_is_as_costly_as_the_library_advises(self) -> None:
        found = re.search(r"\$argon2id[^\"]+", self.run("ada").stdout)
        assert found is not None
        parameters = extract_parameters(found[0])
        assert (parameters.type, parameters.memory_cost >= 19 * 1024, parameters.time_cost >= 2) == (
            Type.ID,
            True,
            True,
        )

    def test_what_is_typed_is_not_shown(self) -> None:
        result = self.run("ada")
        assert PASSWORD not in result.stdout + result.stderr

    @pytest.mark.parametrize("typed", ["seven77\nseven77\n", "x" * 1025 + "\n" + "x" * 1025 + "\n"])
    def test_a_password_that_is_too_short_or_too_long_is_refused(self, typed: str) -> None:
        result = self.run("ada", typed=typed)
        assert (result.exit_code, result.stdout) == (1, "")
        assert "from 8 to 1024 characters" in result.stderr

    def test_a_name_that_breaks_its_rule_is_refused_before_anything_is_typed(self) -> None:
        result = self.run("a\nb", typed="")
        assert (result.exit_code, result.stdout) == (2, "")

    def test_it_needs_no_application(self, instance: Path) -> None:
        command = [sys.executable, "-m", "webapp.new_user", "--help"]
        result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        assert (result.returncode, result.stderr) == (0, "")


class TestNewConfiguration:
    """What ``make run`` writes where there is nothing yet."""

    @pytest.fixture(autouse=True)
    def written(self, instance: Path) -> None:
        write_config(instance / "config.py")

    def test_it_starts_and_everybody_may_write(self) -> None:
        config = create_app().config
        assert (config["ALLOW_ANONYMOUS_WRITES"], config["SESSION_COOKIE_SECURE"]) == (True, False)

    @pytest.mark.parametrize(("host", "status"), [("127.0.0.1:5000", 200), ("localhost:5000", 200), ("a.example", 400)])
    def test_it_answers_to_the_loopback_address_alone(self, host: str, status: int) -> None:
        assert create_app().test_client().get("/login", headers={"Host": host}).status_code == status

    @pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::", "engines.example", ""])  # noqa: S104 - refused
    def test_it_is_not_served_to_other_machines(self, host: str) -> None:
        with pytest.raises(ConfigurationError, match="ALLOW_ANONYMOUS_WRITES lets everybody change everything"):
            refuse_open_door(host)

    @pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "::1", "localhost"])
    def test_it_is_served_to_this_one(self, host: str) -> None:
        refuse_open_door(host)

    def test_where_people_sign_in_other_machines_are_welcome(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("FLASK_ALLOW_ANONYMOUS_WRITES", "false")
        refuse_open_door("0.0.0.0")  # noqa: S104 - the case in question


ANONYMOUS = [{"ALLOW_ANONYMOUS_WRITES": True}, {"ALLOW_ANONYMOUS_READS": True, "USERS": CLOSED["USERS"]}]


class TestHostNames:
    """A page elsewhere whose name leads to this machine (DNS rebinding) reads and writes nothing."""

    def answer(self, config: dict[str, Any], host: str) -> int:
        return create_app(KEY | config).test_client().get("/login", headers={"Host": host}).status_code

    @pytest.mark.parametrize("config", ANONYMOUS, ids=["writes", "reads"])
    @pytest.mark.parametrize("host", ["rebound.example", "rebound.example:5000", "127.0.0.1.example", "192.0.2.1"])
    def test_without_credentials_other_names_than_loopback_are_refused(self, config: dict[str, Any], host: str) -> None:
        assert self.answer(config, host) == 400

    @pytest.mark.parametrize("config", ANONYMOUS, ids=["writes", "reads"])
    @pytest.mark.parametrize("host", ["127.0.0.1:5000", "localhost", "localhost:5000"])
    def test_without_credentials_loopback_names_are_accepted(self, config: dict[str, Any], host: str) -> None:
        assert self.answer(config, host) == 200

    @pytest.mark.parametrize("config", ANONYMOUS, ids=["writes", "reads"])
    def test_configured_names_replace_those_of_loopback(self, config: dict[str, Any]) -> None:
        named = config | {"TRUSTED_HOSTS": ["engines.example"]}
        assert (self.answer(named, "engines.example"), self.answer(named, "localhost")) == (200, 400)

    def test_where_callers_sign_in_every_name_is_accepted(self) -> None:
        assert self.answer({"USERS": CLOSED["USERS"]}, "engines.example") == 200


class TestOperationsToken:
    """What a monitoring system shows."""

    @pytest.mark.parametrize("token", ["x" * 31, "x" * 31 + " ", "x" * 32 + "\n", "ä" * 32])
    def test_one_that_is_short_or_no_token_is_refused_and_not_shown(self, make_app: MakeApp, token: str) -> None:
        with pytest.raises(ConfigurationError, match="OPERATIONS_TOKEN must have at least 32 letters") as caught:
            make_app(OPERATIONS_TOKEN=token)
        assert token not in str(caught.value)

    def test_one_of_the_least_length_is_accepted(self, make_app: MakeApp) -> None:
        assert make_app(OPERATIONS_TOKEN="x" * 32)


class TestSecretKeyFallbacks:
    """Earlier keys."""

    def test_one_that_can_be_guessed_is_refused_and_not_shown(self, make_app: MakeApp) -> None:
        with pytest.raises(ConfigurationError, match="SECRET_KEY_FALLBACKS has a key of 15 characters") as caught:
            make_app(SECRET_KEY_FALLBACKS=["y" * 16, "x" * 15])
        assert "xxx" not in str(caught.value)

    @pytest.mark.parametrize("keys", [None, ["y" * 16], [b"y" * 16]])
    def test_texts_bytes_or_none_are_accepted(self, make_app: MakeApp, keys: Any) -> None:
        assert make_app(SECRET_KEY_FALLBACKS=keys)
