"""Clients: ours and those handed in, their settings, their threads and forks, and what is said of them."""

import multiprocessing
import sys
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import dns.message
import dns.resolver
import pymongo
import pytest
from pymongo import ReadPreference

from storage import Engine, Invalid, Unavailable, open_storage
from storage.mongo.client import READ_CONCERN, WRITE_CONCERN
from tests.databases import mongo_client

#: What DNS makes of a name whose TXT record switches load balancing on.
BALANCED = {"nodelist": [("127.0.0.1", 1)], "options": {"loadbalanced": True}}
MOMENT = datetime(2024, 2, 29, 12, 30, 15, 123000, UTC)


@pytest.fixture
def handed_in(storage, url):
    """A client of the caller's on the migrated database."""
    with mongo_client(url, tz_aware=True, w=1, readPreference="secondaryPreferred") as client:
        yield client


def test_the_database_is_the_one_that_the_url_names(storage, database):
    storage.engines.add(Engine("Raptor"))
    assert database["engine"].count_documents({}) == 1


@pytest.mark.parametrize("url", ["mongodb://localhost", "mongodb://localhost/", "mongodb://localhost/?appName=x"])
def test_without_a_name_the_database_is_engine_room(url):
    with open_storage(url) as storage:
        assert storage.pool.work.database.name == "engine_room"


@pytest.mark.parametrize(
    "url",
    [
        "mongodb://",
        "mongodb://user:s3cret@",
        "mongodb://user:s3:cret@localhost",
        "mongodb://user:s3cret@localhost:port/",
        "mongodb://user:s3cret@localhost/a b",
        "mongodb://user:s3cret@localhost/?tls=perhaps",
        "mongodb://user:s3cret@localhost/?tsl=true",
        "mongodb+srv://user:s3cret@localhost:27017/",
        "mongodb://user:1/s3cret@localhost",
    ],
)
def test_a_url_that_cannot_be_read_is_invalid_and_shows_no_password(url):
    with pytest.raises(Invalid) as raised:
        open_storage(url)
    assert "mongodb" in str(raised.value)
    assert "cret" not in str(raised.value)
    assert raised.value.__cause__ is None


def test_the_address_shows_no_secret_behind_a_semicolon():
    with open_storage("mongodb://u:x@localhost/x?authSource=admin;tlsCertificateKeyFilePassword=s3cret") as storage:
        assert "s3cret" not in storage.address


def test_the_address_shows_no_password():
    with open_storage("mongodb://user:s3cret@localhost/engines?tlsCertificateKeyFilePassword=s3cret") as storage:
        assert storage.address.startswith("mongodb://user:***@localhost/engines")
        assert "s3cret" not in storage.address


def test_a_name_for_many_hosts_is_not_looked_up_before_it_is_needed():
    with open_storage("mongodb+srv://user:s3cret@engine-room.invalid/engines") as storage:
        assert storage.pool.work.database.name == "engines"


def test_opening_connects_to_nothing():
    with open_storage("mongodb://localhost:1/engines") as storage:
        assert storage.connections_in_use() == 0
        assert storage.pool.client.nodes == frozenset()


def test_a_host_that_refuses_is_unavailable_within_connect_timeout_and_nothing_was_applied():
    with open_storage("mongodb://localhost:1/engines", connect_timeout=0.1) as storage:
        for call in (storage.ping, storage.engines.count, lambda: storage.engines.add(Engine("Raptor"))):
            with pytest.raises(Unavailable) as raised:
                call()
            assert raised.value.retryable
            assert not raised.value.may_have_been_applied


def test_the_options_bound_the_pool_and_every_wait(url):
    with open_storage(url, pool_size=3, connect_timeout=1.5, timeout=7) as storage:
        options = storage.pool.client.options
        assert options.pool_options.max_pool_size == 3
        assert options.pool_options.wait_queue_timeout == 1.5
        assert options.pool_options.connect_timeout == 1.5
        assert options.pool_options.socket_timeout == 7
        assert options.server_selection_timeout == 1.5
        assert options.retry_reads
        assert options.retry_writes


@pytest.mark.parametrize(
    ("query", "name"), [("", "engine-room"), ("?appName=fleet", "fleet"), ("?appname=a%20b", "a b")]
)
def test_the_name_that_a_server_logs_is_the_url_s_or_ours(query, name):
    with open_storage(f"mongodb://localhost/{query}") as storage, storage.migrating() as work:
        for client in (storage.pool.client, work.database.client):
            assert client.options.pool_options.appname == name


def test_a_client_of_a_load_balancer_is_refused():
    balanced = mongo_client("mongodb://localhost/?loadBalanced=true", connect=False)
    with balanced, pytest.raises(Invalid, match="loadBalanced is not supported"):
        open_storage(balanced)


