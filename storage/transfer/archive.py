"""Reading a backup: not a row of it before the whole was found to be sound."""

from __future__ import annotations

import hashlib
import itertools
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import IO, Any

from storage.entity import Description
from storage.errors import Invalid
from storage.migrations import Migrations
from storage.storage import Storage
from storage.transfer.canonical import Canonical, encode
from storage.transfer.checksum import DAMAGED, lines, sealed_pieces
from storage.transfer.conflicts import unique_fields
from storage.transfer.encryption import MAGIC, decrypting, read_identities
from storage.transfer.manifest import Contents, Header, Manifest, check_format, read_line
from storage.transfer.rows import Row
from storage.transfer.sources import Source, moving


@contextmanager
def open_backup(
    file: Path | IO[bytes], storage: Storage, identity: Path | None = None, *, credentials: bool = False
) -> Iterator[BackupFile]:
    """Open a backup and check all of it; ``Invalid`` says in a sentence what is wrong with it.

    ``storage`` is that which it is for: its entities and its history say what can be read. What comes through a
    pipe is kept in a temporary file, encrypted if it is. ``identity``: the file with the key of an encrypted one.
    ``credentials``: rows that let somebody in, such as API tokens, are taken from it too.
    """
    identities = [] if identity is None else read_identities(identity)
    place = str(file) if isinstance(file, Path) else "the backup"
    with seekable(file) as opened:
        yield BackupFile(place, opened, identities, storage, credentials=credentials)


@contextmanager
def seekable(file: Path | IO[bytes]) -> Iterator[IO[bytes]]:
    """Give a file that can be read again from its beginning: what comes through a pipe is kept until the end."""
    if isinstance(file, Path):
        with file.open("rb") as opened:
            if opened.seekable():
                yield opened
                return
            with seekable(opened) as kept:
                yield kept
        return
    with tempfile.TemporaryFile() as kept:
        shutil.copyfileobj(file, kept)
        yield kept


class BackupFile(Source):
    """A backup that was found to be sound."""

    def __init__(
        self, place: str, file: IO[bytes], identities: Sequence[Any], storage: Storage, *, credentials: bool
    ) -> None:
        self.place = place
        self.file = file
        self.identities = identities
        self.migrations = storage.migrations
        self.credentials = credentials
        self.known = {one.name: one for one in storage.descriptions.values() if not one.transient}
        try:
            self.check_seal()
            self.manifest = self.check_lines()
        except Invalid as error:
            raise Invalid({place: "; ".join(error.problems.values())}) from error

    def check_entities(self) -> None:
        """Nothing to do: a header that names an unknown entity was refused."""

    def moving(self) -> Sequence[Description[Any]]:
        """Return the entities that the header names, save those that stay."""
        named = [self.known[name] for name in self.manifest.header.entities]
        return moving(named, credentials=self.credentials)

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
            with closing(Reading([self.known[name] for name in header.entities])) as reading:
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
        self.values = {one.name: [UsedValues(one.name, field) for field in unique_fields(one)] for one in entities}
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
        for used in self.values[name]:
            used.take(entity)
        self.last[name] = entity.id
        self.numbers[name] += 1
        self.hashes[name].update(line + b"\n")

    def close(self) -> None:
        """Remove what was kept to compare the rows."""
        for used in itertools.chain(*self.values.values()):
            used.file.close()

    def contents(self) -> Contents:
        """Return what the last line says, which is what was read."""
        end = self.end
        if end is None:
            raise Invalid({"file": DAMAGED})
        hashes = {name: hash.hexdigest() for name, hash in self.hashes.items()}
        marks = all(end.marks.get(name, -1) >= last for name, last in self.last.items())
        if end.rows != self.numbers or end.sha256 != hashes or not marks:
            raise Invalid({"file": "does not hold what its last line says: take another backup"})
        for used in itertools.chain(*self.values.values()):
            used.check()
        return end


class UsedValues:
    """The values of a unique field that a file has, as hashes in a temporary file: there may be more than memory has.

    ``check`` reads them as often as it takes to hold ``HELD`` of them at once.
    """

    HELD = 1 << 18

    def __init__(self, entity: str, field: str) -> None:
        self.entity = entity
        self.field = field
        self.number = 0
        self.file = tempfile.TemporaryFile()  # noqa: SIM115 - it is gone with this object

    def take(self, row: Any) -> None:
        """Note the value of a row."""
        value = getattr(row, self.field)
        if value is not None:
            # The canonical text, since Python takes 7 and 7.0 for one.
            digest = hashlib.sha256(encode(str(value)).encode()).digest()[:16]
            self.file.write(digest + row.id.to_bytes(8, "little"))
            self.number += 1

    def check(self) -> None:
        """Raise ``Invalid`` if two rows have the same value."""
        parts = 1 + self.number // self.HELD
        for part in range(parts):
            self.file.seek(0)
            seen: set[bytes] = set()
            while noted := self.file.read(24):
                digest = noted[:16]
                if int.from_bytes(digest[:4], "little") % parts != part:
                    continue
                if digest in seen:
                    id = int.from_bytes(noted[16:], "little")
                    raise Invalid({"file": f"{self.entity} {id}: another row has the same {self.field}"})
                seen.add(digest)


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
