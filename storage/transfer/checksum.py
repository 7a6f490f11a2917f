"""A zstd stream with a seal: the SHA-256 of every byte before it, in a frame that zstd itself skips.

The checksums of zstd leave out some bits of its own headers; the seal leaves out none. ``zstd -dc`` shows the
lines all the same.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

from storage.backends import missing_driver
from storage.errors import Invalid

#: The head of a skippable frame of 32 bytes: its number, and its length.
FRAME = (0x184D2A5E).to_bytes(4, "little") + (32).to_bytes(4, "little")
PIECE = 1 << 16
#: Bytes that are unpacked together: four of them can stand for a block of 128 KB, so that these make 16 MB at most.
MORSEL = 512
#: Bytes of a line, and so of what is held in memory at once.
LONGEST = 1 << 24
#: Bytes that a stream may refer back to.
WINDOW = 1 << 23

DAMAGED = "is damaged or cut short: take another backup"


def seal_of(digest: bytes) -> bytes:
    """Return the seal of the bytes with that SHA-256."""
    return FRAME + digest


SEAL = len(seal_of(hashlib.sha256().digest()))


def zstd() -> Any:
    """Return the library."""
    try:
        import zstandard
    except ModuleNotFoundError as error:
        raise missing_driver(error, "transfer") from error
    return zstandard


class Hashing:
    """A file to write in that hashes what goes through."""

    def __init__(self, sink: IO[bytes]) -> None:
        self.sink = sink
        self.hash = hashlib.sha256()

    def write(self, data: bytes) -> int:
        """Write and hash."""
        self.hash.update(data)
        return self.sink.write(data)

    def flush(self) -> None:
        """Leave it to the owner of the sink."""


@contextmanager
def sealing(sink: IO[bytes]) -> Iterator[IO[bytes]]:
    """Give a file to write plain bytes in; compressed and sealed they are in the sink when the block is left."""
    hashing = Hashing(sink)
    compressor = zstd().ZstdCompressor(level=3, write_checksum=True)
    with compressor.stream_writer(hashing, closefd=False) as plain:
        yield plain
    sink.write(seal_of(hashing.hash.digest()))


def sealed_pieces(source: IO[bytes]) -> Iterator[bytes]:
    """Yield the bytes before the seal; ``Invalid`` at the end if they are not those that were sealed."""
    hash, held = hashlib.sha256(), b""
    while piece := source.read(PIECE):
        held += piece
        ready, held = held[:-SEAL], held[-SEAL:]
        hash.update(ready)
        yield ready
    if held != seal_of(hash.digest()):
        raise Invalid({"file": DAMAGED})


def lines(source: IO[bytes]) -> Iterator[bytes]:
    """Yield the lines of a sealed stream, without their ends; no more than ``LONGEST`` bytes of one are held."""
    parts: list[bytes] = []
    length = 0
    for data in unpacked(source):
        *ends, rest = data.split(b"\n")
        for end in ends:
            yield b"".join([*parts, end])
            parts, length = [], 0
        parts.append(rest)
        length += len(rest)
        if length > LONGEST:
            raise Invalid({"file": DAMAGED})
    if length:
        raise Invalid({"file": DAMAGED})


def unpacked(source: IO[bytes]) -> Iterator[bytes]:
    """Yield the plain bytes of a sealed stream, in pieces whose size is bounded whatever the stream says."""
    decompressor = zstd().ZstdDecompressor(max_window_size=WINDOW).decompressobj()
    try:
        for piece in sealed_pieces(source):
            for start in range(0, len(piece), MORSEL):
                yield decompressor.decompress(piece[start : start + MORSEL])
    except zstd().ZstdError as error:
        raise Invalid({"file": DAMAGED}) from error
    if not decompressor.eof or decompressor.unused_data:
        raise Invalid({"file": DAMAGED})
