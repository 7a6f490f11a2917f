"""The SQLAlchemy ORM by itself, in Flask-SQLAlchemy, and under advanced-alchemy's synchronous repository.

A session for each call, as for each request. Each models the table that our revisions make.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from advanced_alchemy.base import DefaultBase
from advanced_alchemy.filters import LimitOffset, OrderBy
from advanced_alchemy.repository import SQLAlchemySyncRepository
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import BigInteger, DateTime, Integer, String, create_engine, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from storage import Engine


class Columns:
    """What the three models have in common."""

    __tablename__ = "engine"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    title: Mapped[str] = mapped_column(String(128))
    title_key: Mapped[str] = mapped_column(String(384))
    thrust: Mapped[int] = mapped_column(Integer)
    last_fired: Mapped[datetime | None] = mapped_column(DateTime)
    version: Mapped[int] = mapped_column(BigInteger)


class Base(DeclarativeBase):
    """The declarative base."""


class OrmEngine(Columns, Base):
    """The model of the ORM."""


class AlchemyEngine(Columns, DefaultBase):
    """The model of advanced-alchemy."""

    __tablename__ = "engine"


class EngineRepository(SQLAlchemySyncRepository[AlchemyEngine]):
    """The repository of advanced-alchemy."""

    model_type = AlchemyEngine


def fields(engine: Engine) -> dict[str, Any]:
    """Return what a model is made of."""
    fired = engine.last_fired
    return {
        "title": engine.title,
        "title_key": engine.title.casefold(),
        "thrust": engine.thrust,
        "last_fired": fired and fired.replace(tzinfo=None),
        "version": 1,
    }


class WithOrm:
    """See ``Peer``. ``autocommit`` spares the reads their transaction, which is not the default."""

    def __init__(self, url: str, *, autocommit: bool = False) -> None:
        self.name = "SQLAlchemy ORM in autocommit" if autocommit else "SQLAlchemy ORM"
        options = {"isolation_level": "AUTOCOMMIT", "skip_autocommit_rollback": True} if autocommit else {}
        self.engine = create_engine(url, **options)

    def get(self, id: int) -> OrmEngine | None:
        """Get in a session."""
        with Session(self.engine) as session:
            return session.get(OrmEngine, id)

    def page(self, after: int) -> Sequence[OrmEngine]:
        """Select in a session."""
        with Session(self.engine) as session:
            return session.scalars(
                select(OrmEngine).where(OrmEngine.id > after).order_by(OrmEngine.id).limit(100)
            ).all()

    def add(self, engine: Engine) -> OrmEngine:
        """Add in a session that does not forget what it stored."""
        with Session(self.engine, expire_on_commit=False) as session:
            model = OrmEngine(**fields(engine))
            session.add(model)
            session.commit()
            return model

    def close(self) -> None:
        """Close the pool."""
        self.engine.dispose()


class WithFlaskSQLAlchemy:
    """See ``Peer``. One application context stays open; only its session is renewed from call to call."""

    name = "Flask-SQLAlchemy"

    def __init__(self, url: str) -> None:
        app = Flask(__name__)
        app.config["SQLALCHEMY_DATABASE_URI"] = url
        self.db = SQLAlchemy(app, session_options={"expire_on_commit": False})
        self.model: Any = type("FlaskEngine", (Columns, self.db.Model), {})
        self.context = app.app_context()
        self.context.push()

    def get(self, id: int) -> Any:
        """Get in the session, and leave it as a request does."""
        try:
            return self.db.session.get(self.model, id)
        finally:
            self.db.session.remove()

    def page(self, after: int) -> Any:
        """Select in the session."""
        model = self.model
        try:
            return self.db.session.scalars(select(model).where(model.id > after).order_by(model.id).limit(100)).all()
        finally:
            self.db.session.remove()

    def add(self, engine: Engine) -> Any:
        """Add in the session."""
        model = self.model(**fields(engine))
        try:
            self.db.session.add(model)
            self.db.session.commit()
        finally:
            self.db.session.remove()
        return model

    def close(self) -> None:
        """Close the pool and leave the application."""
        self.db.engine.dispose()
        self.context.pop()


class WithAdvancedAlchemy:
    """See ``Peer``."""

    name = "advanced-alchemy"

    def __init__(self, url: str) -> None:
        self.engine = create_engine(url)

    def get(self, id: int) -> AlchemyEngine:
        """Get by a repository on a session."""
        with Session(self.engine, expire_on_commit=False) as session:
            return EngineRepository(session=session).get(id)

    def page(self, after: int) -> Sequence[AlchemyEngine]:
        """List by a repository on a session."""
        with Session(self.engine, expire_on_commit=False) as session:
            return EngineRepository(session=session).list(
                AlchemyEngine.id > after, OrderBy("id", "asc"), LimitOffset(100, 0)
            )

    def add(self, engine: Engine) -> AlchemyEngine:
        """Add by a repository on a session that commits."""
        with Session(self.engine, expire_on_commit=False) as session:
            return EngineRepository(session=session, auto_commit=True).add(AlchemyEngine(**fields(engine)))

    def close(self) -> None:
        """Close the pool."""
        self.engine.dispose()
