"""The repository on PyMongo: one class for every entity."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, TypeVar

from pymongo import InsertOne, ReplaceOne, ReturnDocument
from pymongo.cursor import Cursor
from pymongo.errors import BulkWriteError, CursorNotFound, PyMongoError

from storage.batches import batched, rows_within
from storage.entity import LARGEST_ID, Columns, Description, check_id, check_version, height, sliced
from storage.errors import Invalid, NotFound, VersionConflict
from storage.mongo.client import Document, Work
from storage.mongo.errors import naming
from storage.mongo.executor import Connections
from storage.mongo.ids import Ids
from storage.mongo.mapping import reader, writer, writer_of_many
from storage.mongo.query import ordering, page, where
from storage.query import Condition, Filter, Page, Segment, checked_filters, checked_query
from storage.repository import PutResult, Repository

E = TypeVar("E")

DUPLICATE = 11000

#: How often a batch of ``put_many`` looks again at entities that others wrote at the same moment.
LOOKS = 5


class MongoRepository(Repository[E]):
    """See ``Repository`` for what each method promises."""

    def __init__(self, description: Description[E], connections: Connections, time_limit: int) -> None:
        self.description = description
        self.name = description.name
        self.connections = connections
        self.time_limit = time_limit
        self.batch = rows_within(description.widest_row)
        self.ids = Ids(description.name)
        self.entities = reader(description)
        self.document = writer(description)
        self.documents = writer_of_many(description)

    def add(self, entity: E) -> E:
        """Take an id, then insert one document."""
        values = self.description.new_values(entity) | {"version": 1}
        with self.connections.numbering() as work:
            [values["id"]] = self.ids.take(work, 1)
        with self.connections.writing() as work, naming(self.name):
            work.collection(self.name).insert_one(self.document(values), session=work.session)
        return self.description.entity(values)

    def add_many(self, entities: Iterable[E]) -> list[E]:
        """Take the ids, then insert the documents in one transaction where there are transactions."""
        new = list(entities)
        if not new:
            return []
        columns = self.description.new_columns(new)
        with self.connections.numbering() as work:
            columns["id"] = list(self.ids.take(work, len(new)))
        with self.connections.atomic() as work, naming(self.name):
            self.insert(work, columns)
        return self.description.entities(columns)

    def get(self, id: int) -> E:
        """Find one document by its id."""
        if check_id(id):
            with self.connections.reading() as work:
                document = work.collection(self.name).find_one({"_id": id}, session=work.session)
            if document is not None:
                return self.entities([document])[0]
        raise self.not_found(id)

    def get_many(self, ids: Iterable[int]) -> list[E]:
        """Find the documents in batches, each id once."""
        wanted = list(dict.fromkeys(id for id in ids if check_id(id)))
        found: dict[int, E] = {}
        if wanted:
            with self.connections.reading() as work:
                for batch in batched(wanted, self.batch):
                    documents = self.search(work, {"_id": {"$in": batch}}).to_list()
                    ids_found = [document["_id"] for document in documents]
                    found |= zip(ids_found, self.entities(documents), strict=True)
        return [found[id] for id in wanted if id in found]

    def find(self, *filters: Filter, order_by: str = "id", limit: int = 50, cursor: str | None = None) -> Page[E]:
        """Find one page, a nullable order in two ranges."""
        query = checked_query(self.description, filters, order_by, limit, cursor)
        with self.connections.reading() as work:
            return query.page(lambda segment, number: self.read(work, segment, number))

    def count(self, *filters: Filter) -> int:
        """Count the documents."""
        matching = where(checked_filters(self.description, filters))
        with self.connections.reading() as work:
            collection = work.collection(self.name)
            return collection.count_documents(matching, session=work.session, maxTimeMS=self.time_limit)

    def scan(self, *filters: Filter) -> Iterator[E]:
        """Read the documents by a cursor in id order; where the server forgets it, by another from there on."""
        return self.walk(checked_filters(self.description, filters))

    def update(self, id: int, changes: Mapping[str, object], version: int | None = None) -> E:
        """Update one document and read it in one statement."""
        fields = self.document(self.description.changed_values(changes))
        matching = self.matching(id, version)
        # The server refuses a $set of nothing.
        change = {"$inc": {"version": 1}} | ({"$set": fields} if fields else {})
        with self.connections.writing() as work, naming(self.name):
            document = work.collection(self.name).find_one_and_update(
                matching, change, return_document=ReturnDocument.AFTER, session=work.session
            )
        if document is None:
            raise self.not_matched(id, version)
        return self.entities([document])[0]

    def delete(self, id: int, version: int | None = None) -> None:
        """Delete one document in one statement."""
        matching = self.matching(id, version)
        with self.connections.writing() as work:
            done = work.collection(self.name).delete_one(matching, session=work.session)
        if done.deleted_count == 0:
            raise self.not_matched(id, version)

    def put_many(self, entities: Iterable[E], overwrite: bool = False) -> PutResult:
        """Raise the mark, then insert and replace in id order, each document by itself."""
        self.connections.refuse_in_unit("put_many")
        given = list(entities)
        if not given:
            return PutResult(0, 0, 0)
        columns = self.description.stored_columns(given)
        with self.connections.numbering() as work:
            self.ids.raise_to(work, columns["id"][-1])
        added = replaced = 0
        for batch in sliced(columns, self.batch):
            done = self.put_batch(self.documents(batch), overwrite=overwrite)
            added, replaced = added + done.added, replaced + done.replaced
        return PutResult(added, replaced, len(given) - added - replaced)

    def last_id(self) -> int:
        """Read the high-water mark."""
        with self.connections.reading() as work:
            return self.ids.last(work)

    def reserve_ids(self, up_to: int) -> None:
        """Raise the high-water mark."""
        self.connections.refuse_in_unit("reserve_ids")
        if not check_id(up_to) and up_to != 0:
            raise Invalid({"up_to": f"must be from 0 to {LARGEST_ID}"})
        with self.connections.numbering() as work:
            self.ids.raise_to(work, up_to)

    def insert(self, work: Work, columns: Columns) -> None:
        """Insert new documents in their order; where there is no transaction, an error says how far it came."""
        stored = 0
        for batch in sliced(columns, self.batch):
            try:
                work.collection(self.name).insert_many(self.documents(batch), session=work.session)
            except PyMongoError as error:
                if work.session is None:
                    stored += error.details["nInserted"] if isinstance(error, BulkWriteError) else 0
                    error.add_note(f"at least the first {stored} of {height(columns)} were stored")
                raise
            stored += height(batch)

    def search(self, work: Work, matching: Document, **options: Any) -> Cursor[Document]:
        """Return a cursor over documents."""
        return work.collection(self.name).find(matching, session=work.session, **options)

    def read(self, work: Work, segment: Segment, number: int) -> list[E]:
        """Read at most ``number`` documents of a segment, in one answer."""
        cursor = self.search(
            work,
            page(segment),
            sort=ordering(segment.order),
            limit=number,
            batch_size=number + 1,
            max_time_ms=self.time_limit,
        )
        return self.entities(cursor.to_list())

    def walk(self, conditions: Sequence[Condition]) -> Iterator[E]:
        """Yield the entities behind conditions batch by batch; none is lent a connection between batches."""
        cursor: Cursor[Document] | None = None
        matching, resumed = where(conditions), False
        try:
            while True:
                with self.connections.reading() as work:
                    if cursor is None:
                        cursor = self.search(work, matching, sort=[("_id", 1)], batch_size=self.batch)
                    try:
                        documents = cursor.to_list(self.batch)
                    except CursorNotFound:
                        if resumed:
                            raise
                        cursor, resumed = None, True
                        continue
                if not documents:
                    return
                yield from self.entities(documents)
                matching = where([*conditions, Condition("id", "gt", documents[-1]["_id"])])
                resumed = False
        finally:
            if cursor is not None:
                with suppress(PyMongoError):
                    cursor.close()

    def matching(self, id: int, version: int | None) -> Document:
        """Return the query for one document at one version; ``NotFound`` for an id that none can have."""
        check_version(version)
        if not check_id(id):
            raise self.not_found(id)
        return {"_id": id} if version is None else {"_id": id, "version": version}

    def not_matched(self, id: int, version: int | None) -> NotFound | VersionConflict:
        """Return why a document was not written: it is not there, or it has another version."""
        found = None if version is None else self.versions([id]).get(id)
        if found is None:
            return self.not_found(id)
        return VersionConflict(f"{self.name} {id} has version {found}, not {version}: read it again")

    def not_found(self, id: int) -> NotFound:
        """Return the error for an id that no document has."""
        return NotFound(f"there is no {self.name} with the id {id}")

    def versions(self, ids: Sequence[int]) -> dict[int, int]:
        """Return the versions of those documents that exist, by id."""
        with self.connections.reading() as work:
            found = work.collection(self.name).find({"_id": {"$in": ids}}, {"version": True}, session=work.session)
            return {document["_id"]: document["version"] for document in found.to_list()}

    def put_batch(self, documents: Sequence[Document], *, overwrite: bool) -> PutResult:
        """Insert what is missing and replace what is older; look again at what others wrote meanwhile."""
        added = replaced = looks = 0
        left = documents
        while left:
            versions = self.versions([document["_id"] for document in left])
            left = [one for one in left if overwrite or one["version"] > versions.get(one["_id"], 0)]
            if not left:
                break
            looks += 1
            operations = [self.put_one(one, is_new=one["_id"] not in versions, overwrite=overwrite) for one in left]
            done, failed = self.write(operations, final=looks == LOOKS)
            added, replaced = added + done["nInserted"] + done["nUpserted"], replaced + done["nMatched"]
            left = [left[index] for index in failed]
        return PutResult(added, replaced, len(documents) - added - replaced)

    def put_one(
        self, document: Document, *, is_new: bool, overwrite: bool
    ) -> InsertOne[Document] | ReplaceOne[Document]:
        """Return what stores one document, and fails with a duplicate ``_id`` where it must not replace."""
        if is_new:
            return InsertOne(document)
        guard = {} if overwrite else {"version": {"$lt": document["version"]}}
        return ReplaceOne({"_id": document["_id"], **guard}, document, upsert=True)

    def write(
        self, operations: Sequence[InsertOne[Document] | ReplaceOne[Document]], *, final: bool
    ) -> tuple[Mapping[str, Any], list[int]]:
        """Run a bulk; return its counts and which of it failed because another wrote the same id meanwhile."""
        with self.connections.writing() as work, naming(self.name):
            try:
                return work.collection(self.name).bulk_write(operations, ordered=False).bulk_api_result, []
            except BulkWriteError as error:
                failures = error.details["writeErrors"]
                if final or error.details["writeConcernErrors"] or not all(map(is_same_id, failures)):
                    raise
                return error.details, [failure["index"] for failure in failures]


def is_same_id(failure: Mapping[str, Any]) -> bool:
    """Return whether a write failed because the id is taken; True as well where the server does not say."""
    return failure["code"] == DUPLICATE and set(failure.get("keyPattern", ["_id"])) == {"_id"}
