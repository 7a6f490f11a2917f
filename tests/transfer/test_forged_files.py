"""Backups that were written by somebody else: sound to their seal, and refused before the first write."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from storage import Engine, Invalid, Storage, open_storage
from storage.transfer import checksum, restore
from storage.transfer.archive import UsedValues
from storage.transfer.canonical import Canonical
from storage.transfer.checksum import FRAME, LONGEST, lines, unpacked
from storage.transfer.checksum import sealing as sealed
from tests.probe import Probe
from tests.probe_places import make_probes
from tests.transfer.everything import backup, check, copy, open_backup, verify

SEEN = datetime(2026, 1, 1, tzinfo=UTC)

#: A frame of zstd with blocks of 128 KB, each of one byte repeated, and written in four bytes.
FRAME_HEADER = b"\x28\xb5\x2f\xfd\x00\x58"
BLOCK = ((128 << 10) << 3 | 1 << 1).to_bytes(3, "little") + b"0"


def bomb(blocks: int) -> bytes:
    """Return a sealed stream of zeros that unpacks to 32,768 times its size."""
    stream = FRAME_HEADER + BLOCK * blocks + b"\x01\x00\x00"
    return stream + FRAME + hashlib.sha256(stream).digest()


@pytest.fixture
def storage(tmp_path: Path) -> Iterator[Storage]:
    """A database of engines and probes, with one of each."""
    with open_storage(f"sqlite:///{tmp_path / 'here.db'}", entities=[*ours(), Probe]) as opened:
        opened.migrations.upgrade()
        make_probes(opened)
        opened.engines.add(Engine("Raptor"))
        opened.repository(Probe).add(Probe("a", SEEN))
        yield opened


def ours() -> list[type]:
    """Return the entities that each database has."""
    from storage.entities import ENTITIES

    return list(ENTITIES)


def forge(storage: Storage, probes: list[Probe], **changes: Any) -> io.BytesIO:
    """Return a backup of those probes; ``changes`` replace values of its header and of its last line."""
    header = {
        "format": 1,
        "revision": storage.migrations.head(),
        "release": "0.1.0",
        "backend": "sqlite",
        "server": "SQLite 3",
        "made": "2026-01-01T00:00:00.000Z",
        "snapshot": True,
        "entities": ["probe"],
    }
    canonical, sink = Canonical(storage.description(Probe)), io.BytesIO()
    rows = [canonical.line(probe) for probe in probes]
    digest = hashlib.sha256(b"".join(row + b"\n" for row in rows)).hexdigest()
    contents = {"rows": {"probe": len(rows)}, "sha256": {"probe": digest}, "marks": {"probe": 9}}
    with sealed(sink) as plain:
        plain.write(json.dumps({"header": header | {k: v for k, v in changes.items() if k in header}}).encode() + b"\n")
        for row in rows:
            plain.write(b'{"probe":' + row + b"}\n")
        last = contents | {k: v for k, v in changes.items() if k in contents}
        plain.write(json.dumps({"contents": last}).encode() + b"\n")
    sink.seek(0)
    return sink


def assert_refused_before_any_write(storage: Storage, file: io.BytesIO, sentence: str) -> None:
    before = list(storage.repository(Probe).scan())
    with pytest.raises(Invalid, match=sentence), open_backup(file, storage) as opened:
        restore(opened, storage, replace=True, notice=0)
    storage.forget_schema()
    assert list(storage.repository(Probe).scan()) == before
    assert storage.migrations.current() == storage.migrations.head()


def test_a_forged_backup_that_is_right_is_restored(storage: Storage) -> None:
    with open_backup(forge(storage, [Probe("b", SEEN, id=2, version=1)]), storage) as opened:
        restore(opened, storage, replace=True, notice=0)
    assert [probe.code for probe in storage.repository(Probe).scan()] == ["b"]


def test_two_equal_unique_values_are_refused_before_any_write(storage: Storage) -> None:
    twice = [Probe("same", SEEN, id=id, version=1) for id in (1, 2)]
    assert_refused_before_any_write(storage, forge(storage, twice), "probe 2: another row has the same code")


def test_two_equal_values_far_apart_are_found_however_few_are_held_at_once(
    storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(UsedValues, "HELD", 7)
    probes = [Probe(f"code {id % 99}", SEEN, id=id, version=1) for id in range(1, 101)]
    with open_backup(forge(storage, probes[:99], marks={"probe": 99}), storage):
        pass
    assert_refused_before_any_write(storage, forge(storage, probes, marks={"probe": 100}), "probe 100: another row")


@pytest.mark.parametrize("mark", [2**70, 2**63, -1, True, 1.0, "9", None, [9], {}])
def test_a_mark_that_no_database_can_have_is_refused_before_any_write(storage: Storage, mark: object) -> None:
    assert_refused_before_any_write(storage, forge(storage, [], marks={"probe": mark}), "no contents")


def test_a_mark_below_its_rows_is_refused_before_any_write(storage: Storage) -> None:
    file = forge(storage, [Probe("b", SEEN, id=7, version=1)], marks={"probe": 6})
    assert_refused_before_any_write(storage, file, "does not hold what its last line says")


JUNK: tuple[object, ...] = (None, True, 7, -1, 1.5, "", "x" * 300, "\x1b[2Jclear", [], ["a", 7], [[]], {}, {"a": []})
FIELDS = (
    "format",
    "revision",
    "release",
    "backend",
    "server",
    "made",
    "snapshot",
    "entities",
    "rows",
    "sha256",
    "marks",
)


@pytest.mark.parametrize("field", FIELDS)
def test_a_value_of_any_type_in_any_place_is_taken_or_refused_in_a_sentence(storage: Storage, field: str) -> None:
    for junk in JUNK:
        try:
            with open_backup(forge(storage, [], **{field: junk}), storage):
                pass
        except Invalid as error:
            assert str(error).isprintable()  # noqa: PT017 - it may be taken as well


def test_what_unpacks_to_gigabytes_is_held_in_bounded_pieces() -> None:
    pieces = map(len, unpacked(io.BytesIO(bomb(16_000))))
    longest = total = 0
    for size in pieces:
        longest, total = max(longest, size), total + size
    assert total == 16_000 * (128 << 10)
    assert longest <= LONGEST


def test_a_line_without_an_end_is_given_up_at_the_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checksum, "LONGEST", 1 << 22)
    file = io.BytesIO(bomb(60_000))
    with pytest.raises(Invalid):
        list(lines(file))
    assert file.tell() < len(file.getvalue())


def test_a_line_may_cross_any_number_of_pieces() -> None:
    wanted = [b"a" * number for number in (0, 1, 511, 512, 513, 70_000, 3)]
    sink = io.BytesIO()
    with sealed(sink) as plain:
        plain.write(b"".join(line + b"\n" for line in wanted))
    sink.seek(0)
    assert list(lines(sink)) == wanted


def test_entities_that_a_storage_was_not_opened_with_are_refused_by_name(storage: Storage, tmp_path: Path) -> None:
    file = tmp_path / "all.backup"
    backup(storage, file)
    with open_storage(storage.address) as without, open_storage(f"sqlite:///{tmp_path / 'b.db'}") as other:
        other.migrations.upgrade()
        for act in (
            lambda: backup(without, tmp_path / "x.backup"),
            lambda: copy(without, other),
            lambda: copy(other, without),
            lambda: check(without, other),
            lambda: check(other, without),
            lambda: verify(without, other),
            lambda: verify(other, without),
        ):
            with pytest.raises(Invalid, match="holds probe too"):
                act()
    assert not (tmp_path / "x.backup").exists()


def test_the_marks_are_raised_before_the_first_row_is_written(storage: Storage, tmp_path: Path) -> None:
    calls: list[str] = []
    with open_storage(f"sqlite:///{tmp_path / 'there.db'}", entities=[*ours(), Probe]) as there:
        there.migrations.upgrade()
        make_probes(there)
        there.observe(lambda call: calls.append(call.operation))
        copy(storage, there)
    writes = [name for name in calls if name in ("reserve_ids", "put_many")]
    assert writes[0] == "reserve_ids"
    assert "put_many" in writes