def test_what_dns_adds_to_a_name_switches_no_load_balancing_on(monkeypatch):
    monkeypatch.setattr("pymongo.synchronous.uri_parser._parse_srv", lambda *_, **__: BALANCED)
    with open_storage("mongodb+srv://engine-room.invalid/engines", connect_timeout=0.1) as storage:
        with pytest.raises(Unavailable):
            storage.ping()
        assert storage.pool.client.nodes == frozenset()
        assert not storage.pool.client.options.load_balanced


@pytest.mark.filterwarnings("ignore:Wire protocol compression")
@pytest.mark.parametrize(
    ("option", "modules"),
    [
        ("compressors=snappy", ["snappy"]),
        ("compressors=zlib,zstd", ["backports.zstd", "compression.zstd"]),
        ("authMechanism=MONGODB-AWS", ["pymongo_auth_aws"]),
        ("authMechanism=GSSAPI", ["kerberos", "winkerberos"]),
    ],
)
def test_an_option_whose_package_is_missing_is_invalid_and_says_what_to_install(monkeypatch, option, modules):
    for module in modules:
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(Invalid, match=r"is not installed: pip install 'pymongo\[\w+\]'") as raised:
        open_storage(f"mongodb://user:s3cret@localhost/?{option}")
    assert "cret" not in str(raised.value)


