"""What is aimed at: for each place and piece of work, against whom, and how far."""

from __future__ import annotations

from dataclasses import dataclass

POSTGRESQL, SQLITE, MARIADB, MONGODB = "PostgreSQL", "SQLite", "MariaDB", "MongoDB"
LIBRARIES = ("SQLAlchemy ORM", "Flask-SQLAlchemy", "advanced-alchemy")
FLASK_PEER = "Flask-SQLAlchemy with marshmallow"
#: Where the two applications are measured.
HTTP_PLACES = (SQLITE, POSTGRESQL)
#: What a ratio is of: time on the clock, the client's own CPU time, memory.
WALL, CPU, MEMORY = "time", "CPU time", "memory"
BULK, PUT = "add_many", "put_many of new rows"
COPY = "copy of 1,000,000 rows"
THERE, BACK, THERE_AND_BACK = "PostgreSQL to MongoDB", "MongoDB to PostgreSQL", "PostgreSQL to MongoDB and back"
COPIES = (THERE, BACK, THERE_AND_BACK)
SCAN = "scan of 1,000,000 rows"
FOUR = ("get", "page of 100", "add", BULK)
ORDERS = tuple(
    f"last page by {direction}{field}" for field in ("id", "title", "thrust", "last_fired") for direction in ("", "-")
)

Key = tuple[str, str, str, str]


@dataclass(frozen=True, slots=True)
class Goal:
    """``at_least`` that many times the peer's speed, or ``at_most`` that many times its cost."""

    ratio: float
    at_least: bool

    def is_met(self, ratio: float) -> bool:
        """Return whether a ratio reaches the goal."""
        return ratio >= self.ratio if self.at_least else ratio <= self.ratio

    def __str__(self) -> str:
        return f"{'≥' if self.at_least else '≤'} {self.ratio:g}"


def at_least(ratio: float) -> Goal:
    """Return the goal for a speed."""
    return Goal(ratio, at_least=True)


def at_most(ratio: float) -> Goal:
    """Return the goal for a cost."""
    return Goal(ratio, at_least=False)


#: By place, work, peer and what is compared.
GOALS: dict[Key, Goal] = {
    (POSTGRESQL, "get", "psycopg", WALL): at_least(0.6),
    **{(POSTGRESQL, "get", peer, WALL): at_least(2) for peer in LIBRARIES},
    (POSTGRESQL, "page of 100", "psycopg", WALL): at_least(0.7),
    **{(POSTGRESQL, "page of 100", peer, WALL): at_least(2.5) for peer in LIBRARIES},
    (POSTGRESQL, "add", "psycopg", WALL): at_least(0.6),
    (POSTGRESQL, BULK, "psycopg COPY", WALL): at_least(0.5),
    (POSTGRESQL, PUT, "psycopg COPY", WALL): at_least(0.6),
    **{(SQLITE, work, "sqlite3", WALL): at_least(0.5) for work in FOUR},
    **{(MONGODB, work, "PyMongo", CPU): at_least(0.85) for work in FOUR},
    **{(MONGODB, work, "MongoEngine", CPU): at_least(3) for work in FOUR},
    **{(place, order, "first page", WALL): at_most(1.2) for place in (POSTGRESQL, MARIADB, SQLITE) for order in ORDERS},
    **{(MONGODB, order, "first page", WALL): at_most(1.2) for order in ORDERS},
    **{(place, COPY, "the raw drivers", WALL): at_least(0.6) for place in COPIES},
    **{(place, COPY, "before it", MEMORY): at_most(150) for place in (THERE, BACK)},
    **{(place, f"{COPY} with nothing to do", "the first copy", WALL): at_most(0.25) for place in COPIES},
    **{(place, SCAN, "one row", MEMORY): at_most(30) for place in (POSTGRESQL, MARIADB, SQLITE, MONGODB)},
    **{
        ("HTTP", f"{work}, {place}", FLASK_PEER, WALL): at_least(2)
        for work in ("one engine", "page of 100")
        for place in HTTP_PLACES
    },
    ("start", "import storage", "import sqlalchemy", WALL): at_most(1.1),
}
