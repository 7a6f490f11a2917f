"""Two processes that upgrade at the same moment end with one upgrade."""

from __future__ import annotations

from storage import open_storage
from tests.sql.children import PROCESSES, migrate_together, start
from tests.sql.plain import snapshot

UPGRADERS = 3


def test_processes_that_upgrade_at_once_end_with_one_upgrade(sql_kind, make_database):
    urls = [make_database(sql_kind), make_database(sql_kind)]
    with open_storage(urls[0]) as storage:
        storage.migrations.upgrade()
    barrier = PROCESSES.Barrier(UPGRADERS)
    processes = [start(migrate_together, urls[1], barrier) for _ in range(UPGRADERS)]
    for process in processes:
        process.join()
    assert sorted(process.exitcode for process in processes) == [0, 0, 1]
    assert snapshot(urls[1]) == snapshot(urls[0])
