"""Rows that let somebody in move only where that is asked for: a token that was revoked since stays revoked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from storage import ApiToken, Engine, Storage, open_storage
from storage.cli import commands
from storage.entities import ENTITIES
from storage.transfer import backup, check, copy, open_backup, restore, verify
from tests.transfer.samples import NOON, TOKENS, engines

KINDS = ["sqlite", "postgresql", "mariadb", "mongodb"]


def token(id: int, name: str) -> ApiToken:
    return ApiToken(name, "a" * 64, "read", NOON, None, id, 1)


def names(storage: Storage) -> list[str]:
    return [one.name for one in storage.repository(ApiToken).scan()]


@pytest.fixture(params=KINDS)
def pair(request: pytest.FixtureRequest, make_database: Callable[[str], str]) -> Iterator[tuple[Storage, Storage]]:
    """A storage with engines and tokens, and an empty one, on each kind of database in turn."""
    urls = make_database(request.param), make_database(request.param)
    with open_storage(urls[0], entities=ENTITIES) as source, open_storage(urls[1], entities=ENTITIES) as destination:
        source.migrations.upgrade()
        destination.migrations.upgrade()
        source.engines.put_many(engines(3))
        source.repository(ApiToken).put_many(TOKENS)
        yield source, destination


def test_a_copy_leaves_tokens_and_those_of_the_destination_stay(pair: tuple[Storage, Storage]) -> None:
    source, destination = pair
    destination.repository(ApiToken).put_many([token(1, "of the destination")])
    assert check(source, destination).writes() == copy(source, destination).writes() == source.engines.count()
    assert names(destination) == ["of the destination"]
    assert verify(source, destination).differing() == 0


def test_their_ids_are_given_out_by_neither(pair: tuple[Storage, Storage]) -> None:
    source, destination = pair
    copy(source, destination)
    new = destination.repository(ApiToken).add(ApiToken("new", "b" * 64, "read", NOON))
    assert (new.id or 0) > source.repository(ApiToken).last_id()


def test_with_credentials_they_move_and_are_verified(pair: tuple[Storage, Storage]) -> None:
    source, destination = pair
    copy(source, destination, credentials=True)
    assert names(destination) == names(source) != []
    destination.repository(ApiToken).update(1, {"role": "read"})
    assert verify(source, destination).differing() == 0
    assert verify(source, destination, credentials=True).differing() == 1


def test_a_restore_revives_no_token_that_was_revoked_since(pair: tuple[Storage, Storage], tmp_path: Path) -> None:
    source, _ = pair
    file = tmp_path / "all.backup"
    backup(source, file, credentials=True)
    source.repository(ApiToken).delete(1)
    source.engines.delete(1)
    with open_backup(file, source) as found:
        done = restore(found, source, replace=True, notice=0)
    assert (1 in [one.id for one in source.engines.scan()], names(source)) == (True, ["Deploy"])
    assert done.verification.differing() == 0


def test_with_credentials_a_restore_brings_those_of_the_file(pair: tuple[Storage, Storage], tmp_path: Path) -> None:
    source, _ = pair
    file = tmp_path / "all.backup"
    backup(source, file, credentials=True)
    before = names(source)
    source.repository(ApiToken).delete(1)
    with open_backup(file, source, credentials=True) as found:
        restore(found, source, replace=True, notice=0)
    assert names(source) == before


def test_a_backup_holds_none_unless_asked(pair: tuple[Storage, Storage], tmp_path: Path) -> None:
    source, destination = pair
    manifest = backup(source, tmp_path / "engines.backup")
    assert manifest.header.entities == list(manifest.contents.rows) == ["engine"]
    with open_backup(tmp_path / "engines.backup", destination, credentials=True) as found:
        restore(found, destination, notice=0)
    assert (destination.engines.count(), names(destination)) == (source.engines.count(), [])


class TestCommands:
    """Each command says what stays behind, and names what moves."""

    @pytest.fixture
    def places(self, make_database: Callable[[str], str]) -> tuple[str, str]:
        urls = make_database("sqlite"), make_database("sqlite")
        for url in urls:
            with open_storage(url, entities=ENTITIES) as storage:
                storage.migrations.upgrade()
                if url == urls[0]:
                    storage.engines.add(Engine("Raptor"))
                    storage.repository(ApiToken).put_many([token(1, "deploy")])
        return urls

    def run(self, *arguments: str) -> str:
        result = CliRunner().invoke(commands, arguments)
        assert result.exit_code == 0, result.output
        return result.output

    STAY = "api_token: 1 rows stay behind, since they let somebody in; --with-tokens moves them"
    MOVE = "api_token: 1 rows of the source let somebody in, and are good wherever they arrive"

    @pytest.mark.parametrize("command", ["copy", "check"])
    def test_a_merge(self, places: tuple[str, str], command: str) -> None:
        assert self.STAY in self.run(command, *places)
        assert self.MOVE in self.run(command, *places, "--with-tokens")

    def test_a_backup_and_its_restore(self, places: tuple[str, str], tmp_path: Path) -> None:
        file = str(tmp_path / "some.backup")
        assert self.STAY in self.run("backup", places[0], file)
        assert self.MOVE in self.run("backup", places[0], file, "--with-tokens")
        assert self.STAY in self.run("restore", file, places[1])
        assert "api_token" not in self.run("verify", file, places[1])
        assert self.MOVE in self.run("restore", file, places[1], "--replace", "--with-tokens")
        assert "api_token: 1 rows on the left, 1 on the right, equal" in self.run(
            "verify", file, places[1], "--with-tokens"
        )

    def test_nothing_is_said_where_there_are_none(self, places: tuple[str, str]) -> None:
        assert "api_token" not in self.run("copy", places[1], places[0], "--yes")
