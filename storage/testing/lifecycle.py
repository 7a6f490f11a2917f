"""Opening, closing, forking, and the schema's way up and down."""

from __future__ import annotations

import multiprocessing
import warnings
from typing import Any

import pytest

from storage import Invalid, Repository, SchemaOutOfDate, Storage
from storage.testing.fixtures import Fixtures
from storage.testing.threads import PATIENCE, in_threads


class Opening(Fixtures):
    """``ping``, ``close``, threads and processes."""

    def test_a_storage_that_is_there_answers(self, storage: Storage) -> None:
        """1.5 ``ping`` is silent."""
        storage.ping()
        assert storage.connections_in_use() == 0

    def test_a_storage_says_what_it_is(self, storage: Storage) -> None:
        """1.11 The kind of database, its server's name and version, and its place."""
        assert storage.backend
        assert any(character.isdigit() for character in storage.server_version())
        assert storage.address

    def test_a_closed_storage_opens_again(self, storage: Storage, repository: Repository[Any]) -> None:
        """1.6 With everything that was stored; closing twice is no harm."""
        added = repository.add_many(self.samples.several(3))
        storage.close()
        storage.close()
        assert storage.connections_in_use() == 0
        assert list(repository.scan()) == added
        assert list(storage.repository(self.entity).scan()) == added
        storage.ping()

    def test_many_threads_read_at_once(self, storage: Storage, repository: Repository[Any]) -> None:
        """1.7 More of them than there may be connections: they wait for one another."""
        added = repository.add_many(self.samples.several(6))
        found = in_threads(lambda _: [repository.get(entity.id) for entity in added] + list(repository.scan()), 16)
        assert found == [added * 2] * 16
        assert storage.connections_in_use() == 0

    @pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="this system cannot fork")
    def test_a_forked_process_opens_connections_of_its_own(self, repository: Repository[Any]) -> None:
        """1.8 Parent and child each go on, and neither disturbs the other."""
        added = repository.add_many(self.samples.several(3))

        def look() -> None:
            for _ in range(5):
                assert list(repository.scan()) == added

        context = multiprocessing.get_context("fork")
        child = context.Process(target=look, daemon=True)
        with warnings.catch_warnings():
            # From Python 3.12 a fork beside other threads warns: here it is what is asked about.
            warnings.simplefilter("ignore", DeprecationWarning)
            child.start()
        look()
        child.join(PATIENCE)
        exit_code = child.exitcode
        child.kill()
        assert exit_code == 0
        look()


