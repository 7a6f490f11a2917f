"""What a copy does to a row, by what is on either side."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from sqlalchemy import event, inspect

from storage import ApiToken, Engine, IdempotencyKey, SchemaOutOfDate, SignIn, Storage, open_storage
from storage.transfer import Choice, Fate
from storage.transfer.copying import delete_rows
from storage.transfer.progress import Silence
from tests.sql.plain import connected
from tests.transfer.everything import check, copy, verify
from tests.transfer.planting import change
from tests.transfer.samples import NOON, all_rows, engines, fill_with_limits

EQUAL = Choice(delete=True, overwrite=True)


def test_what_is_missing_is_added_with_its_id_and_version(source: Storage, destination: Storage) -> None:
    fill_with_limits(source)
    copy(source, destination)
    assert all_rows(destination) == all_rows(source)


def test_a_newer_version_wins(source: Storage, destination: Storage) -> None:
    source.engines.put_many([Engine("new", id=1, version=2)])
    destination.engines.put_many([Engine("old", id=1, version=1)])
    assert copy(source, destination).number(Fate.UPDATE) == 1
    assert destination.engines.get(1).title == "new"


@pytest.mark.parametrize(("version", "fate"), [(3, Fate.NEWER), (2, Fate.DIFFERENT)])
def test_a_newer_or_different_row_is_named_and_left_as_it_is(
    source: Storage, destination: Storage, version: int, fate: Fate
) -> None:
    source.engines.put_many([Engine("here", id=1, version=2)])
    destination.engines.put_many([Engine("there", id=1, version=version)])
    report = copy(source, destination)
    assert report.number(fate) == report.left() == 1
    assert report.tallies[0].left == (f"engine 1 is {fate.value}: version 2 here, {version} there",)
    assert destination.engines.get(1).title == "there"


@pytest.mark.parametrize("version", [1, 2, 3])
def test_with_overwrite_the_row_becomes_the_source_s(source: Storage, destination: Storage, version: int) -> None:
    source.engines.put_many([Engine("here", id=1, version=2)])
    destination.engines.put_many([Engine("there", id=1, version=version)])
    copy(source, destination, Choice(overwrite=True))
    assert destination.engines.get(1) == source.engines.get(1)


def test_rows_of_the_destination_alone_are_counted_and_stay(source: Storage, destination: Storage) -> None:
    destination.engines.put_many(engines(3))
    assert copy(source, destination).number(Fate.EXTRA) == 3
    assert destination.engines.count() == 3


def test_with_delete_rows_that_are_gone_go(source: Storage, destination: Storage) -> None:
    source.engines.put_many(engines(1, first=2))
    destination.engines.put_many(engines(3))
    assert copy(source, destination, Choice(delete=True)).number(Fate.DELETE) == 2
    assert list(destination.engines.scan()) == engines(1, first=2)


def test_with_both_the_destination_ends_equal(source: Storage, destination: Storage) -> None:
    fill_with_limits(source)
    destination.engines.put_many([replace(one, title="other", version=9) for one in engines(20)])
    copy(source, destination, EQUAL)
    assert all_rows(destination) == all_rows(source)


def test_run_again_it_writes_nothing(source: Storage, destination: Storage) -> None:
    fill_with_limits(source)
    copy(source, destination)
    statements: list[str] = []
    event.listen(destination.engine, "before_cursor_execute", lambda *args: statements.append(args[2]))  # type: ignore[attr-defined]
    report = copy(source, destination, EQUAL)
    assert (report.writes(), report.marks) == (0, {})
    assert {statement.split()[0] for statement in statements} <= {"SELECT", "PRAGMA"}


def test_the_destination_never_gives_out_an_id_that_the_source_has_used(source: Storage, destination: Storage) -> None:
    source.engines.put_many(engines(7))
    source.engines.delete(7)
    copy(source, destination)
    assert destination.engines.add(Engine("next")).id == 8


def test_a_higher_mark_of_the_destination_stays(source: Storage, destination: Storage) -> None:
    source.engines.put_many(engines(2))
    destination.engines.reserve_ids(40)
    copy(source, destination)
    assert destination.engines.last_id() == 40


def test_transient_rows_stay_and_their_ids_are_not_used_again(source: Storage, destination: Storage) -> None:
    source.repository(SignIn).add(SignIn("ada", "a" * 64, NOON, NOON))
    copy(source, destination)
    assert destination.repository(SignIn).count() == destination.repository(IdempotencyKey).count() == 0
    assert destination.repository(SignIn).last_id() == 1


def test_a_dry_run_counts_the_same_and_writes_nothing(source: Storage, destination: Storage) -> None:
    source.engines.put_many(engines(5))
    destination.engines.put_many(engines(3, first=4))
    report = check(source, destination, EQUAL)
    assert destination.engines.count() == 3
    assert report.tallies == copy(source, destination, EQUAL).tallies


def test_rows_are_counted_once_however_many_batches_they_are(
    source: Storage, destination: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.transfer.checking.BATCH", 2)
    source.engines.put_many(engines(5))
    report = check(source, destination)
    assert report.tallies[0].counts == {"added": 5}
    assert report.tallies == copy(source, destination).tallies


def test_a_broken_row_is_counted_as_that_alone(source: Storage, destination: Storage) -> None:
    source.engines.put_many(engines(3))
    change(source, 2, "thrust", 7.5)
    report = check(source, destination)
    assert (report.tallies[0].counts, report.broken()) == ({"added": 2}, 1)


class Meanwhile(Silence):
    """Does something when the copying of an entity begins."""

    def __init__(self, what: str, act: Callable[[], object]) -> None:
        self.what = what
        self.act = act

    def begin(self, what: str, total: int) -> None:
        if what == self.what:
            self.act()


def test_ids_that_the_source_gives_out_during_a_copy_are_not_used_again_and_reported(
    source: Storage, destination: Storage
) -> None:
    source.engines.put_many(engines(2))
    meanwhile = Meanwhile("copying engine", lambda: source.engines.reserve_ids(9))
    assert copy(source, destination, progress=meanwhile).marks == {"engine": 9}
    assert destination.engines.last_id() == 9


def test_rows_of_the_source_that_break_uniqueness_are_each_named_once(source: Storage, destination: Storage) -> None:
    for storage in (source, destination):
        storage.repository(ApiToken).put_many([token(1, "deploy")])
    with connected(source.url) as connection:  # type: ignore[attr-defined]
        for index in inspect(connection).get_indexes("api_token"):
            connection.exec_driver_sql(f"DROP INDEX {index['name']}")
    source.repository(ApiToken).put_many([token(2, "deploy")])
    report = check(source, destination)
    assert report.problems() == ["api_token 2: api_token 1 has the same name"]
    assert report.broken() == 1


def test_what_is_not_agreed_to_is_not_done(source: Storage, destination: Storage) -> None:
    source.engines.put_many(engines(5))
    assert copy(source, destination, agree=lambda report: report.writes() != 5).writes() == 5
    assert (destination.engines.count(), destination.engines.last_id()) == (0, 0)


def token(id: int, name: str, version: int = 1) -> ApiToken:
    return ApiToken(name, "a" * 64, "read", NOON, None, id, version)


def test_two_rows_that_have_swapped_a_unique_value_arrive(source: Storage, destination: Storage) -> None:
    source.repository(ApiToken).put_many([token(1, "b", 2), token(2, "a", 2), token(3, "c")])
    destination.repository(ApiToken).put_many([token(1, "a"), token(2, "b"), token(3, "c")])
    report = copy(source, destination)
    assert report.tallies[1].counts == {"equal": 1, "updated": 2}
    assert all_rows(destination) == all_rows(source)


def test_a_value_wanders_along_a_chain_longer_than_a_batch(
    source: Storage, destination: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.transfer.copying.BATCH", 2)
    source.repository(ApiToken).put_many([token(id, f"name {id % 9}", 2) for id in range(1, 10)])
    destination.repository(ApiToken).put_many([token(id, f"name {id - 1}") for id in range(1, 10)])
    assert copy(source, destination).tallies[1].counts == {"updated": 9}
    assert all_rows(destination) == all_rows(source)


def test_a_deleted_row_leaves_its_unique_value_to_another(source: Storage, destination: Storage) -> None:
    source.repository(ApiToken).put_many([token(1, "deploy")])
    destination.repository(ApiToken).put_many([token(9, "deploy")])
    report = copy(source, destination, Choice(delete=True))
    assert report.tallies[1].counts == {"added": 1, "deleted": 1}
    assert all_rows(destination) == all_rows(source)


@pytest.mark.parametrize("batch", [1, 2, 5])
@pytest.mark.parametrize("choice", [Choice(delete=True), EQUAL], ids=str)
def test_a_copy_counts_as_it_was_checked_where_unique_values_change_hands(
    source: Storage, destination: Storage, monkeypatch: pytest.MonkeyPatch, choice: Choice, batch: int
) -> None:
    monkeypatch.setattr("storage.transfer.copying.BATCH", batch)
    source.repository(ApiToken).put_many([token(1, "deploy"), token(2, "x"), token(3, "b", 2), token(4, "a", 2)])
    destination.repository(ApiToken).put_many([token(3, "a"), token(4, "b"), token(9, "deploy")])
    counts = {"added": 2, "updated": 2, "deleted": 1}
    assert check(source, destination, choice).tallies[1].counts == counts
    assert copy(source, destination, choice).tallies[1].counts == counts
    assert all_rows(destination) == all_rows(source)


@pytest.mark.parametrize(
    ("last", "counts"),
    [
        ([], {"added": 1, "deleted": 1499}),
        ([token(1500, "x", 2)], {"added": 1, "updated": 1, "deleted": 1498}),
        ([token(1500, "x")], {"added": 1, "overwritten": 1, "deleted": 1498}),
    ],
)
def test_a_row_that_is_taken_out_before_it_was_read_is_counted_as_what_becomes_of_it(
    source: Storage,
    destination: Storage,
    monkeypatch: pytest.MonkeyPatch,
    last: list[ApiToken],
    counts: dict[str, int],
) -> None:
    """Rows are read a thousand at a time."""
    monkeypatch.setattr("storage.transfer.copying.BATCH", 1)
    source.repository(ApiToken).put_many([token(1, "deploy"), *last])
    others = [token(id, f"name {id}") for id in range(2, 1500)]
    destination.repository(ApiToken).put_many([*others, token(1500, "deploy")])
    assert copy(source, destination, EQUAL).tallies[1].counts == counts
    assert all_rows(destination) == all_rows(source)


@pytest.mark.parametrize("version", [1, 2])
def test_a_row_that_stays_in_the_way_stops_the_copy_and_is_named(
    source: Storage, destination: Storage, version: int
) -> None:
    source.engines.put_many(engines(3))
    source.repository(ApiToken).put_many([token(1, "deploy"), token(9, "other")])
    destination.repository(ApiToken).put_many([token(9, "deploy", version)])
    report = copy(source, destination)
    assert report.problems() == ["api_token 1: the destination's api_token 9 has its name and stays as it is"]
    assert destination.engines.count() == 0


@pytest.mark.parametrize(
    ("choice", "source_row"),
    [(Choice(overwrite=True), 8), (Choice(delete=True), 9)],
    ids=["only overwrite", "only delete"],
)
def test_one_choice_alone_does_not_remove_a_row_that_is_in_the_way(
    source: Storage, destination: Storage, choice: Choice, source_row: int
) -> None:
    source.repository(ApiToken).put_many([token(1, "deploy"), token(source_row, "other")])
    destination.repository(ApiToken).put_many([token(9, "deploy", 2)])
    report = copy(source, destination, choice)
    assert report.problems() == ["api_token 1: the destination's api_token 9 has its name and stays as it is"]
    assert [row.name for row in destination.repository(ApiToken).scan()] == ["deploy"]


def test_rows_that_break_a_rule_stop_the_copy_before_anything_is_written(source: Storage, destination: Storage) -> None:
    source.engines.put_many(engines(3))
    with connected(source.url) as connection:  # type: ignore[attr-defined]
        connection.exec_driver_sql("PRAGMA ignore_check_constraints = ON")
        connection.exec_driver_sql("UPDATE engine SET thrust = 7.5 WHERE id = 2")
        connection.exec_driver_sql("UPDATE engine SET title = ' Raptor' WHERE id = 3")
        connection.exec_driver_sql("UPDATE engine SET last_fired = 'yesterday' WHERE id = 1")
    report = copy(source, destination)
    assert report.broken() == 3
    assert [problem.partition(":")[0] for problem in report.problems()] == ["engine 1", "engine 2", "engine 3"]
    assert "must be a whole number, not float" in report.problems()[1]
    assert (destination.engines.count(), destination.engines.last_id()) == (0, 0)


def test_a_row_that_somebody_changes_before_it_is_deleted_stays(source: Storage, destination: Storage) -> None:
    destination.engines.put_many(engines(2))
    seen = list(destination.engines.scan())
    destination.engines.update(2, {"thrust": 9})
    delete_rows(destination.engines, seen)
    assert [engine.id for engine in destination.engines.scan()] == [2]


def test_a_destination_that_was_withdrawn_is_not_written_to(source: Storage, destination: Storage) -> None:
    source.engines.put_many(engines(2))
    destination.withdraw()
    destination.forget_schema()
    with pytest.raises(SchemaOutOfDate, match="out of service"):
        copy(source, destination)


def test_a_third_party_s_backend_is_copied_to_and_from(installed: None, source: Storage, destination: Storage) -> None:
    fill_with_limits(source)
    with open_storage("memory://") as memory:
        memory.migrations.upgrade()
        copy(source, memory, EQUAL)
        copy(memory, destination, EQUAL)
        assert not verify(source, memory).differing()
    assert not verify(source, destination).differing()
