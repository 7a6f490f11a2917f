"""A backup that is damaged, or not for this release, is refused in a sentence before a row is written."""

from __future__ import annotations

import io
import json
import os
import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pyrage import x25519

from storage import Engine, Invalid, Storage
from storage.migrations import WITHDRAWN
from storage.transfer import restore
from storage.transfer.checksum import PIECE, lines, sealing
from storage.transfer.encryption import MAGIC
from tests.transfer.everything import backup, open_backup
from tests.transfer.samples import dense_engines, engines, fill_with_limits

#: How many damaged backups are tried; `make test-crash` asks for 10,000.
DAMAGES = int(os.environ.get("TRANSFER_DAMAGES", "500"))

#: In bytes: what age writes between its header and its first piece, and what it adds to each; its pieces are as long
#: as ours.
AGE_NONCE, AGE_TAG = 16, 16


def refused(damaged: bytes, destination: Storage, key: Path | None = None) -> str:
    """Try to restore it, and return why it was refused."""
    with pytest.raises(Invalid) as caught, open_backup(io.BytesIO(damaged), destination, key) as opened:
        restore(opened, destination, notice=0)
    return str(caught.value)


@pytest.fixture
def untouched(destination: Storage) -> Iterator[Storage]:
    """A destination on which nothing may have happened when the test ends."""
    yield destination
    assert destination.engines.count() == destination.engines.last_id() == 0
    assert destination.migrations.current() != WITHDRAWN


@pytest.fixture
def small(source: Storage) -> bytes:
    """A small backup."""
    source.engines.put_many(engines(2))
    return backed_up(source)


def backed_up(storage: Storage, *recipients: str) -> bytes:
    """Return a backup of a storage."""
    file = io.BytesIO()
    backup(storage, file, recipients)
    return file.getvalue()


def test_every_flipped_byte_is_found(small: bytes, untouched: Storage) -> None:
    for place in range(len(small)):
        assert "damaged" in refused(flipped(small, place, 0xFF), untouched)


@pytest.mark.parametrize("bit", range(8))
def test_every_flipped_bit_of_the_frames_is_found(small: bytes, untouched: Storage, bit: int) -> None:
    for place in [*range(16), *range(len(small) - 48, len(small))]:
        assert "damaged" in refused(flipped(small, place, 1 << bit), untouched)


def flipped(whole: bytes, place: int, bits: int) -> bytes:
    """Return the bytes with some bits of one of them flipped."""
    return whole[:place] + bytes([whole[place] ^ bits]) + whole[place + 1 :]


def test_every_length_but_the_whole_is_too_short(small: bytes, untouched: Storage) -> None:
    for length in range(len(small)):
        assert "damaged" in refused(small[:length], untouched)


def test_every_flipped_byte_of_an_encrypted_backup_is_found(
    source: Storage, untouched: Storage, tmp_path: Path
) -> None:
    key = x25519.Identity.generate()
    (tmp_path / "key").write_text(str(key))
    source.engines.put_many(engines(2))
    encrypted = backed_up(source, str(key.to_public()))
    for place in range(len(encrypted)):
        assert "damaged" in refused(flipped(encrypted, place, 0xFF), untouched, tmp_path / "key")


def test_no_random_damage_passes(source: Storage, untouched: Storage) -> None:
    fill_with_limits(source)
    source.engines.put_many(engines(200, first=1000))
    damage(backed_up(source), untouched)


def damage(whole: bytes, destination: Storage, key: Path | None = None) -> None:
    """Damage a backup in so many ways by chance: each must be refused."""
    numbers = random.Random(seed := random.randrange(2**32))
    for number in range(DAMAGES):
        damaged = numbers.choice([flip_some, cut, double, lose])(whole, numbers)
        assert "damaged" in refused(damaged, destination, key), f"seed {seed}, number {number}"


@pytest.mark.parametrize("is_encrypted", [False, True], ids=["plain", "encrypted"])
def test_no_random_damage_to_a_backup_of_several_pieces_passes(
    source: Storage, untouched: Storage, tmp_path: Path, is_encrypted: bool
) -> None:
    key = x25519.Identity.generate()
    (tmp_path / "key").write_text(str(key))
    source.engines.put_many(dense_engines(1000))
    whole = backed_up(source, *[str(key.to_public())] * is_encrypted)
    assert len(whole) > 3 * PIECE
    # Else the key could be why it is refused.
    with open_backup(io.BytesIO(whole), untouched, tmp_path / "key") as opened:
        assert opened.manifest.contents.rows["engine"] == 1000
    damage(whole, untouched, tmp_path / "key")
    for length in range(piece_begins(whole), len(whole), PIECE + AGE_TAG * is_encrypted):
        assert "damaged" in refused(whole[:length], untouched, tmp_path / "key")


def piece_begins(whole: bytes) -> int:
    """Return where the first piece begins: of age's after its header and a nonce."""
    if not whole.startswith(MAGIC):
        return 0
    return whole.index(b"\n", whole.index(b"\n--- ") + 1) + 1 + AGE_NONCE


