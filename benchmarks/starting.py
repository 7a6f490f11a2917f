"""Start-up, each time in a fresh interpreter: the import, opening, the first query."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

from benchmarks.calls import url_of
from benchmarks.goals import MONGODB, SQLITE
from benchmarks.places import Places
from benchmarks.results import Row
from benchmarks.rounds import Times, cost, in_turn
from benchmarks.sizes import Sizes
from storage import Engine

TIMED = "import sys, time; start = time.perf_counter()\n{}\nelapsed = time.perf_counter() - start\n{}\nprint(elapsed)"
#: Said of every storage on SQL, after the clock has stopped.
NO_PYMONGO = "assert not {'pymongo', 'bson'} & set(sys.modules)"
NO_SQLALCHEMY = "assert not {'sqlalchemy', 'alembic'} & set(sys.modules)"

OPENED = "from storage import open_storage; storage = open_storage({!r})"
FIRST = OPENED + "; storage.engines.get(1)"
SQLALCHEMY = "import sqlalchemy as s; engine = s.create_engine({!r})"
SQLALCHEMY_FIRST = SQLALCHEMY + "\nwith engine.connect() as c: c.execute(s.text('SELECT * FROM engine')).first()"
PYMONGO = "import pymongo; client = pymongo.MongoClient({!r}, connect=False)"
PYMONGO_FIRST = PYMONGO + "; client.get_default_database()['engine'].find_one()"


def measure(places: Places, sizes: Sizes) -> Iterator[Row]:
    """Yield the rows of importing, opening and the first query."""
    yield compare("import storage", "import sqlalchemy", "import storage", NO_PYMONGO, "import sqlalchemy", sizes)
    with places.storage(SQLITE) as sqlite, places.storage(MONGODB) as mongodb:
        for storage in (sqlite, mongodb):
            storage.engines.add(Engine("Raptor"))
        url = url_of(sqlite)
        for work, ours, theirs in (
            ("open_storage on SQLite", OPENED, SQLALCHEMY),
            ("first query on SQLite", FIRST, SQLALCHEMY_FIRST),
        ):
            yield compare(work, "SQLAlchemy", ours.format(url), NO_PYMONGO, theirs.format(url), sizes)
        url = url_of(mongodb)
        for work, ours, theirs in (
            ("open_storage on MongoDB", OPENED, PYMONGO),
            ("first query on MongoDB", FIRST, PYMONGO_FIRST),
        ):
            yield compare(work, "PyMongo", ours.format(url), NO_SQLALCHEMY, theirs.format(url), sizes)


def compare(work: str, peer: str, ours: str, check: str, theirs: str, sizes: Sizes) -> Row:
    """Return the row of two programs, started one after the other."""
    programs = {work: TIMED.format(ours, check), peer: TIMED.format(theirs, "")}
    times = {name: Times() for name in programs}
    for number in range(sizes.bulk_rounds):
        for name in in_turn(list(programs), number):
            command = [sys.executable, "-c", programs[name]]
            done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - our own program
            times[name].wall.append(float(done.stdout))
    return cost("start", work, peer, times[work], times[peer])
