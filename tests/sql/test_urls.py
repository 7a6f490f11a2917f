"""URLs as people write them: accepted, or refused in one sentence without their password."""

import os
from urllib.parse import quote

import pytest
from sqlalchemy import make_url

from storage import Engine, Invalid, ReadOnly, Storage, Unavailable, Unsupported, open_storage
from tests.sql.plain import connected, fetch


def migrated(url: str) -> Storage:
    storage = open_storage(url)
    storage.migrations.upgrade()
    return storage


def test_a_relative_file_stays_the_same_when_the_process_changes_its_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with migrated("sqlite:///data.db") as storage:
        (tmp_path / "elsewhere").mkdir()
        monkeypatch.chdir(tmp_path / "elsewhere")
        storage.engines.add(Engine("Raptor"))
        storage.migrations.check_current()
        assert os.listdir() == []


def test_a_scheme_is_read_in_any_case(tmp_path):
    with migrated(f"SQLite:///{tmp_path / 'data.db'}") as storage:
        assert storage.engines.add(Engine("Raptor")).id == 1


@pytest.mark.parametrize("name", ["a b.db", "50%.db", "ä.db", "a+b.db"])
def test_a_file_may_have_any_name(tmp_path, name):
    with migrated(f"sqlite:///{tmp_path / name}") as storage:
        storage.engines.add(Engine("Raptor"))
    assert (tmp_path / name).exists()


def test_an_sqlite_file_is_opened_for_reading_when_its_url_says_so(tmp_path):
    url = f"sqlite:///{tmp_path / 'my engines.db'}"
    with migrated(url) as storage, open_storage(f"{url}?mode=ro") as reader:
        storage.engines.add(Engine("Raptor"))
        assert reader.engines.count() == 1
        with pytest.raises(ReadOnly):
            reader.engines.add(Engine("Merlin"))


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "sqlite:///file:x?mode=memory&uri=true"])
def test_a_database_in_memory_is_unsupported(url):
    with pytest.raises(Unsupported, match="belongs to one connection"):
        open_storage(url)


@pytest.mark.parametrize(
    "url",
    [
        "sqlite:///data.db?cash=shared",
        "mysql://root@host/",
        "mysql://root:secret@host",
        "postgresql://u:secret@host:port/db",
    ],
)
def test_what_cannot_be_meant_is_refused_when_it_is_opened(url):
    with pytest.raises(Invalid) as caught:
        open_storage(url)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "mysql://root@127.0.0.1:1/db?ssl-mode=REQUIRED",
        "postgresql://127.0.0.1:1/db?no_such_setting=1",
    ],
)
def test_a_setting_that_the_driver_does_not_know_is_refused_when_it_is_opened(url):
    with pytest.raises(Invalid, match=r"the setting .* is not one that this driver takes here"):
        open_storage(url)


def test_a_url_of_sqlalchemy_is_taken_too(tmp_path):
    with open_storage(make_url(f"sqlite:///{tmp_path / 'data.db'}")) as storage:
        storage.migrations.upgrade()
        assert storage.engines.count() == 0


def test_a_setting_of_the_url_wins_over_ours(make_database):
    url = make_database("postgresql")
    with (
        open_storage(f"{url}{'&' if '?' in url else '?'}application_name=billing") as storage,
        storage.engine.connect() as connection,
    ):
        assert connection.exec_driver_sql("SHOW application_name").scalar() == "billing"


def test_every_uri_of_the_manual_of_postgresql_is_taken(make_database):
    url = make_database("postgresql")
    [(folder, port)] = fetch(url, "SELECT current_setting('unix_socket_directories'), current_setting('port')")
    name, socket = make_url(url).database, quote(folder, safe="")
    for uri in (
        f"postgresql://postgres@{socket}:{port}/{name}",
        f"postgresql://postgres@{socket}/{name}?port={port}",
        f"postgresql://postgres@/{name}?host={socket}&port={port}",
        f"postgresql:///{name}?host={socket}&port={port}&user=postgres",
        f"postgresql://postgres@127.0.0.1:1,127.0.0.1:{port}/{name}?target_session_attrs=read-write",
        f"postgresql+psycopg://postgres@127.0.0.1:{port}/{name}?connect_timeout=3&application_name=a%20b",
        f"postgres://postgres@127.0.0.1:{port}/{name}",
    ):
        with open_storage(uri) as storage:
            storage.ping()
            with storage.engine.connect() as connection:
                assert connection.exec_driver_sql("SELECT current_database()").scalar() == name
        with connected(uri) as connection:
            assert connection.exec_driver_sql("SELECT current_database()").scalar() == name


@pytest.mark.parametrize("url", ["postgresql://127.0.0.1:1/db", "mysql://root@127.0.0.1:1/db"])
def test_a_write_that_never_had_a_connection_was_certainly_not_applied(url):
    with open_storage(url) as storage:
        # As after its first use, when the server went away.
        storage.schema_is_current = True
        with pytest.raises(Unavailable) as caught:
            storage.engines.delete(1)
    assert caught.value.retryable
    assert not caught.value.may_have_been_applied