def flip_some(whole: bytes, numbers: random.Random) -> bytes:
    """Flip one to three bytes."""
    for place in numbers.sample(range(len(whole)), numbers.randint(1, 3)):
        whole = flipped(whole, place, numbers.randint(1, 255))
    return whole


def cut(whole: bytes, numbers: random.Random) -> bytes:
    """Lose the end."""
    return whole[: numbers.randrange(len(whole))]


def double(whole: bytes, numbers: random.Random) -> bytes:
    """Have a stretch twice, perhaps all of it."""
    start, end = sorted(numbers.sample(range(len(whole) + 1), 2))
    return numbers.choice([whole[:end] + whole[start:], whole + whole])


def lose(whole: bytes, numbers: random.Random) -> bytes:
    """Lose a stretch."""
    start, end = sorted(numbers.sample(range(len(whole) + 1), 2))
    return whole[:start] + whole[end:]


def resealed(whole: bytes, change: Callable[[list[bytes]], list[bytes]]) -> bytes:
    """Return a backup with other lines and a seal that is right."""
    file = io.BytesIO()
    with sealing(file) as plain:
        plain.write(b"".join(line + b"\n" for line in change(list(lines(io.BytesIO(whole))))))
    return file.getvalue()


def with_header(**changes: object) -> Callable[[list[bytes]], list[bytes]]:
    """Return what changes the header."""

    def change(found: list[bytes]) -> list[bytes]:
        header = json.loads(found[0])["header"] | changes
        return [json.dumps({"header": header}).encode(), *found[1:]]

    return change


def replaced(old: bytes, new: bytes) -> Callable[[list[bytes]], list[bytes]]:
    """Return what replaces something in every line."""
    return lambda found: [line.replace(old, new) for line in found]


FORGED: dict[str, tuple[Callable[[list[bytes]], list[bytes]], str]] = {
    "a newer format": (with_header(format=2, release="9.1"), "has format 2, .* take release 9.1, or a newer one"),
    "a newer revision": (with_header(revision="9999", release="9.1"), "of revision 9999, .* 9.1, or a newer one"),
    "an older revision": (with_header(revision="0003"), "of revision 0003, .* then upgrade the database"),
    "an unknown entity": (with_header(entities=["engine", "tank"]), "rows of tank, which"),
    "no header": (lambda found: found[1:], "does not begin with a header"),
    "no end": (lambda found: found[:-1], "damaged or cut short"),
    "nothing": (lambda _: [], "does not begin with a header"),
    "a row missing": (lambda found: [found[0], *found[2:]], "does not hold what its last line says"),
    "a row twice": (lambda found: [*found[:2], *found[1:]], "engine 1 comes after 1"),
    "rows the wrong way round": (lambda found: [found[0], found[2], found[1], found[3]], "engine 1 comes after 2"),
    "a row after the end": (lambda found: [*found, found[1]], "damaged or cut short"),
    "another title": (replaced(b"engine 1", b"engine 9"), "what its last line"),
    "a title that breaks a rule": (replaced(b"engine 1", b" "), "row 1 of engine"),
    "a number that is text": (replaced(b'"thrust":1,', b'"thrust":"1",'), "row 1 of engine"),
    "what is no JSON": (lambda found: [found[0], b'{"engine":{{}', *found[1:]], "row 1 of engine"),
}  # fmt: skip


@pytest.mark.parametrize(("change", "sentence"), FORGED.values(), ids=FORGED)
def test_what_is_sealed_and_wrong_is_refused(
    small: bytes, untouched: Storage, change: Callable[[list[bytes]], list[bytes]], sentence: str
) -> None:
    with pytest.raises(Invalid, match=sentence), open_backup(io.BytesIO(resealed(small, change)), untouched):
        pass


def test_sealed_again_without_a_change_it_is_taken(small: bytes, destination: Storage) -> None:
    with open_backup(io.BytesIO(resealed(small, lambda found: found)), destination) as opened:
        assert restore(opened, destination, notice=0).verification.differing() == 0
    assert list(destination.engines.scan()) == engines(2)


@pytest.mark.parametrize("content", [b"", b"x", b"PK\x03\x04", b"age-encryption.org/v1\n", os.urandom(5000)])
def test_what_is_no_backup_is_refused(content: bytes, untouched: Storage, tmp_path: Path) -> None:
    (tmp_path / "key").write_text(str(x25519.Identity.generate()))
    assert "the backup: " in refused(content, untouched, tmp_path / "key")


def test_a_file_that_holds_no_key_is_refused_without_showing_it(
    small: bytes, untouched: Storage, tmp_path: Path
) -> None:
    (tmp_path / "key").write_text("AGE-SECRET-KEY-1NONE")
    assert "SECRET" not in refused(small, untouched, tmp_path / "key")


def test_an_engine_is_left_where_the_refusal_found_it(small: bytes, destination: Storage) -> None:
    destination.engines.add(Engine("Raptor"))
    refused(small[:-1], destination)
    assert [engine.title for engine in destination.engines.scan()] == ["Raptor"]
