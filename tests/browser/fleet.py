"""Invented engines, for pictures and for tests that want a list."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from storage import Engine

FIRST = datetime(2026, 1, 12, 9, 30, tzinfo=UTC)

THRUSTS = {
    "Raptor": 2300,
    "Merlin": 914,
    "Merlin Vacuum": 981,
    "Vulcain": 1390,
    "Vinci": 180,
    "Prometheus": 1000,
    "Archimedes": 730,
    "Rutherford": 25,
    "Aeon": 520,
    "Reaver": 200,
    "Viking": 758,
    "Gamma": 234,
    "Vexin": 282,
    "Coralie": 66,
    "Astris": 23,
    "Helix": 102,
    "Callisto": 40,
    "Zefiro": 1315,
    "Aestus": 30,
    "Bantam": 22,
    "Skylark": 13,
    "Nova": 6670,
    "Peregrine": 3,
    "Hornet": 480,
    "Firebird": 1840,
    "Kestrel": 31,
    "Albatross": 1105,
    "Sparrow": 8,
}


def fleet() -> list[Engine]:
    """Return the engines, some of which have fired."""
    return [
        Engine(title, thrust, FIRST + timedelta(hours=7 * number) if number % 3 else None)
        for number, (title, thrust) in enumerate(THRUSTS.items())
    ]
