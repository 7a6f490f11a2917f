"""Where the configuration comes from, and what is refused."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import pytest
from flask import Flask

from storage.entity import Integer
from storage.flask import ConfigurationError, Storage, current_storage
from tests.webapp.conftest import MakeApp
from webapp import create_app
from webapp.config import storage_url
from webapp.settings import (
    COUNT,
    HOSTS,
    HOURS,
    KEYS,
    OPTIONAL_TEXT,
    POSITIVE,
    SAMESITE,
    SECONDS,
    SETTINGS,
    TEXT,
    Kind,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Tank:
    """An entity beside the engine."""

    volume: Annotated[int, Integer(0, 1000)]
    id: int | None = None
    version: int = 0


def write_config(instance: Path, text: str) -> None:
    instance.mkdir()
    (instance / "config.py").write_text(text)


def test_without_any_setting_the_data_is_an_sqlite_file_in_the_instance_folder(instance: Path) -> None:
    assert storage_url() == f"sqlite:///{instance}/engine-room.db"


def test_the_instance_folder_is_made_for_the_sqlite_file(instance: Path) -> None:
    storage_url()
    assert instance.is_dir()


def test_a_relative_sqlite_file_lies_in_the_instance_folder(make_app: MakeApp, instance: Path) -> None:
    app = make_app(SQLALCHEMY_DATABASE_URI="sqlite:///project.db")
    app.extensions["storage"].migrations.upgrade()
    assert (instance / "project.db").is_file()


def test_a_relative_sqlite_file_is_found_in_a_folder_with_odd_letters(
    make_app: MakeApp, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = tmp_path / "100% of it? yes #1 ü"
    monkeypatch.setenv("FLASK_INSTANCE_PATH", str(folder))
    make_app(STORAGE_URL="sqlite:///project.db").extensions["storage"].migrations.upgrade()
    assert (folder / "project.db").is_file()


def test_the_folder_of_a_relative_sqlite_file_is_made(make_app: MakeApp, instance: Path) -> None:
    make_app(STORAGE_URL="sqlite+pysqlite:///data/project.db").extensions["storage"].migrations.upgrade()
    assert (instance / "data" / "project.db").is_file()


@pytest.mark.parametrize(
    "url", ["sqlite:////srv/engines.db", "postgresql://host/spaceship", "mongodb://host/spaceship"]
)
def test_a_url_that_is_not_a_relative_file_stays_as_it_is(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("FLASK_STORAGE_URL", url)
    assert storage_url() == url


def test_the_url_is_known_without_a_secret_key_and_with_wrong_options(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLASK_STORAGE_OPTIONS", '{"no such": 1}')
    monkeypatch.setenv("FLASK_STORAGE_URL", "mongodb://host/spaceship")
    assert storage_url() == "mongodb://host/spaceship"


@pytest.mark.parametrize("key", ["SQLALCHEMY_DATABASE_URI", "MONGO_URI"])
def test_the_usual_keys_are_honoured(monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    monkeypatch.setenv(f"FLASK_{key}", "mongodb://host/spaceship")
    assert storage_url() == "mongodb://host/spaceship"


def test_storage_url_wins_over_the_usual_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLASK_STORAGE_URL", "mongodb://ours/spaceship")
    monkeypatch.setenv("FLASK_MONGO_URI", "mongodb://other/spaceship")
    monkeypatch.setenv("FLASK_SQLALCHEMY_DATABASE_URI", "postgresql://other/spaceship")
    assert storage_url() == "mongodb://ours/spaceship"


def test_both_usual_keys_at_once_are_an_error_that_quotes_them(make_app: MakeApp) -> None:
    with pytest.raises(ConfigurationError, match="SQLALCHEMY_DATABASE_URI and MONGO_URI are both set"):
        make_app(SQLALCHEMY_DATABASE_URI="postgresql://host/a", MONGO_URI="mongodb://host/b")


def test_the_instance_file_wins_over_the_defaults(make_app: MakeApp, instance: Path) -> None:
    write_config(instance, "MAX_CONTENT_LENGTH = 7")
    assert make_app().config["MAX_CONTENT_LENGTH"] == 7


def test_the_environment_wins_over_the_instance_file(
    make_app: MakeApp, instance: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_config(instance, "MAX_CONTENT_LENGTH = 7")
    monkeypatch.setenv("FLASK_MAX_CONTENT_LENGTH", "8")
    assert make_app().config["MAX_CONTENT_LENGTH"] == 8


def test_the_argument_wins_over_the_environment(make_app: MakeApp, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLASK_MAX_CONTENT_LENGTH", "8")
    assert make_app(MAX_CONTENT_LENGTH=9).config["MAX_CONTENT_LENGTH"] == 9


def test_an_unknown_scheme_is_one_sentence_without_the_password(make_app: MakeApp) -> None:
    with pytest.raises(ConfigurationError, match="no known scheme") as caught:
        make_app(STORAGE_URL="oracle://scott:tiger@host/spaceship")
    assert "tiger" not in caught.value.message


def test_a_url_that_is_no_text_is_refused(make_app: MakeApp) -> None:
    with pytest.raises(ConfigurationError, match="STORAGE_URL is of the type int: it must be the URL"):
        make_app(STORAGE_URL=7)


def test_the_options_of_the_storage_come_from_the_configuration(make_app: MakeApp) -> None:
    app = make_app(STORAGE_OPTIONS={"pool_size": 3, "timeout": 1.5})
    assert (app.extensions["storage"].options.pool_size, app.extensions["storage"].options.timeout) == (3, 1.5)


def test_an_unknown_option_is_refused_and_the_known_ones_are_named(make_app: MakeApp) -> None:
    with pytest.raises(ConfigurationError, match=r"STORAGE_OPTIONS .* pool_size, connect_timeout"):
        make_app(STORAGE_OPTIONS={"poolsize": 3})


def test_a_bad_value_of_an_option_is_refused(make_app: MakeApp) -> None:
    with pytest.raises(ConfigurationError, match="pool_size: must be a number above 0"):
        make_app(STORAGE_OPTIONS={"pool_size": 0})


def test_the_extension_needs_a_url() -> None:
    with pytest.raises(ConfigurationError, match="STORAGE_URL is not set"):
        Storage(Flask("other"))


def test_the_extension_can_be_made_before_the_application(app: Flask) -> None:
    other = Flask("other")
    other.config["STORAGE_URL"] = app.config["STORAGE_URL"]
    Storage().init_app(other)
    with closing(other.extensions["storage"]) as opened:
        assert opened.engines.count() == 0
    assert "db" in other.cli.commands


def test_the_extension_opens_the_entities_that_it_is_given() -> None:
    other = Flask("other")
    other.config["STORAGE_URL"] = "sqlite:////srv/tanks.db"
    Storage(other, entities=(Tank,))
    assert other.extensions["storage"].description(Tank).name == "tank"


def test_an_application_has_one_storage(app: Flask) -> None:
    with pytest.raises(ConfigurationError, match="has a storage already"):
        Storage(app)


def test_the_current_storage_is_the_one_of_the_application(app: Flask) -> None:
    with app.app_context():
        assert current_storage.engines is not None
        assert current_storage == app.extensions["storage"]


def test_an_application_without_the_extension_has_no_current_storage() -> None:
    with Flask("other").app_context(), pytest.raises(ConfigurationError, match="call Storage"):
        current_storage.ping()


def test_a_folder_that_cannot_be_made_is_one_sentence(make_app: MakeApp, instance: Path) -> None:
    instance.write_text("a file where the folder should be")
    with pytest.raises(ConfigurationError, match=r"the folder for the SQLite file .* cannot be made"):
        make_app()


WRONG = {
    "boolean": ["no", "False", "yes", "0", "1", "[]", "null", '"true"'],
    "boolean or `None`": ["no", "0", "[]"],
    "whole number": ["-1", "1.5", "true", "many", "null"],
    "number": ["-1", "true", "long", "null", "NaN", "Infinity"],
    "list of texts": ["5", "a.example", "[]", "[5]", '[""]', "true", "{}"],
    "list of texts or `None`": ["5", "a.example", "[]", "[5]", '[""]', "true", "{}"],
    "mapping": ["5", "ada", "[]", "true", "null"],
    "mapping or `None`": ["5", "ten", "[]", "true"],
    "text": [""],
    "function": ["noon", "5"],
}
SAMESITES = ["", "lax", "5"]


def wrong_values() -> list[object]:
    """Each setting with the texts that are none of its type, but for those that may be any text."""
    by_name = {setting.name: WRONG.get(setting.kind.name, []) for setting in SETTINGS}
    by_name |= {"SESSION_COOKIE_SAMESITE": SAMESITES, "OPERATIONS_TOKEN": ["", "short"], "DEBUG_": []}
    return [pytest.param(name, text, id=f"{name}={text}") for name, texts in by_name.items() for text in texts]


@pytest.mark.parametrize(("name", "text"), wrong_values())
def test_a_value_of_another_type_in_the_environment_is_refused(
    monkeypatch: pytest.MonkeyPatch, name: str, text: str
) -> None:
    monkeypatch.setenv(f"FLASK_{name}", text)
    with pytest.raises(ConfigurationError, match=f"{name} (is|must|has)"):
        create_app({"SECRET_KEY": "a key of the tests", "DEBUG": True})


@pytest.mark.parametrize(
    ("kind", "accepted", "refused"),
    [
        (COUNT, [0, 1], [-1, True, 1.0]),
        (POSITIVE, [1], [0, -1, True, 1.0]),
        (SECONDS, [0, 0.5], [-0.5, True, float("inf"), float("nan")]),
        (HOURS, [0.5, 24 * 366], [0, 24 * 366 + 0.5, True, float("nan")]),
        (TEXT, ["a"], ["", None, b"a"]),
        (OPTIONAL_TEXT, ["a", None], ["", b"a"]),
        (HOSTS, [["a"], ("a", "b"), None], [[], [""], ["a", ""], "a"]),
        (KEYS, [["a"], [b"a", "b"], None], [[], ["a", 7], "a"]),
        (SAMESITE, [None, "Lax", "Strict", "None"], ["lax", ""]),
    ],
    ids=lambda value: value.wanted if isinstance(value, Kind) else "",
)
def test_a_type_accepts_the_values_at_its_bounds_and_none_beyond(
    kind: Kind, accepted: list[object], refused: list[object]
) -> None:
    assert [value for value in accepted if not kind.accepts(value)] == []
    assert [value for value in refused if kind.accepts(value)] == []


def test_every_type_of_the_table_has_wrong_values() -> None:
    any_text = {"text or `None`", "text or bytes"}
    assert {setting.kind.name for setting in SETTINGS} == WRONG.keys() | any_text


@pytest.mark.parametrize("name", ["TESTING", "SESSION_COOKIE_HTTPONLY", "PROPAGATE_EXCEPTIONS", "MAX_FORM_PARTS"])
def test_flasks_own_settings_are_checked_too(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(f"FLASK_{name}", "no")
    with pytest.raises(ConfigurationError, match=f"{name} is 'no': it must be"):
        create_app({"SECRET_KEY": "a key of the tests", "DEBUG": True})


def test_no_limit_is_a_value_of_flasks_own_limits(make_app: MakeApp) -> None:
    assert make_app(MAX_FORM_PARTS=None).config["MAX_FORM_PARTS"] is None


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("TRUSTED_HOST", "TRUSTED_HOSTS"),
        ("METRICS_PUBLIK", "METRICS_PUBLIC"),
        ("metrics_public", "METRICS_PUBLIC"),
        ("ANONYMOUS_WRITES", "ALLOW_ANONYMOUS_WRITES"),
        ("STORAGE_URI", "STORAGE_URL"),
        ("MONGO_URL", "MONGO_URI"),
        ("SESSION_COOKIE_HTTP_ONLY", "SESSION_COOKIE_HTTPONLY"),
    ],
)
def test_a_misspelt_key_is_refused_by_name(
    make_app: MakeApp, monkeypatch: pytest.MonkeyPatch, wrong: str, right: str
) -> None:
    monkeypatch.setenv(f"FLASK_{wrong}", "true")
    with pytest.raises(ConfigurationError, match=f"{wrong} is not a setting, {right} is"):
        make_app()


def test_a_misspelt_key_in_the_instance_file_is_refused(make_app: MakeApp, instance: Path) -> None:
    write_config(instance, "TRUSTED_HOST = ['a.example']")
    with pytest.raises(ConfigurationError, match="TRUSTED_HOST is not a setting, TRUSTED_HOSTS is"):
        make_app()


@pytest.mark.parametrize("name", ["WTF_CSRF_HEADERS", "RUN_PORT", "GREETING"])
def test_keys_of_extensions_and_of_others_are_accepted(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(f"FLASK_{name}", "{}")
    assert create_app({"SECRET_KEY": "a key of the tests", "DEBUG": True}).config[name] == {}


@pytest.mark.parametrize("name", ["STORAGE_URL", "SQLALCHEMY_DATABASE_URI", "MONGO_URI"])
def test_a_url_in_the_environment_without_its_prefix_is_refused(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "mongodb://scott:tiger@host/spaceship")
    with pytest.raises(ConfigurationError, match=f"{name} in the environment .* FLASK_{name}") as caught:
        storage_url()
    assert "tiger" not in str(caught.value)


def test_a_url_without_prefix_is_no_error_where_another_is_configured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MONGO_URI", "mongodb://other/spaceship")
    monkeypatch.setenv("FLASK_STORAGE_URL", "postgresql://ours/spaceship")
    assert storage_url() == "postgresql://ours/spaceship"
