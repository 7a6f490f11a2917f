"""What a field takes and what it refuses; shown on the engine, whose fields have one rule of each kind."""

from __future__ import annotations

import enum
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from storage import Engine, Invalid, Repository, Storage
from storage.testing.fixtures import Fixtures
from storage.testing.samples import AWKWARD_MOMENTS, AWKWARD_TEXTS

WRONG_TITLES: tuple[Any, ...] = (
    "", " ", " a", "a ", "\ta", "a\n", "a\u00a0", "\u2003a", "\0", "a\0b", "a\x01b", "a\x1fb", "a\x7fb", "a\x85b",
    "\ud800", "a\udfffb", "x" * 129, "\U0001f680" * 129, b"a", 1, True, None, 1.5, {"$gt": ""}, ["a"],
)  # fmt: skip

WRONG_THRUSTS: tuple[Any, ...] = (
    2**31, -(2**31) - 1, 2**63, 2**70, -(2**70), True, False, 1.0, float("nan"), float("inf"), "7", "", b"7", None,
    {"$gt": 0}, [7], datetime(2024, 1, 1, tzinfo=UTC),
)  # fmt: skip

EAST = timezone(timedelta(hours=14))
WEST = timezone(-timedelta(hours=12))

WRONG_MOMENTS: tuple[Any, ...] = (
    datetime(2024, 1, 1), datetime(999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC), datetime(1, 1, 1, tzinfo=UTC),
    datetime(999, 12, 31, 23, 59, 59, 999_000, tzinfo=UTC),
    datetime(1, 1, 1, tzinfo=EAST), datetime(9999, 12, 31, 23, tzinfo=WEST), datetime(1000, 1, 1, 13, tzinfo=EAST),
    datetime(2024, 1, 1).date(), "2024-01-01T00:00:00Z", 0, 1_700_000_000.5, True, {"$gt": ""}, [],
)  # fmt: skip


class Word(str):
    """Text of a type that no driver has met."""

    __slots__ = ()


class Number(enum.IntEnum):
    """A number of a type that no driver has met."""

    SEVEN = 7


