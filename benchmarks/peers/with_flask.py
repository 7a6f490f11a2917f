"""The peer: the two views as the documentation of Flask-SQLAlchemy and of flask-marshmallow has them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Flask, Response, request
from flask_marshmallow import Marshmallow
from flask_sqlalchemy import SQLAlchemy
from marshmallow import fields
from sqlalchemy import BigInteger, DateTime, String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


def peer_app(url: str) -> Flask:
    """Return an application on the rows that ours has written."""

    class Base(DeclarativeBase):
        pass

    app = Flask("peer")
    app.config["SQLALCHEMY_DATABASE_URI"] = url.replace("postgresql:", "postgresql+psycopg:")
    database: Any = SQLAlchemy(model_class=Base)
    marshmallow: Any = Marshmallow()
    database.init_app(app)
    marshmallow.init_app(app)

    class Engine(database.Model):  # type: ignore[name-defined, misc]
        __tablename__ = "engine"
        id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
        title: Mapped[str] = mapped_column(String(128))
        thrust: Mapped[int]
        last_fired: Mapped[datetime | None] = mapped_column(DateTime)
        version: Mapped[int] = mapped_column(BigInteger)

    class Moment(fields.DateTime):
        def _serialize(self, value: Any, *arguments: Any, **options: Any) -> str | None:
            return None if value is None else value.isoformat(timespec="milliseconds") + "Z"

    class EngineSchema(marshmallow.SQLAlchemyAutoSchema):  # type: ignore[name-defined, misc]
        last_fired = Moment()

        class Meta:
            model = Engine
            fields = ("id", "title", "thrust", "last_fired", "version")

    one, many = EngineSchema(), EngineSchema(many=True)

    @app.get("/api/engines/<int:id>")
    def read(id: int) -> Response:
        return one.jsonify(database.get_or_404(Engine, id))

    @app.get("/api/engines")
    def page() -> dict[str, object]:
        limit = request.args.get("limit", 50, type=int)
        rows = database.session.scalars(database.select(Engine).order_by(Engine.id).limit(limit + 1)).all()
        return {"items": many.dump(rows[:limit]), "next": rows[limit - 1].id if len(rows) > limit else None}

    return app
