"""Doing a request once, however often it is sent: its answer is kept under a key, behind the repository.

The first request with a key is done, and its answer is kept for a while; the same request with the same key gets that
answer. One that failed leaves nothing, so it may be sent again.

Where the database has transactions, the key and what the request does become visible together. Elsewhere the key is
claimed first and completed last: one that was cut short in between stays a claim without an answer.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta

from flask import current_app
from werkzeug.exceptions import HTTPException

from storage import (
    AlreadyExists,
    Capability,
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
from webapp.errors import Refused

#: How many expired keys are removed at most when one is written.
REMOVED_AT_ONCE = 10

#: Does what a request asks for, in a unit or outside of one, and returns its answer as one line.
Work = Callable[[Storage | Unit], str]


def done_once(key: str, request: str, work: Work) -> str:
    """Do the work of a request, unless it was done before under its key; return the answer.

    ``key`` and ``request`` are digests: of the key and of who sent it, and of all that was asked for.
    """
    now = current_app.config["CLOCK"]()
    new = IdempotencyKey(key, request, now + timedelta(seconds=current_app.config["IDEMPOTENCY_KEEP_SECONDS"]))
    remove_expired(now)
    before = answered_before(new, now)
    return first_answer(work, new, now) if before is None else before


def first_answer(work: Work, new: IdempotencyKey, now: datetime) -> str:
    """Do the work and keep its answer; a twin that was faster gives the answer instead."""
    in_units = Capability.TRANSACTIONS in current_storage.capabilities
    try:
        return in_one_unit(work, new) if in_units else claimed_first(work, new)
    except (StorageError, HTTPException) as error:
        # In a unit, what the twin has done may be why the work fails: the version is another one, the row is gone.
        if isinstance(error, Unavailable) or not (in_units or isinstance(error, AlreadyExists)):
            raise
        answer = answered_before(new, now)
        if answer is None:
            raise
        return answer


def in_one_unit(work: Work, new: IdempotencyKey) -> str:
    """Do the work and keep its answer, both or neither."""

    def both(unit: Unit) -> str:
        answer = work(unit)
        unit.repository(IdempotencyKey).add(IdempotencyKey(new.digest, new.request, new.expires, answer))
        return answer

    return current_storage.run(both)


def claimed_first(work: Work, new: IdempotencyKey) -> str:
    """Claim the key, do the work, and complete the claim; it is given back if nothing was done."""
    claim = keys().add(new)
    assert claim.id is not None  # noqa: S101 - for the type checker: storage gives it
    try:
        answer = work(current_storage)
    except Exception as error:
        if not (isinstance(error, Unavailable) and error.may_have_been_applied):
            give_back(claim)
        raise
    try:
        keys().update(claim.id, {"answer": answer})
    except StorageError as error:
        raise Unavailable("it was done, and its answer could not be kept", may_have_been_applied=True) from error
    return answer


def give_back(claim: IdempotencyKey) -> None:
    """Remove a claim; the error that leads here is the one to tell, not that this failed as well."""
    try:
        remove(claim)
    except StorageError as error:
        current_app.logger.warning("a key of a request that failed was not given back: %s", error)


def answered_before(new: IdempotencyKey, now: datetime) -> str | None:
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
    return found[0].answer


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


def digest(*parts: bytes) -> str:
    """Return the SHA-256 of some parts; of each by itself first, so that none runs into the next."""
    whole = b"".join(hashlib.sha256(part).digest() for part in parts)
    return hashlib.sha256(whole).hexdigest()
