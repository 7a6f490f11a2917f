"""An edit that meets somebody else's: each field as it was, as one wants it and as the other left it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from webapp.pages.forms import LABELS, shown


@dataclass(frozen=True, slots=True)
class Difference:
    """One field in three states, as texts of a form; ``was`` is ``None`` where nobody knows."""

    name: str
    was: str | None
    yours: str
    theirs: str

    @property
    def label(self) -> str:
        """The name that people know the field by."""
        return LABELS[self.name]

    @property
    def differs(self) -> bool:
        """Whether there is anything to choose."""
        return self.yours != self.theirs

    @property
    def proposed(self) -> str | None:
        """The state that only one of the two has changed to; ``None`` if both did, and only people can tell."""
        if self.was == self.theirs:
            return "yours"
        return "theirs" if self.was == self.yours else None

    def shown(self, state: str) -> str:
        """Return one of the states as people read it."""
        text = getattr(self, state)
        return "not known" if text is None else shown(self.name, text)


def differences(was: Mapping[str, str] | None, yours: Mapping[str, str], theirs: Mapping[str, str]) -> list[Difference]:
    """Return every field in its three states."""
    return [Difference(name, None if was is None else was[name], yours[name], theirs[name]) for name in LABELS]
