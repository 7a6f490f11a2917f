"""A sealed stream ends where it was sealed: no more, no less, and with the seal of its own bytes."""

from __future__ import annotations

import hashlib
import io
import random

import pytest
import zstandard

from storage import Invalid
from storage.transfer.checksum import FRAME, PIECE, SEAL, lines, sealed_pieces, sealing


def sealed(stream: bytes) -> bytes:
    """Return a stream with the seal of its bytes, whatever they are."""
    return stream + FRAME + hashlib.sha256(stream).digest()


def compressed(plain: bytes) -> bytes:
    """Return one whole stream of zstd."""
    return zstandard.ZstdCompressor(write_checksum=True).compress(plain)


def cut_after_its_lines(plain: bytes) -> bytes:
    """Return a stream that gives all of its plain bytes, and does not end."""
    compressor = zstandard.ZstdCompressor().compressobj()
    return compressor.compress(plain) + compressor.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK)


def read(file: bytes) -> list[bytes]:
    return list(lines(io.BytesIO(file)))


def test_what_was_sealed_is_read() -> None:
    sink = io.BytesIO()
    with sealing(sink) as plain:
        plain.write(b"one\n\nthree\n")
    assert read(sink.getvalue()) == read(sealed(compressed(b"one\n\nthree\n"))) == [b"one", b"", b"three"]


@pytest.mark.parametrize(
    "stream",
    [
        pytest.param(compressed(b"one\ntwo"), id="a last line without an end"),
        pytest.param(cut_after_its_lines(b"one\ntwo\n"), id="a stream without an end"),
        pytest.param(compressed(b"one\n") + compressed(b"two\n"), id="a second stream"),
        pytest.param(compressed(b"one\n") + b"x", id="a byte behind its end"),
        pytest.param(b"", id="no stream"),
    ],
)
def test_what_is_sealed_and_does_not_end_as_a_backup_is_refused(stream: bytes) -> None:
    with pytest.raises(Invalid, match="damaged or cut short"):
        read(sealed(stream))


@pytest.mark.parametrize("change", [1, -1], ids=["larger", "smaller"])
def test_a_seal_of_which_any_byte_is_larger_or_smaller_is_refused(change: int) -> None:
    whole = sealed(compressed(b"one\ntwo\n"))
    for place in range(len(whole) - SEAL, len(whole)):
        other = whole[:place] + bytes([(whole[place] + change) % 256]) + whole[place + 1 :]
        with pytest.raises(Invalid, match="damaged or cut short"):
            read(other)


@pytest.mark.parametrize("length", [0, 1, SEAL, PIECE - SEAL, PIECE - 1, PIECE, PIECE + 1, 2 * PIECE + SEAL - 1])
def test_a_stream_of_any_length_is_what_stands_before_its_seal(length: int) -> None:
    stream = random.Random(length).randbytes(length)
    assert b"".join(sealed_pieces(io.BytesIO(sealed(stream)))) == stream
