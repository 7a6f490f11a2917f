"""Wrong credentials: refused for good, and never shown."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator
from urllib.parse import quote, urlsplit

import pytest

from storage import Unavailable, open_storage
from tests.databases import execute, mongo_client, with_database
from tests.running import RunningServers
from tests.servers import MYSQL_KINDS, MongoDB, PrivateServer

USER = "guarded"
PASSWORD = "right-öne-€"
WRONG = "wr0ng-se.cret"


def guard_postgresql(server: PrivateServer) -> None:
    execute(server.address, f"CREATE ROLE {USER} LOGIN PASSWORD '{PASSWORD}'")
    rules = server.folder / "data" / "pg_hba.conf"
    rules.write_text(f"host all {USER} 127.0.0.1/32 scram-sha-256\n" + rules.read_text())
    server.stop()
    server.start()


def guard_mysql(server: PrivateServer) -> None:
    execute(server.address, f"CREATE USER {USER} IDENTIFIED BY '{PASSWORD}'")
    execute(server.address, f"GRANT ALL ON *.* TO {USER}")


def guard_mongodb(server: MongoDB) -> None:
    with mongo_client(server.address) as client:
        client.admin.command("createUser", USER, pwd=PASSWORD, roles=["root"])
    server.stop()
    server.options = ("--auth",)
    server.start()


GUARD = {"postgresql": guard_postgresql, "mariadb": guard_mysql, "mysql": guard_mysql, "mongodb": guard_mongodb}


@pytest.fixture(scope="module")
def guarded(kind: str, own_servers: RunningServers[PrivateServer]) -> Iterator[Callable[[str], str]]:
    """The URL of a database of a server that asks for a password, with the password that is given."""
    # A mongod that is one of a replica set wants a key file besides: the stand-in does here.
    server = MongoDB(stand_in=True) if kind == "mongodb" else own_servers[kind]
    try:
        database = urlsplit(server.new_database()).path + ("?authSource=admin" if kind == "mongodb" else "")
        GUARD[kind](server)
        yield lambda password: f"{kind}://{USER}:{quote(password)}@127.0.0.1:{server.port}{database}"
    finally:
        if kind == "mongodb":
            server.close()


def test_the_right_password_opens(guarded: Callable[[str], str]) -> None:
    with open_storage(guarded(PASSWORD)) as storage:
        storage.ping()


def test_a_wrong_password_is_refused_for_good_and_shown_nowhere(guarded: Callable[[str], str]) -> None:
    with open_storage(guarded(WRONG)) as storage:
        with pytest.raises(Unavailable) as caught:
            storage.ping()
        assert WRONG not in storage.address
    assert not caught.value.retryable
    assert not caught.value.may_have_been_applied
    assert WRONG not in "".join(traceback.format_exception(caught.value))
    assert WRONG not in "".join(repr(error) for error in chain(caught.value))


# MongoDB makes a database at its first use.
@pytest.mark.parametrize("kind", ["postgresql", *MYSQL_KINDS])
def test_a_database_that_is_not_there_is_refused_for_good(
    own_servers: RunningServers[PrivateServer], kind: str
) -> None:
    url = with_database(own_servers[kind].tcp_address, "not_there")
    with open_storage(url) as storage, pytest.raises(Unavailable) as caught:
        storage.ping()
    assert not caught.value.retryable


def chain(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error and those behind it."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


@pytest.mark.parametrize("kind", ["postgresql"], scope="session")
def test_a_server_without_a_free_connection_is_retryable_although_it_has_asked_for_a_password(
    guarded: Callable[[str], str], own_servers: RunningServers[PrivateServer], kind: str
) -> None:
    execute(own_servers[kind].address, f"ALTER ROLE {USER} CONNECTION LIMIT 0")
    with open_storage(guarded(PASSWORD)) as storage, pytest.raises(Unavailable) as caught:
        storage.ping()
    execute(own_servers[kind].address, f"ALTER ROLE {USER} CONNECTION LIMIT -1")
    assert caught.value.retryable
    assert "53300" in str(caught.value)
    assert "127.0.0.1" in str(caught.value)
    assert PASSWORD not in str(caught.value)
