"""What a database lacks, or has otherwise, than the newest revision leaves it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from storage.entity import Description
from storage.mongo.client import Document, Work
from storage.mongo.schema import IDS, VALIDATION, Index, indexes, validator


def find_differences(work: Work, descriptions: Sequence[Description[Any]]) -> list[str]:
    """Return each difference in a sentence."""
    return [sentence for description in descriptions for sentence in collection_differences(work, description)]


def collection_differences(work: Work, description: Description[Any]) -> Iterator[str]:
    """Yield the differences of one collection, and of its counter."""
    name = description.name
    found = next(iter(work.database.list_collections(filter={"name": name})), None)
    if found is None:
        yield f"the collection {name} is missing"
        return
    yield from validator_differences(description, found.get("options", {}))
    made = work.collection(name).index_information()
    for index in indexes(description):
        if index.name not in made:
            yield f"the index {index.name} is missing"
        elif not is_made(index, made[index.name]):
            yield f"the index {index.name} is not on {', '.join(index.keys)} as it should be"
    if work.collection(IDS).find_one({"_id": name}) is None:
        yield f"{IDS} has no document for {name}"


def validator_differences(description: Description[Any], options: Document) -> Iterator[str]:
    """Yield what is wrong with the validator of a collection with those options."""
    found = options.get("validator")
    if not found:
        yield f"the collection {description.name} has no validator"
    elif found != validator(description):
        yield f"the validator of {description.name} is another"
    elif {key: options.get(key) for key in VALIDATION} != VALIDATION:
        yield f"the validator of {description.name} does not refuse what breaks it"


def is_made(index: Index, found: Document) -> bool:
    """Return whether an index that the database has is the one that is wanted."""
    keys = [(key, int(direction)) for key, direction in found["key"]]
    partial = found.get("partialFilterExpression")
    return (
        keys == [(key, 1) for key in index.keys]
        and bool(found.get("unique")) is index.unique
        and (None if partial is None else dict(partial)) == index.partial
    )
