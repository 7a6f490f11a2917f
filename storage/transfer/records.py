"""When the last backup was made and the last verification done, for those who look at the application."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from storage.transfer.atomic_write import replacing

BACKUP = "last-backup.json"
VERIFICATION = "last-verification.json"


@dataclass(frozen=True, slots=True)
class Record:
    """When it ended, what it was about (a file, or a database), how many rows, and whether it went well."""

    at: datetime
    place: str
    rows: int
    well: bool


def note_backup(folder: Path, place: str, rows: int) -> None:
    """Note that a backup was made just now."""
    note(folder / BACKUP, Record(datetime.now(UTC), readable(place), rows, True))


def note_verification(folder: Path, place: str, rows: int, *, well: bool) -> None:
    """Note that a verification was done just now, and whether it found no difference."""
    note(folder / VERIFICATION, Record(datetime.now(UTC), readable(place), rows, well))


def last_backup(folder: Path) -> Record | None:
    """Return the last backup that was noted in a folder; ``None`` where there is none."""
    return read(folder / BACKUP)


def last_verification(folder: Path) -> Record | None:
    """Return the last verification that was noted in a folder; ``None`` where there is none."""
    return read(folder / VERIFICATION)


def note(file: Path, record: Record) -> None:
    """Write a record in the place of the one before."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with replacing(file) as written:
        written.write(json.dumps(asdict(record) | {"at": record.at.isoformat()}).encode())


def read(file: Path) -> Record | None:
    """Read a record; what is no record is none."""
    try:
        values = json.loads(file.read_bytes())
        return Record(datetime.fromisoformat(values["at"]), readable(values["place"]), values["rows"], values["well"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def readable(place: str) -> str:
    """Return the name of a file as text that can be sent: Linux takes any bytes for a name."""
    return place.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
