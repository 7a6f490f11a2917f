"""How much is measured, and for how long."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Sizes:
    """``rounds`` of ``seconds`` for each side; ``bulk_rounds`` for what takes long; the others are rows."""

    rounds: int
    seconds: float
    bulk_rounds: int
    rows: int
    bulk: int
    growth: int
    counted: int


FULL = Sizes(rounds=101, seconds=0.005, bulk_rounds=7, rows=10_000, bulk=100_000, growth=1_000_000, counted=4_000)
QUICK = Sizes(rounds=2, seconds=0.001, bulk_rounds=1, rows=600, bulk=600, growth=1_000, counted=40)

#: MongoDB's stand-in is slow, and what is measured there is the client's own work.
MONGO_SHARE = 10


def for_mongodb(sizes: Sizes) -> Sizes:
    """Return what is measured on MongoDB's stand-in."""
    return replace(
        sizes, rounds=min(sizes.rounds, 31), rows=max(300, sizes.rows // MONGO_SHARE), bulk=sizes.bulk // 100
    )
