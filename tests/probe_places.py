"""Where probes are kept: what a revision would make on each kind of database."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, text

from storage import Storage
from storage.mongo import MongoStorage
from storage.mongo.schema import VALIDATION, validator
from storage.sql import SqlStorage
from tests.mongo.doubles import make_counter, make_indexes
from tests.probe import Probe


def make_probes(storage: Storage) -> None:
    """Make room for probes in a database that was migrated."""
    match storage:
        case SqlStorage():
            make_table(storage)
        case MongoStorage():
            make_collection(storage)
        case _:
            raise NotImplementedError(storage.backend)


def make_table(storage: SqlStorage) -> None:
    table = storage.tables[Probe]
    if storage.backend == "sqlite":
        # It would go on counting in floating point.
        table.append_constraint(CheckConstraint("typeof(version) = 'integer'"))
    with storage.engine.begin() as connection:
        table.create(connection)
        if storage.backend == "postgresql":
            connection.execute(text("CREATE SEQUENCE probe_id_seq AS bigint"))
        else:
            connection.execute(text("INSERT INTO engine_room_ids (entity, last_id) VALUES ('probe', 0)"))


def make_collection(storage: MongoStorage) -> None:
    work = storage.pool.work
    work.database.create_collection("probe", validator=validator(storage.description(Probe)), **VALIDATION)
    make_indexes(work, Probe)
    make_counter(work, Probe)
