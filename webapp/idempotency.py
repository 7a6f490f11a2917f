"""Repeating a request without doing it twice: the header ``Idempotency-Key``.

The first request with a key is done, and its answer is kept behind the repository for a while. The same request
with the same key gets that answer; another one is refused. A request that failed leaves nothing, so it may be
sent again.

Where the database has transactions, the key and what the request does become visible together. Elsewhere the
key is claimed first and completed last: one that was cut short in between stays a claim without an answer.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from datetime import datetime, timedelta

from flask import current_app, request
from msgspec.json import decode
from werkzeug.exceptions import BadRequest

from storage import (
    AlreadyExists,
    Capability,
    Engine,
    Filter,
    IdempotencyKey,
    NotFound,
    Repository,
    Storage,
    StorageError,
    Unavailable,
    Unit,
)
from storage.flask import current_storage
from webapp import problems
from webapp.access import caller
from webapp.engine_json import EngineDocument, engine_document
from webapp.errors import Refused
from webapp.responses import encode

HEADER = "Idempotency-Key"

#: Visible ASCII. No comma: that is how a header that was sent twice arrives.
KEY = r"[!-+\--~]{1,255}"

#: How many expired keys are removed at most when one is written.
REMOVED_AT_ONCE = 10

Work = Callable[[Storage | Unit], Engine]


def once(work: Work) -> EngineDocument:
    """Do the work of the current request, unless it was done before under its key; return the answer."""
    key = request.headers.get(HEADER)
    if key is None:
        return engine_document(work(current_storage))
    if not re.fullmatch(KEY, key):
        raise BadRequest(f"The header {HEADER} must have 1 to 255 visible ASCII characters without a comma.")
    now = current_app.config["CLOCK"]()
    new = IdempotencyKey(
        digest=digest(caller().encode(), key.encode()),
        request=digest(request.method.encode(), request.path.encode(), request.get_data()),
        expires=now + timedelta(seconds=current_app.config["IDEMPOTENCY_KEEP_SECONDS"]),
    )
    remove_expired(now)
    return answered_before(new, now) or first_answer(work, new, now)


def first_answer(work: Work, new: IdempotencyKey, now: datetime) -> EngineDocument:
    """Do the work and keep its answer; a twin that was faster gives the answer instead."""
    do = in_one_unit if Capability.TRANSACTIONS in current_storage.capabilities else claimed_first
    try:
        return do(work, new)
    except AlreadyExists:
        answer = answered_before(new, now)
        if answer is None:
            raise
        return answer


def in_one_unit(work: Work, new: IdempotencyKey) -> EngineDocument:
    """Do the work and keep its answer, both or neither."""

    def both(unit: Unit) -> EngineDocument:
        answer = engine_document(work(unit))
        unit.repository(IdempotencyKey).add(with_answer(new, answer))
        return answer

    return current_storage.run(both)


def claimed_first(work: Work, new: IdempotencyKey) -> EngineDocument:
    """Claim the key, do the work, and complete the claim; it is given up if nothing was done."""
    claim = keys().add(new)
    assert claim.id is not None  # noqa: S101 - for the type checker: storage gives it
    try:
        answer = engine_document(work(current_storage))
    except StorageError as error:
        if not (isinstance(error, Unavailable) and error.may_have_been_applied):
            keys().delete(claim.id)
        raise
    keys().update(claim.id, {"answer": encode(answer).decode()})
    return answer


def answered_before(new: IdempotencyKey, now: datetime) -> EngineDocument | None:
    """Return the answer to an earlier request with the same key, if there was one; it is refused if it differs."""
    found = keys().find(Filter("digest", "eq", new.digest), limit=1).items
    if not found:
        return None
    if found[0].expires <= now:
        remove(found[0])
        return None
    if found[0].request != new.request:
        raise Refused(problems.KEY_REUSED)
    if found[0].answer is None:
        raise Refused(problems.UNFINISHED)
    return decode(found[0].answer, type=EngineDocument)


def remove_expired(now: datetime) -> None:
    """Remove some of the keys that nobody may repeat any more."""
    expired = keys().find(Filter("expires", "le", now), order_by="expires", limit=REMOVED_AT_ONCE)
    for key in expired.items:
        remove(key)


def remove(key: IdempotencyKey) -> None:
    """Delete a key, which another request may have done already."""
    try:
        keys().delete(key.id or 0, version=key.version)
    except NotFound:
        return


def keys() -> Repository[IdempotencyKey]:
    """Return where the keys are kept."""
    return current_storage.repository(IdempotencyKey)


def with_answer(key: IdempotencyKey, answer: EngineDocument) -> IdempotencyKey:
    """Return a new key that has its answer."""
    return IdempotencyKey(key.digest, key.request, key.expires, encode(answer).decode())


def digest(*parts: bytes) -> str:
    """Return the SHA-256 of some parts; of each by itself first, so that none runs into the next."""
    whole = b"".join(hashlib.sha256(part).digest() for part in parts)
    return hashlib.sha256(whole).hexdigest()
