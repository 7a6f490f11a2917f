"""MongoEngine, with its own counter for ids, on a collection of its own."""

from __future__ import annotations

from collections.abc import Sequence

import mongoengine
from mongoengine import DateTimeField, Document, IntField, SequenceField, StringField

from storage import Engine


class EngineDocument(Document):
    """An engine; ``None`` is stored, as ours does."""

    id = SequenceField(primary_key=True)
    title = StringField(required=True, max_length=128)
    title_key = StringField(required=True)
    thrust = IntField(required=True)
    last_fired = DateTimeField(null=True)
    version = IntField(required=True)
    meta = {"collection": "engine_of_mongoengine", "auto_create_index": False}  # noqa: RUF012 - its own way


class WithMongoEngine:
    """See ``Peer``."""

    name = "MongoEngine"

    def __init__(self, url: str) -> None:
        mongoengine.connect(host=url)

    def get(self, id: int) -> EngineDocument:
        """Get by the primary key."""
        return EngineDocument.objects.get(pk=id)

    def page(self, after: int) -> list[EngineDocument]:
        """Query behind an id."""
        return list(EngineDocument.objects(id__gt=after).order_by("id").limit(100))

    def add(self, engine: Engine) -> EngineDocument:
        """Save; what is new needs no look first."""
        return model(engine).save(force_insert=True)

    def add_many(self, engines: Sequence[Engine]) -> list[EngineDocument]:
        """Insert in bulk, and have what was stored."""
        documents = [model(one) for one in engines]
        EngineDocument.objects.insert(documents, load_bulk=False)
        return documents

    def close(self) -> None:
        """Disconnect."""
        mongoengine.disconnect()


def model(engine: Engine) -> EngineDocument:
    """Return the document of an engine."""
    fired = engine.last_fired
    return EngineDocument(
        title=engine.title, title_key=engine.title.casefold(), thrust=engine.thrust,
        last_fired=fired and fired.replace(tzinfo=None), version=1,
    )  # fmt: skip
