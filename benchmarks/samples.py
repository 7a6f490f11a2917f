"""The engines that are stored and asked for, and what is compared of whatever a peer returns."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from storage import Engine

FIRED = datetime(2026, 1, 1, tzinfo=UTC)

#: An engine's values, whoever keeps it.
Plain = tuple[str, int, datetime | None, int, int]


def engines(number: int) -> list[Engine]:
    """Return new engines: titles in no order, 200 ties a thrust in a hundred thousand, a third never fired."""
    return [
        Engine(f"Engine {n * 7919 % number:07}", n % 500, FIRED + timedelta(seconds=n) if n % 3 else None)
        for n in range(number)
    ]


def numbered(number: int) -> list[Engine]:
    """Return engines that have an id and a version, as they are moved."""
    return [Engine(one.title, one.thrust, one.last_fired, id, 1) for id, one in enumerate(engines(number), 1)]


def plain(one: Any) -> Plain:
    """Return the values of an entity, a model or a document; a moment without a zone is UTC's."""
    fired = one.last_fired
    if fired is not None and fired.tzinfo is None:
        fired = fired.replace(tzinfo=UTC)
    return one.title, one.thrust, fired, one.id, one.version


def check_same(work: str, ours: Iterable[Any], theirs: Iterable[Any], peer: str, *, ids: bool = True) -> None:
    """Raise unless both sides returned the same; of new entities the ids may differ."""
    mine, others = ([plain(one) for one in side] for side in (ours, theirs))
    if not ids:
        mine, others = ([(*one[:3], one[4]) for one in side] for side in (mine, others))
    if mine != others or not mine:
        raise AssertionError(f"{work}: {peer} returned other rows, {others[:2]} for {mine[:2]}")