class Schema(Fixtures):
    """``migrations``."""

    def test_a_migrated_database_is_at_the_head(self, storage: Storage) -> None:
        """14.1 14.2 Nothing is pending."""
        history = [revision.id for revision in storage.migrations.history()]
        assert storage.migrations.current() == storage.migrations.head() == history[-1]
        assert storage.migrations.pending() == []
        assert len(set(history)) == len(history)
        assert all(revision.summary for revision in storage.migrations.history())

    def test_migrating_again_changes_nothing(self, storage: Storage, repository: Repository[Any]) -> None:
        """14.1 What was applied is left alone."""
        added = repository.add_many(self.samples.several(3))
        storage.migrations.upgrade()
        storage.migrations.upgrade(storage.migrations.head())
        assert list(repository.scan()) == added
        assert storage.migrations.current() == storage.migrations.head()

    def test_an_emptied_database_is_as_the_head_makes_it(self, storage: Storage, repository: Repository[Any]) -> None:
        """14.8 Indexes and limits do not go with the last entity."""
        assert storage.migrations.differences() == []
        for entity in repository.add_many(self.samples.several(3)):
            repository.delete(entity.id)
        assert storage.migrations.differences() == []

    def test_the_database_names_the_entities_it_stores(self, storage: Storage, repository: Repository[Any]) -> None:
        """14.10 Empty or not, in alphabetical order."""
        name = storage.description(self.entity).name
        assert name in storage.migrations.stored_entities()
        repository.add(self.samples.one(0))
        found = list(storage.migrations.stored_entities())
        assert name in found
        assert found == sorted(found)

    @pytest.mark.parametrize("revision", ["nothing", "", "9999", "head; --", "base "])
    def test_an_unknown_revision_is_invalid(self, storage: Storage, revision: str) -> None:
        """14.7 To go to, or to record; nothing changes."""
        for go in (storage.migrations.upgrade, storage.migrations.downgrade, storage.migrations.stamp):
            with pytest.raises(Invalid) as raised:
                go(revision)
            assert set(raised.value.problems) == {"revision"}
        assert storage.migrations.current() == storage.migrations.head()

    def test_every_revision_keeps_the_entities(self, fresh_storage: Storage) -> None:
        """14.3 Down to the first revision and up again, step by step, with the mark of ids that are gone."""
        repository = fresh_storage.repository(self.entity)
        added = repository.add_many(self.samples.several(6))
        repository.delete(added[-1].id)
        history = [revision.id for revision in fresh_storage.migrations.history()]
        for revision in reversed(history):
            fresh_storage.migrations.downgrade(revision)
            assert fresh_storage.migrations.current() == revision
        for revision in history:
            fresh_storage.migrations.upgrade(revision)
            assert fresh_storage.migrations.current() == revision
        assert [entity.id for entity in repository.scan()] == [entity.id for entity in added[:-1]]
        assert repository.last_id() == added[-1].id
        assert fresh_storage.migrations.differences() == []
        assert repository.add(self.samples.one(7)).id > added[-1].id

    def test_a_schema_that_is_missing_is_out_of_date(self, fresh_storage: Storage) -> None:
        """14.5 The error says what was found, what is wanted, and what to do; then it is done."""
        repository = fresh_storage.repository(self.entity)
        migrations = fresh_storage.migrations
        migrations.downgrade("base")
        assert migrations.current() is None
        assert list(migrations.pending()) == list(migrations.history())
        fresh_storage.forget_schema()
        for use in (repository.count, lambda: repository.add(self.samples.one(0)), repository.last_id):
            with pytest.raises(SchemaOutOfDate, match="upgrade") as raised:
                use()
            assert (raised.value.found, raised.value.wanted) == (None, migrations.head())
        migrations.upgrade()
        assert repository.add(self.samples.one(0)).id == 1

    def test_several_upgraders_end_with_one_upgrade(self, fresh_storage: Storage) -> None:
        """14.4 The others wait, and find nothing left to do."""
        fresh_storage.migrations.downgrade("base")
        in_threads(lambda _: fresh_storage.migrations.upgrade(), 3)
        assert fresh_storage.migrations.current() == fresh_storage.migrations.head()
        assert fresh_storage.migrations.differences() == []
        assert fresh_storage.repository(self.entity).add(self.samples.one(0)).version == 1

    def test_a_withdrawn_database_serves_none_but_who_withdrew_it(self, fresh_storage: Storage) -> None:
        """14.9 Until it is reinstated, with everything that was stored meanwhile."""
        repository = fresh_storage.repository(self.entity)
        assert fresh_storage.withdraw() is True
        added = repository.add(self.samples.one(0))
        fresh_storage.forget_schema()
        for use in (repository.count, fresh_storage.migrations.upgrade):
            with pytest.raises(SchemaOutOfDate, match="out of service") as raised:
                use()
            assert raised.value.wanted == fresh_storage.migrations.head()
        assert fresh_storage.withdraw() is False
        assert repository.get(added.id) == added
        fresh_storage.reinstate()
        assert list(repository.scan()) == [added]

    def test_only_a_current_database_can_be_withdrawn(self, fresh_storage: Storage) -> None:
        """14.9 And reinstating one that was not withdrawn changes nothing."""
        fresh_storage.migrations.downgrade("base")
        with pytest.raises(SchemaOutOfDate):
            fresh_storage.withdraw()
        fresh_storage.reinstate()
        assert fresh_storage.migrations.current() is None

    def test_a_revision_can_be_recorded(self, fresh_storage: Storage) -> None:
        """14.6 Without running anything; the code then wants the rest."""
        migrations = fresh_storage.migrations
        first = migrations.history()[0].id
        migrations.stamp(first)
        assert migrations.current() == first
        migrations.stamp("head")
        assert migrations.current() == migrations.head()
        assert fresh_storage.repository(self.entity).count() == 0
        assert migrations.differences() == []
