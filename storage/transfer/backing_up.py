"""Writing a backup: one committed state where the engine gives one, in one file."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from storage.batches import batched, rows_within
from storage.capabilities import Capability
from storage.entity import Description
from storage.errors import Invalid
from storage.repository import Repository
from storage.storage import Repositories, Storage
from storage.transfer.atomic_write import Warn, log_warning, replacing
from storage.transfer.canonical import Canonical
from storage.transfer.checksum import sealing
from storage.transfer.encryption import encrypting, read_recipients
from storage.transfer.manifest import FORMAT, Contents, Header, Manifest, line_of, release
from storage.transfer.progress import Progress, Silence
from storage.transfer.rows import MOST_NAMED, Row, Unreadable, problems_of, rows
from storage.transfer.sources import StorageSource


def backup(
    source: Storage,
    file: Path | IO[bytes],
    recipients: Sequence[str] = (),
    progress: Progress | None = None,
    warn: Warn = log_warning,
    *,
    credentials: bool = False,
) -> Manifest:
    """Write all rows that are of use elsewhere, and the high-water marks, into a file; return its manifest.

    The file is replaced when all is written, and only then; an open file, such as a pipe, is written as it is.
    ``recipients``: encrypt it so that only they can read it. ``warn`` receives a sentence about what the file system
    could not do. ``credentials``: rows that let somebody in, such as API tokens, are in it too.

    ``Invalid`` names the rows that break a rule and could not be restored, and entities that the storage was not opened
    with.
    """
    keys = read_recipients(recipients)
    source.check_schema()
    rows_of = StorageSource(source, credentials=credentials)
    rows_of.check_entities()
    if not isinstance(file, Path):
        with encrypted(file, keys) as sink, sealing(sink) as plain:
            manifest = Backup(rows_of, plain, progress or Silence()).write()
        # Who is told that the backup was made is told of one whose last bytes have arrived.
        file.flush()
        return manifest
    with replacing(file, warn) as part, encrypted(part, keys) as sink, sealing(sink) as plain:
        return Backup(rows_of, plain, progress or Silence()).write()


@contextmanager
def encrypted(sink: IO[bytes], recipients: Sequence[Any]) -> Iterator[IO[bytes]]:
    """Give the sink, or what encrypts into it."""
    if not recipients:
        yield sink
        return
    with encrypting(sink, recipients) as plain:
        yield plain


@contextmanager
def one_state(storage: Storage) -> Iterator[Repositories]:
    """Give the repositories of a snapshot, or of the storage itself where there are none."""
    if Capability.SNAPSHOT not in storage.capabilities:
        yield storage
        return
    with storage.snapshot() as unit:
        yield unit


class Backup:
    """One backup while it is written."""

    def __init__(self, source: StorageSource, plain: IO[bytes], progress: Progress) -> None:
        self.source = source
        self.storage = source.storage
        self.plain = plain
        self.progress = progress
        self.problems: list[str] = []

    def write(self) -> Manifest:
        """Write every line."""
        header = self.header(self.source.moving())
        self.plain.write(line_of(header) + b"\n")
        numbers, hashes = {}, {}
        with one_state(self.storage) as repositories:
            for one in self.source.moving():
                numbers[one.name], hashes[one.name] = self.write_rows(one, repositories.repository(one.type))
                if self.problems:
                    raise Invalid({"rows": f"correct these and back up again: {'; '.join(self.problems)}"})
        # Read last: whatever was given out meanwhile is not to be used again either.
        contents = Contents(numbers, hashes, dict(self.source.marks()))
        self.plain.write(line_of(contents) + b"\n")
        return Manifest(header, contents)

    def header(self, entities: Sequence[Description[Any]]) -> Header:
        """Return what the backup is."""
        return Header(
            FORMAT,
            self.storage.migrations.head(),
            release(),
            self.storage.backend,
            self.storage.server_version(),
            f"{datetime.now(UTC).isoformat(timespec='milliseconds')[:-6]}Z",
            Capability.SNAPSHOT in self.storage.capabilities,
            [one.name for one in entities],
        )

    def write_rows(self, description: Description[Any], repository: Repository[Any]) -> tuple[int, str]:
        """Write the rows of an entity; return how many there are and the hash of their lines."""
        canonical, hash, number = Canonical(description), hashlib.sha256(), 0
        outside = self.storage.repository(description.type)
        start = f'{{"{description.name}":'.encode()
        found = up_to_unreadable(rows(repository, outside))
        told = self.progress.over(f"saving {description.name}", outside.count(), found)
        for batch in batched(told, rows_within(description.widest_row)):
            for row, problem in zip(batch, problems_of(description, batch), strict=True):
                if problem is not None:
                    self.problems.append(f"{description.name} {row.id}: {problem}")
                if len(self.problems) >= MOST_NAMED:
                    return number, hash.hexdigest()
                line = canonical.line(row)
                hash.update(line + b"\n")
                number += 1
                self.plain.write(start + line + b"}\n")
        return number, hash.hexdigest()


def up_to_unreadable(rows: Iterator[Row]) -> Iterator[Row]:
    """Yield the rows up to and with the first unreadable one: it breaks a snapshot, and looking for more takes long."""
    for row in rows:
        yield row
        if type(row) is Unreadable:
            return
