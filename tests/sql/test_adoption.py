"""A database that the chapter's own Flask-SQLAlchemy code made, with months of rows in it, is adopted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Column, Integer, String

from storage import Engine, Invalid, open_storage
from storage.sql.urls import read_url
from tests.sql.plain import connected, fetch, snapshot

OWN_REVISION = """
revision = "c0ffee"
down_revision = None
"""


class Chapter:
    """The chapter's application, as far as its database goes."""

    def __init__(self, url: str) -> None:
        self.app = Flask("chapter")
        self.app.config["SQLALCHEMY_DATABASE_URI"] = read_url(url)
        self.db = db = SQLAlchemy(self.app)

        class Engine(db.Model):  # type: ignore[name-defined, misc]
            id = Column(Integer, primary_key=True)
            title = Column(String(128))
            thrust = Column(Integer, default=0)

        self.engine = Engine
        with self.app.app_context():
            db.create_all()

    def add(self, **values: Any) -> None:
        """Add an engine and commit, as a view would."""
        with self.app.app_context():
            self.db.session.add(self.engine(**values))
            self.db.session.commit()

    def change(self, id: int, **values: Any) -> None:
        """Change an engine and commit."""
        with self.app.app_context():
            engine = self.db.session.get(self.engine, id)
            for name, value in values.items():
                setattr(engine, name, value)
            self.db.session.commit()

    def delete(self, id: int) -> None:
        """Delete an engine and commit."""
        with self.app.app_context():
            self.db.session.delete(self.db.session.get(self.engine, id))
            self.db.session.commit()

    def close(self) -> None:
        with self.app.app_context():
            self.db.engine.dispose()


@pytest.fixture
def chapter(sql_url):
    made = Chapter(sql_url)
    yield made
    made.close()


def stamp_own_history(url: str, folder: Path) -> None:
    """Have Alembic record a revision of the application's own, in its own table."""
    (folder / "versions").mkdir()
    (folder / "versions" / "c0ffee_own.py").write_text(OWN_REVISION)
    with connected(url) as connection:
        MigrationContext.configure(connection).stamp(ScriptDirectory(str(folder)), "c0ffee")


def adopt(url: str) -> list[Engine]:
    """Do what the documentation says, and return the engines."""
    with open_storage(url) as storage:
        storage.migrations.stamp("0001")
        storage.migrations.upgrade()
        assert list(storage.migrations.differences()) == []
        return list(storage.engines.scan())


def test_our_first_revision_makes_what_create_all_makes(chapter, sql_url, sql_kind, make_database):
    url = make_database(sql_kind)
    with open_storage(url) as storage:
        storage.migrations.upgrade("0001")
    ours, theirs = snapshot(url), snapshot(sql_url)
    del ours["engine_room_version"]
    assert ours == theirs


def test_nothing_is_lost(chapter, sql_url):
    chapter.add(title="Raptor", thrust=2300)
    chapter.add(title=None)
    chapter.change(2, thrust=None)
    chapter.add(title="   ")
    chapter.add(title="Merlin")
    chapter.add(title="Straße", thrust=-(2**31))
    chapter.delete(4)
    chapter.add(title="x" * 128, thrust=2**31 - 1)
    assert adopt(sql_url) == [
        Engine("Raptor", 2300, None, 1, 1),
        Engine("untitled", 0, None, 2, 1),
        Engine("untitled", 0, None, 3, 1),
        Engine("Straße", -(2**31), None, 5, 1),
        Engine("x" * 128, 2**31 - 1, None, 6, 1),
    ]


def test_its_own_history_is_left_alone(chapter, sql_url, tmp_path):
    stamp_own_history(sql_url, tmp_path)
    before = snapshot(sql_url)["alembic_version"]
    adopt(sql_url)
    assert snapshot(sql_url)["alembic_version"] == before
    assert fetch(sql_url, "SELECT version_num FROM alembic_version") == [("c0ffee",)]


def test_an_adopted_database_gives_no_id_twice(chapter, sql_url):
    for title in ("Raptor", "Merlin", "Vulcain"):
        chapter.add(title=title)
    chapter.delete(2)
    adopt(sql_url)
    with open_storage(sql_url) as storage:
        assert storage.engines.add(Engine("Vinci")).id == 4


def test_an_adopted_database_can_be_given_back(chapter, sql_url):
    chapter.add(title="Raptor", thrust=1)
    adopt(sql_url)
    with open_storage(sql_url) as storage:
        storage.engines.add(Engine("Merlin"))
        storage.migrations.downgrade("0001")
    chapter.add(title="Vulcain")
    assert fetch(sql_url, "SELECT id, title, thrust FROM engine ORDER BY id") == [
        (1, "Raptor", 1),
        (2, "Merlin", 0),
        (3, "Vulcain", 0),
    ]


def test_without_a_stamp_it_is_refused_and_told_what_to_do(chapter, sql_url):
    chapter.add(title="Raptor")
    with open_storage(sql_url) as storage, pytest.raises(Invalid, match="run `flask db stamp 0001` and upgrade"):
        storage.migrations.upgrade()


def test_rows_that_break_a_rule_are_named_and_nothing_is_changed(chapter, sql_url, tmp_path):
    stamp_own_history(sql_url, tmp_path)
    chapter.add(title="Raptor")
    chapter.change(1, thrust=None)
    chapter.add(title="Mer\x1flin")
    chapter.add(title="Vulcain ")
    before = snapshot(sql_url)
    with pytest.raises(Invalid) as caught:
        adopt(sql_url)
    assert str(caught.value) == (
        "database: correct these rows of engine and upgrade again: id 2: title must not hold the character U+001F;"
        " id 3: title must not begin or end with a blank"
    )
    after = snapshot(sql_url)
    assert after["alembic_version"] == before["alembic_version"]
    assert fetch(sql_url, "SELECT id, title, thrust FROM engine ORDER BY id") == [
        (1, "Raptor", None),
        (2, "Mer\x1flin", 0),
        (3, "Vulcain ", 0),
    ]


@pytest.mark.parametrize("sql_kind", ["sqlite"])
def test_a_title_that_only_sqlite_takes_is_named(chapter, sql_url):
    chapter.add(title="x" * 129)
    with pytest.raises(Invalid, match=r"id 1: title must have at most 128 characters, not 129$"):
        adopt(sql_url)
