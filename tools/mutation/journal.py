"""What was tried is kept for a state of the code, so that a run which was cut off goes on where it was."""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from threading import Lock

from tools.mutation.mutants import Change
from tools.mutation.outcome import Outcome


class Journal:
    """The outcomes of the mutants that were tried, a line each."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.lock = Lock()
        self.known: dict[str, Outcome] = {}
        for line in file.read_text().splitlines() if file.exists() else ():
            # The last line may have been cut off.
            with suppress(ValueError):
                key, outcome = json.loads(line)
                self.known[key] = Outcome(**outcome)

    def find(self, change: Change, budget: float) -> Outcome | None:
        """Return what became of a mutant with that many seconds of tests, ``None`` if it was not tried yet."""
        return self.known.get(key_of(change, budget))

    def add(self, change: Change, budget: float, outcome: Outcome) -> None:
        """Note what became of a mutant."""
        with self.lock, self.file.open("a") as opened:
            opened.write(json.dumps([key_of(change, budget), asdict(outcome)]) + "\n")


def key_of(change: Change, budget: float) -> str:
    """Return what tells a mutant, and how long it was tried, from all others."""
    return hashlib.sha256(f"{budget}\0{change.mutant.file}\0{change.code}".encode()).hexdigest()