@pytest.mark.parametrize(
    ("option", "module"),
    [("compressors=snappy", "snappy"), ("authMechanism=MONGODB-AWS", "pymongo_auth_aws")],
)
def test_an_option_whose_package_is_there_is_taken(monkeypatch, tmp_path, option, module):
    (tmp_path / f"{module}.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    with open_storage(f"mongodb://user:s3cret@localhost/?{option}"):
        sys.modules.pop(module, None)


@pytest.mark.filterwarnings("ignore:Unsupported compressor")
def test_a_compressor_that_the_driver_does_not_know_is_invalid():
    with pytest.raises(Invalid, match="compressors=lzma is not known"):
        open_storage("mongodb://localhost/?compressors=zlib,lzma")


def test_an_unreachable_server_is_named_with_the_driver_s_own_reason():
    unreachable = open_storage("mongodb://user:s3cret@127.0.0.1:1/engines", connect_timeout=0.1)
    with unreachable, pytest.raises(Unavailable, match=r"127\.0\.0\.1:1: .*refused") as raised:
        unreachable.ping()
    assert "cret" not in str(raised.value)
    assert "TopologyDescription" not in str(raised.value)


@pytest.mark.parametrize(
    ("error", "retryable"),
    [
        (dns.resolver.LifetimeTimeout(timeout=0.1, errors=[]), True),
        (dns.resolver.NoNameservers(), True),
        (dns.resolver.NXDOMAIN(qnames=["_mongodb._tcp.engine-room.invalid"], responses={}), False),
        (dns.resolver.NoAnswer(response=dns.message.make_response(dns.message.make_query("x.", "SRV"))), False),
    ],
    ids=lambda one: type(one).__name__ if isinstance(one, Exception) else "",
)
def test_a_name_that_dns_does_not_answer_for_can_be_tried_again_and_an_unknown_one_cannot(
    monkeypatch, error, retryable
):
    def resolve(*_, **__):
        raise error

    monkeypatch.setattr("dns.resolver.resolve", resolve)
    with open_storage("mongodb+srv://user:s3cret@engine-room.invalid/engines") as storage:
        for call in (storage.ping, lambda: storage.engines.add(Engine("Raptor"))):
            with pytest.raises(Unavailable) as raised:
                call()
            assert raised.value.retryable is retryable
            assert not raised.value.may_have_been_applied
            assert str(error) in str(raised.value)
            assert "cret" not in str(raised.value)


def test_the_url_can_switch_off_that_the_driver_repeats_a_write():
    with open_storage("mongodb://localhost/?retryWrites=false&retryReads=false") as storage:
        assert not storage.pool.client.options.retry_writes
        assert not storage.pool.client.options.retry_reads


def test_a_migration_has_no_bound_on_its_statements(storage):
    with storage.migrating() as work:
        assert work.database.client.options.pool_options.socket_timeout is None


def test_no_bound_in_the_url_reaches_a_migration():
    with (
        open_storage("mongodb://localhost/?socketTimeoutMS=1000;maxPoolSize=1") as storage,
        storage.migrating() as work,
    ):
        options = work.database.client.options.pool_options
        assert options.socket_timeout is None
        assert options.max_pool_size > 1


@pytest.mark.parametrize("tail", ["", "?w=0&readPreference=secondary&readConcernLevel=local&journal=false"])
def test_concerns_and_the_primary_are_set_by_us_whatever_the_url_says(tail):
    with open_storage(f"mongodb://localhost/engines{tail}") as storage:
        collection = storage.pool.work.collection("engine")
        assert collection.write_concern == WRITE_CONCERN
        assert WRITE_CONCERN.document == {"w": "majority", "j": True}
        assert collection.read_concern == READ_CONCERN
        assert READ_CONCERN.level == "majority"
        assert collection.read_preference == ReadPreference.PRIMARY


def test_a_client_that_was_handed_in_is_used_with_our_settings_and_stays_open(storage, handed_in):
    added = storage.engines.add(Engine("Raptor"))
    with open_storage(handed_in) as other:
        assert other.engines.get(added.id) == added
        assert other.pool.work.collection("engine").write_concern == WRITE_CONCERN
        assert other.connections_in_use() == 0
    assert handed_in.admin.command("ping")["ok"] == 1


def test_a_moment_comes_back_in_utc_from_a_client_that_gives_zones_itself(storage, handed_in):
    fired = storage.engines.get(storage.engines.add(Engine("Raptor", last_fired=MOMENT)).id)
    with open_storage(handed_in) as other:
        found = other.engines.get(fired.id)
    assert found == fired
    assert found.last_fired.tzinfo is MOMENT.tzinfo


def test_a_client_that_was_handed_in_migrates_too(url):
    with mongo_client(url) as client, open_storage(client) as storage:
        storage.migrations.upgrade()
        assert storage.migrations.differences() == []


def test_what_is_no_synchronous_client_is_invalid(url):
    with mongo_client(url) as client:
        for other in (pymongo.AsyncMongoClient(url), client["engines"], client["engines"]["engine"]):
            with pytest.raises(Invalid, match=f"a MongoClient of PyMongo's, not {type(other).__name__}"):
                open_storage(other)


def test_a_client_that_was_handed_in_and_closed_is_unavailable(url):
    client = mongo_client(url)
    storage = open_storage(client)
    client.close()
    with pytest.raises(Unavailable) as raised:
        storage.ping()
    assert not raised.value.retryable


def test_a_closed_storage_opens_again(storage):
    storage.engines.add(Engine("Raptor"))
    storage.close()
    assert storage.engines.count() == 1


def test_every_thread_uses_the_same_client(storage):
    with ThreadPoolExecutor(8) as threads:
        pools = list(threads.map(lambda _: storage.pool, range(32)))
    assert len({id(pool) for pool in pools}) == 1


def test_a_connection_is_lent_for_the_length_of_a_statement(storage):
    storage.engines.add(Engine("Raptor"))
    with storage.transaction() as unit:
        unit.engines.count()
        assert storage.connections_in_use() == 0
    scan = storage.engines.scan()
    next(scan)
    assert storage.connections_in_use() == 0
    scan.close()


@pytest.mark.usefixtures("storage")
def test_a_pool_without_a_free_connection_is_unavailable_and_nothing_was_applied(url):
    held, free = threading.Event(), threading.Event()
    with open_storage(url, pool_size=1, connect_timeout=0.5) as small, ThreadPoolExecutor(1) as threads:
        small.engines.count()
        holder = threads.submit(hold_a_connection, small, held, free)
        assert held.wait(30)
        with pytest.raises(Unavailable, match="raise pool_size") as raised:
            small.engines.add(Engine("Raptor"))
        free.set()
        holder.result()
        assert not raised.value.may_have_been_applied
        assert small.engines.count() == 0


def hold_a_connection(storage, held, free):
    """Keep a connection out of the pool from one event to the other, as a slow statement would."""
    server = storage.pool.client._topology.select_server(ReadPreference.PRIMARY, "find")
    with server.pool.checkout():
        held.set()
        free.wait(30)


def test_a_fork_opens_a_client_of_its_own_and_keeps_its_parent_s_unused(storage):
    engine = storage.engines.add(Engine("Raptor"))
    parent = storage.pool

    def look():
        assert storage.engines.get(engine.id) == engine
        assert storage.pool is not parent
        assert parent in storage.pools.values()
        storage.close()
        assert list(storage.pools.values()) == [parent]

    child = multiprocessing.get_context("fork").Process(target=look)
    with warnings.catch_warnings():
        # From Python 3.12 a fork beside other threads warns: here it is what is asked about.
        warnings.simplefilter("ignore", DeprecationWarning)
        child.start()
    child.join()
    assert child.exitcode == 0
    assert storage.pool is parent
    assert storage.engines.count() == 1
