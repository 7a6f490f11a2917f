"""HTTP: one engine and a page of 100, against the same two views on Flask-SQLAlchemy with marshmallow."""
