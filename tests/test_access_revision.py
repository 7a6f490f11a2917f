"""Revision 0004, which makes room for tokens, sign-ins and idempotency keys: the same on every backend."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from storage import AlreadyExists, ApiToken, IdempotencyKey, Invalid, SignIn, Storage

NOW = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)
TOKEN = ApiToken("deploy", "a" * 64, "write", NOW)


def test_each_entity_is_kept_as_it_is(storage: Storage) -> None:
    used = ApiToken("used", "a" * 64, "read", NOW, last_used=NOW)
    claim = IdempotencyKey("c" * 64, "d" * 64, NOW)
    for entity in (TOKEN, used, SignIn("ada", "b" * 64, NOW, NOW), claim, replace(claim, answer='{"id":1}')):
        repository = storage.repository(type(entity))
        added = repository.add(entity)
        assert repository.get(added.id) == added
        repository.delete(added.id)


def test_two_tokens_cannot_have_one_name(storage: Storage) -> None:
    first = storage.repository(ApiToken).add(TOKEN)
    with pytest.raises(AlreadyExists):
        storage.repository(ApiToken).add(TOKEN)
    storage.repository(ApiToken).delete(first.id)


def test_nothing_is_lacking_after_down_and_up_and_no_id_is_given_twice(storage: Storage) -> None:
    used = storage.repository(SignIn).add(SignIn("ada", "b" * 64, NOW, NOW)).id
    storage.migrations.downgrade("0003")
    storage.migrations.upgrade()
    assert storage.migrations.differences() == []
    assert storage.repository(SignIn).last_id() == used


def test_tokens_stop_a_downgrade_and_are_named(storage: Storage) -> None:
    kept = storage.repository(ApiToken).add(TOKEN)
    with pytest.raises(Invalid, match="revoke them"):
        storage.migrations.downgrade("0003")
    assert storage.migrations.current() == storage.migrations.head()
    assert storage.repository(ApiToken).get(kept.id) == kept
    storage.repository(ApiToken).delete(kept.id)


def test_only_what_is_of_use_elsewhere_moves(storage: Storage) -> None:
    assert [one.name for one in storage.descriptions.values() if one.transient] == ["sign_in", "idempotency_key"]
