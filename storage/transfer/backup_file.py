"""Reading a backup: not a row of it before the whole was found to be sound."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from storage.description import Description
from storage.errors import Invalid
from storage.migrations import Migrations
from storage.storage import Storage
from storage.transfer.canonical import Canonical
from storage.transfer.encryption import MAGIC, decrypting, read_identities
from storage.transfer.manifest import Contents, Header, Manifest, check_format, read_line
from storage.transfer.rows import Row
from storage.transfer.sealing import DAMAGED, lines, sealed_pieces
from storage.transfer.sources import Source


@contextmanager
def open_backup(file: Path | IO[bytes], storage: Storage, identity: Path | None = None) -> Iterator[BackupFile]:
    """Open a backup and check all of it; ``Invalid`` says in a sentence what is wrong with it.

    ``storage`` is that which it is for: its entities and its history say what can be read. What comes through a
    pipe is kept in a temporary file, encrypted if it is. ``identity``: the file with the key of an encrypted one.
    """
    identities = [] if identity is None else read_identities(identity)
    with tempfile.TemporaryFile() if not isinstance(file, Path) else file.open("rb") as opened:
        if not isinstance(file, Path):
            shutil.copyfileobj(file, opened)
        place = str(file) if isinstance(file, Path) else "the backup"
        yield BackupFile(place, opened, identities, storage)


class BackupFile(Source):
    """A backup that was found to be sound."""

    def __init__(self, place: str, file: IO[bytes], identities: Sequence[Any], storage: Storage) -> None:
        self.place = place
        self.file = file
        self.identities = identities
        self.migrations = storage.migrations
        self.known = {one.name: one for one in storage.descriptions.values() if not one.passing}
        try:
            self.check_seal()
            self.manifest = self.check_lines()
        except Invalid as error:
            raise Invalid({place: "; ".join(error.problems.values())}) from error

    def moving(self) -> Sequence[Description[Any]]:
        """Return the entities that the header names."""
        return [self.known[name] for name in self.manifest.header.entities]

    def rows(self, description: Description[Any]) -> Iterator[Row]:
        """Read the rows of an entity, and the rest only as far as needed."""
        canonical, start = Canonical(description), start_of(description.name)
        with self.plain() as plain:
            for line in lines(plain):
                if line.startswith(start):
                    yield canonical.entity(line[len(start) : -1])

    def count(self, description: Description[Any]) -> int:
        """Return what the manifest says."""
        return self.manifest.contents.rows[description.name]

    def marks(self) -> Mapping[str, int]:
        """Return what the manifest says."""
        return self.manifest.contents.marks

    def find(self, description: Description[Any], name: str, values: Iterable[object]) -> list[Row]:
        """Read all rows, and keep those."""
        wanted = set(values)
        return [row for row in self.rows(description) if getattr(row, name) in wanted]

    @contextmanager
    def plain(self) -> Iterator[IO[bytes]]:
        """Give the bytes as they were before encryption, from the first one."""
        self.file.seek(0)
        encrypted = self.file.read(len(MAGIC)) == MAGIC
        self.file.seek(0)
        if not encrypted:
            yield self.file
            return
        if not self.identities:
            raise Invalid({"file": "is encrypted: give the file with the key by --identity"})
        with decrypting(self.file, self.identities) as plain:
            yield plain

    def check_seal(self) -> None:
        """Hash the whole file before any of it is taken for anything."""
        with self.plain() as plain:
            for _ in sealed_pieces(plain):
                pass

    def check_lines(self) -> Manifest:
        """Read the whole file as a restore would."""
        with self.plain() as plain:
            found = lines(plain)
            first = next(found, b"")
            check_format(first)
            header = read_line(Header, first)
            check_revision(header, self.migrations)
            unknown = [name for name in header.entities if name not in self.known]
            if unknown:
                raise Invalid({"file": f"has rows of {', '.join(unknown)}, which the storage was not opened with"})
            reading = Reading([self.known[name] for name in header.entities])
            for line in found:
                reading.take(line)
        return Manifest(header, reading.contents())


class Reading:
    """Takes the lines between the header and the end, and compares them with what the last one says."""

    def __init__(self, entities: Sequence[Description[Any]]) -> None:
        self.starts = [(start_of(one.name), one.name, Canonical(one)) for one in entities]
        self.hashes = {one.name: hashlib.sha256() for one in entities}
        self.numbers = {one.name: 0 for one in entities}
        self.last = {one.name: 0 for one in entities}
        self.end: Contents | None = None

    def take(self, line: bytes) -> None:
        """Take one line."""
        if self.end is not None:
            raise Invalid({"file": DAMAGED})
        for start, name, canonical in self.starts:
            if line.startswith(start):
                self.take_row(name, canonical, line[len(start) : -1])
                return
        self.end = read_line(Contents, line)

    def take_row(self, name: str, canonical: Canonical[Any], line: bytes) -> None:
        """Take a row: a whole entity, with an id above the one before."""
        try:
            entity = canonical.entity(line)
        except Invalid as error:
            raise Invalid({"file": f"row {self.numbers[name] + 1} of {name}: {error}"}) from error
        if entity.id <= self.last[name]:
            raise Invalid({"file": f"{name} {entity.id} comes after {self.last[name]}"})
        self.last[name] = entity.id
        self.numbers[name] += 1
        self.hashes[name].update(line + b"\n")

    def contents(self) -> Contents:
        """Return what the last line says, which is what was read."""
        end = self.end
        if end is None:
            raise Invalid({"file": DAMAGED})
        hashes = {name: hash.hexdigest() for name, hash in self.hashes.items()}
        marks = all(type(end.marks.get(name)) is int and end.marks[name] >= last for name, last in self.last.items())
        if end.rows != self.numbers or end.sha256 != hashes or not marks:
            raise Invalid({"file": "does not hold what its last line says: take another backup"})
        return end


def check_revision(header: Header, migrations: Migrations) -> None:
    """Raise ``Invalid`` for a backup of another revision, with the release that can restore it."""
    if header.revision == migrations.head():
        return
    is_older = header.revision in [one.id for one in migrations.history()]
    mend = (
        f"restore it with release {header.release}{', then upgrade the database' if is_older else ', or a newer one'}"
    )
    raise Invalid({"file": f"is of revision {header.revision}, this release restores {migrations.head()}: {mend}"})


def start_of(name: str) -> bytes:
    """Return how the rows of an entity begin in a backup."""
    return f'{{"{name}":'.encode()
