"""What a fork, or a signal in the middle of a statement, leaves behind: nothing that somebody else would notice."""

import subprocess
import sys
import threading

import pytest

from storage import Engine, Filter, StorageError, TransactionConflict, Unit, open_storage
from tests.servers import KINDS, MYSQL_KINDS

CHILD_WRITES = """
import os, sys
from storage import Engine, open_storage
storage = open_storage(sys.argv[1])
storage.migrations.upgrade()
storage.engines.add(Engine("of the parent"))
go_read, go_write = os.pipe()
done_read, done_write = os.pipe()
if os.fork() == 0:
    storage.engines.add(Engine("of the child, before"))
    os.write(done_write, b"1")
    os.read(go_read, 1)
    storage.engines.add(Engine("of the child, after"))
    os._exit(0)
os.read(done_read, 1)
storage.close()
os.write(go_write, b"1")
os.wait()
"""

FORK_INSIDE_A_UNIT = """
import os, sys
from storage import Engine, open_storage
storage = open_storage(sys.argv[1])
storage.migrations.upgrade()
with storage.transaction() as work:
    work.engines.add(Engine("Raptor"))
    if os.fork() == 0:
        sys.exit(0)
    os.wait()
"""

INTERRUPTED = """
import signal, sys
from storage import Engine, open_storage
storage = open_storage(sys.argv[1], pool_size=2, lock_timeout=30)
storage.migrations.upgrade()
raptor = storage.engines.add(Engine("Raptor"))

class Enough(Exception):
    pass

def strike(*_):
    raise Enough

signal.signal(signal.SIGALRM, strike)
with storage.transaction() as work:
    work.engines.update(raptor.id, {"thrust": 1})
    signal.setitimer(signal.ITIMER_REAL, 0.3)
    try:
        storage.engines.update(raptor.id, {"thrust": 2})
    except Enough:
        print("interrupted")
for _ in range(4):
    storage.engines.update(raptor.id, {"thrust": 3})
print(storage.engines.get(raptor.id).thrust, storage.connections_in_use())
"""


def run(script: str, url: str) -> str:
    """Run a script in a process of its own, which may fork, and return what it prints."""
    command = [sys.executable, "-W", "ignore", "-c", script, url]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def titles(url: str) -> list[str]:
    with open_storage(url) as storage:
        return [engine.title for engine in storage.engines.scan()]


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_forked_process_writes_stays_when_its_parent_closes(make_database, kind):
    url = make_database(kind)
    run(CHILD_WRITES, url)
    assert titles(url) == ["of the parent", "of the child, before", "of the child, after"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_process_that_is_forked_inside_a_unit_does_not_end_its_parent_s(make_database, kind):
    url = make_database(kind)
    run(FORK_INSIDE_A_UNIT, url)
    assert titles(url) == ["Raptor"]


@pytest.mark.parametrize("kind", ["postgresql", *MYSQL_KINDS])
def test_a_signal_in_the_middle_of_a_statement_leaves_the_pool_usable(make_database, kind):
    assert run(INTERRUPTED, make_database(kind)).split() == ["interrupted", "3", "0"]


def test_a_unit_that_another_thread_ends_does_not_keep_its_own_from_beginning_another(make_database):
    with open_storage(make_database("sqlite")) as storage:
        storage.migrations.upgrade()
        block = storage.snapshot()
        block.__enter__()
        thread = threading.Thread(target=block.__exit__, args=(None, None, None))
        thread.start()
        thread.join()
        with storage.transaction() as work:
            work.engines.add(Engine("Raptor"))
        assert storage.engines.count() == 1


@pytest.mark.parametrize("kind", ["postgresql", *MYSQL_KINDS])
def test_a_row_that_another_changed_since_the_unit_began_is_a_conflict(make_database, kind):
    with open_storage(make_database(kind)) as storage:
        storage.migrations.upgrade()
        raptor = storage.engines.add(Engine("Raptor"))

        def change(work: Unit) -> None:
            seen = work.engines.get(raptor.id)
            storage.engines.update(raptor.id, {"thrust": 1})
            work.engines.update(seen.id, {"thrust": 2}, version=seen.version)

        with pytest.raises(TransactionConflict):
            storage.run(change, attempts=1)


@pytest.mark.parametrize("kind", KINDS)
def test_four_who_put_the_same_new_entities_at_once_all_succeed(make_database, kind):
    with open_storage(make_database(kind)) as storage:
        storage.migrations.upgrade()
        failures: list[StorageError] = []
        barrier = threading.Barrier(4)

        def put() -> None:
            barrier.wait()
            try:
                storage.engines.put_many([Engine("Raptor", 1, None, id, 1) for id in range(1, 101)])
            except StorageError as error:
                failures.append(error)

        threads = [threading.Thread(target=put) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failures == []
        assert storage.engines.count(Filter("version", "eq", 1)) == 100
