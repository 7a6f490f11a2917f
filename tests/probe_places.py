"""Where other entities than ours are kept: what a revision would make on each kind of database."""

from __future__ import annotations

from typing import Any

from sqlalchemy import CheckConstraint, text

from storage import Storage
from storage.mongo import MongoStorage
from storage.mongo.schema import VALIDATION, validator
from storage.sql import SqlStorage
from tests.mongo.doubles import make_counter, make_indexes
from tests.probe import Probe


def make_probes(storage: Storage) -> None:
    """Make room for probes in a database that was migrated."""
    make_place(storage, Probe)


def make_place(storage: Storage, entity: type[Any]) -> None:
    """Make room for an entity in a database that was migrated."""
    match storage:
        case SqlStorage():
            make_table(storage, entity)
        case MongoStorage():
            make_collection(storage, entity)
        case _:
            raise NotImplementedError(storage.backend)


def make_table(storage: SqlStorage, entity: type[Any]) -> None:
    table = storage.tables[entity]
    if storage.backend == "sqlite":
        # It would go on counting in floating point.
        table.append_constraint(CheckConstraint("typeof(version) = 'integer'"))
    with storage.engine.begin() as connection:
        table.create(connection)
        if storage.backend == "postgresql":
            connection.execute(text(f'CREATE SEQUENCE "{table.name}_id_seq" AS bigint'))
        else:
            counter = text("INSERT INTO engine_room_ids (entity, last_id) VALUES (:entity, 0)")
            connection.execute(counter, {"entity": table.name})


def make_collection(storage: MongoStorage, entity: type[Any]) -> None:
    work, description = storage.pool.work, storage.description(entity)
    work.database.create_collection(description.name, validator=validator(description), **VALIDATION)
    make_indexes(work, entity)
    make_counter(work, entity)
