"""MongoDB, by PyMongo."""

from storage.mongo.storage import MongoStorage, open_backend

__all__ = ["MongoStorage", "open_backend"]