class Fields(Fixtures):
    """The rules of ``title``, ``thrust`` and ``last_fired``, through every method that writes."""

    @pytest.mark.parametrize("title", WRONG_TITLES)
    def test_what_is_no_title_is_invalid(self, repository: Repository[Any], title: Any) -> None:
        """2.3 Text of 1 to 128 code points without control characters, lone surrogates and blanks at its ends."""
        refuse(repository, title=title)

    @pytest.mark.parametrize("thrust", WRONG_THRUSTS)
    def test_what_is_no_thrust_is_invalid(self, repository: Repository[Any], thrust: Any) -> None:
        """2.4 A whole number from -2^31 to 2^31-1, and ``bool`` is not one."""
        refuse(repository, thrust=thrust)

    @pytest.mark.parametrize("moment", WRONG_MOMENTS)
    def test_what_is_no_moment_is_invalid(self, repository: Repository[Any], moment: Any) -> None:
        """2.5 An aware datetime of the years 1000 to 9999 in UTC."""
        refuse(repository, last_fired=moment)

    def test_one_error_names_every_bad_field(self, repository: Repository[Any]) -> None:
        """2.7 And says in a sentence what is wrong with each."""
        refuse(repository, title="", thrust=True, last_fired=datetime(2024, 1, 1))
        with pytest.raises(Invalid) as raised:
            repository.add(Engine(title="a\0", thrust=2**31, id=1))
        assert set(raised.value.problems) == {"id", "title", "thrust"}
        assert all(sentence and sentence in str(raised.value) for sentence in raised.value.problems.values())

    @pytest.mark.parametrize("title", [*AWKWARD_TEXTS, "x" * 128, "\U0001f680" * 128, "a" + " " * 126 + "b"])
    def test_a_title_is_kept_to_the_code_point(self, repository: Repository[Any], title: str) -> None:
        """2.10 Neither trimmed nor normalised, and its case is its own."""
        added = repository.add(Engine(title))
        assert added.title == title
        assert repository.get(added.id).title == title

    @pytest.mark.parametrize("thrust", [-(2**31), -1, 0, 1, 2**31 - 1])
    def test_a_thrust_is_kept_to_its_limits(self, repository: Repository[Any], thrust: int) -> None:
        """2.4 The limits are inside."""
        assert repository.get(repository.add(Engine("a", thrust)).id).thrust == thrust

    @pytest.mark.parametrize("moment", [*AWKWARD_MOMENTS, None])
    def test_a_moment_is_kept_to_the_millisecond(self, repository: Repository[Any], moment: datetime | None) -> None:
        """2.5 2.6 Before 1970 as after it; or there is none."""
        found = repository.get(repository.add(Engine("a", 0, moment)).id).last_fired
        assert found == moment
        assert found is None or found.tzinfo is UTC

    @pytest.mark.parametrize(
        ("given", "kept"),
        [
            ((2024, 2, 29, 12, 0, 0, 999_999), (2024, 2, 29, 12, 0, 0, 999_000)),
            ((1969, 12, 31, 23, 59, 59, 999_999), (1969, 12, 31, 23, 59, 59, 999_000)),
            ((1969, 12, 31, 23, 59, 59, 1), (1969, 12, 31, 23, 59, 59, 0)),
            ((1000, 1, 1, 0, 0, 0, 999), (1000, 1, 1, 0, 0, 0, 0)),
            ((9999, 12, 31, 23, 59, 59, 999_999), (9999, 12, 31, 23, 59, 59, 999_000)),
        ],
    )
    def test_a_moment_is_truncated_towards_the_past(
        self, repository: Repository[Any], given: tuple[int, ...], kept: tuple[int, ...]
    ) -> None:
        """2.5 Never rounded, on neither side of 1970; what is returned is what is read."""
        year, month, day, hour, minute, second, microsecond = given
        moment = datetime(year, month, day, hour, minute, second, microsecond, tzinfo=UTC)
        expected = moment.replace(microsecond=kept[-1])
        added = repository.add(Engine("a", 0, moment))
        assert added.last_fired == expected
        assert repository.get(added.id).last_fired == expected
        assert repository.update(added.id, {"last_fired": moment}).last_fired == expected

    @pytest.mark.parametrize("minutes", [-720, -570, -1, 0, 330, 345, 840])
    def test_a_moment_of_any_zone_is_kept_in_utc(self, repository: Repository[Any], minutes: int) -> None:
        """2.5 The same moment, told in UTC."""
        zone = timezone(timedelta(minutes=minutes))
        moment = datetime(2024, 1, 1, 0, 30, 15, 250_000, tzinfo=zone)
        found = repository.get(repository.add(Engine("a", 0, moment)).id).last_fired
        assert found is not None
        assert found.replace(tzinfo=None) == (moment - timedelta(minutes=minutes)).replace(tzinfo=None)

    def test_a_value_of_a_subclass_is_kept_as_a_plain_one(self, repository: Repository[Any]) -> None:
        """2.2 Text is ``str`` and a number ``int``, whatever was given."""
        added = repository.add(Engine(Word("a"), Number.SEVEN))
        for engine in (added, repository.get(added.id)):
            assert (type(engine.title), type(engine.thrust)) == (str, int)
            assert (engine.title, engine.thrust) == ("a", 7)

    @pytest.mark.parametrize("entity", [None, "engine", {"title": "a"}, Engine, object(), ("a", 0, None)])
    def test_what_is_no_engine_is_invalid(self, repository: Repository[Any], entity: Any) -> None:
        """2.8 Nothing else is taken for one."""
        for write in (repository.add, lambda one: repository.add_many([one]), lambda one: repository.put_many([one])):
            with pytest.raises(Invalid) as raised:
                write(entity)
            assert set(raised.value.problems) == {"entity"}

    @pytest.mark.parametrize("name", ["id", "version", "nothing", "", "title.x", "$set", "TITLE", "title_key", "_id"])
    def test_what_cannot_be_changed_is_invalid(self, repository: Repository[Any], name: str) -> None:
        """10.5 Only a field of the entity can, and neither its id nor its version."""
        added = repository.add(Engine("a"))
        with pytest.raises(Invalid) as raised:
            repository.update(added.id, {"title": "b", name: 5})
        assert set(raised.value.problems) == {name}
        assert repository.get(added.id) == added

    @pytest.mark.parametrize("changes", [None, [], "title", [("title", "b")], 1, Engine("b")])
    def test_changes_are_a_mapping(self, repository: Repository[Any], changes: Any) -> None:
        """10.5 From names to values."""
        added = repository.add(Engine("a"))
        with pytest.raises(Invalid):
            repository.update(added.id, changes)
        assert repository.get(added.id) == added

    def test_bad_changes_are_invalid_also_where_nothing_is(self, repository: Repository[Any]) -> None:
        """10.8 Input is checked before anything is looked for."""
        with pytest.raises(Invalid):
            repository.update(2**63 - 1, {"thrust": "7"})

    def test_an_unknown_entity_is_invalid(self, storage: Storage) -> None:
        """1.12 The error names those that are kept."""
        with pytest.raises(Invalid, match="Engine"):
            storage.repository(Word)


def refuse(repository: Repository[Any], **values: Any) -> None:
    """Assert that each writing method refuses values, names exactly those fields, and writes nothing."""
    stored = repository.add(Engine("before"))
    new = Engine(**({"title": "new"} | values))
    moved = Engine(**({"title": "new"} | values), id=stored.id, version=2)
    for write in (
        lambda: repository.add(new),
        lambda: repository.add_many([Engine("first"), new]),
        lambda: repository.update(stored.id, values),
        lambda: repository.put_many([moved]),
    ):
        with pytest.raises(Invalid) as raised:
            write()
        assert set(raised.value.problems) == set(values)
    assert list(repository.scan()) == [stored]
