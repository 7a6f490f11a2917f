"""``python -m benchmarks.page``: write ``docs/performance.md`` from the figures that a run has kept."""

from __future__ import annotations

from pathlib import Path

from benchmarks.goals import CPU, GOALS, MEMORY, MONGODB, WALL, Goal, Key
from benchmarks.results import Report, Row, number, ratios, read_report
from benchmarks.rounds import UNITS

DOCS = Path(__file__).parents[1] / "docs"
FIGURES, PAGE = DOCS / "performance.json", DOCS / "performance.md"

HEAD = """# Performance

What storage costs on top of the driver, and against other libraries: one run of `make bench`, {taken}, on a machine of
{machine}, a virtual one whose host others use as well. Each row is measured side by side in one process, in short
rounds of each side in turn; *ratio* is that of the medians, with the middle half of the rounds behind it. So the ratios
stand, and the figures beside them say less. What takes minutes, the copies, is measured once. Both sides are checked to
return the same rows. This page is made from `docs/performance.json` by `python -m benchmarks.page`.

{versions}

A peer is used as its own documentation says, at its best: the drivers by hand on one open connection, with statements
that they prepare; the libraries with a session for each call, as for each request. Ours goes through its pool, checks
what is written, and reads one row more for a page, to know whether more follows.

The servers are private ones that keep nothing: without fsync, with their files in memory. So what the disk would add
to both sides is missing, and what we add shows the more. MongoDB is a `mongod` where one is on the path, else
SecantusDB, its build in Rust where `secantusd-rs` is on the path (`cargo install secantus-mdb`, a pre-release); with
the one in Python the copies are of 50,000 rows, and their goals are listed as not measured. The HTTP application runs
without its access log, since the peer writes none.

* A ratio of speed is how many times as fast as the peer ours is: 1 is as fast, and *≥* its goal.
* A ratio of cost is how many times the peer's ours costs, and *≤* its goal.
* On MongoDB the server of the tests is slower than `mongod` and would hide what we add, so the client's own CPU time is
  what counts; the time on the clock stands below it.

"""

IN_THE_WAY = """What stands in the way, where a row is among those above:

* **The last page on SQL.** Nothing is read that a first page does not read: `tests/sql/test_indexes.py` holds every
  order to its index, and the same rows as the first page of the other direction are the fair peer, although that one
  was measured a minute away, in the noise of another minute. What is left on PostgreSQL is planning: by its own
  estimate a plan for just these values is cheaper, so it makes one each time. With `plan_cache_mode =
  force_generic_plan` the last page by thrust took 1.09 times the first (234 and 215 µs in the driver's hands), with
  `force_custom_plan` 1.29. That setting would be wrong for filtered pages, so we leave it alone. A first page by
  `last_fired` is one of nulls, which spares it a hundred moments; by `-last_fired` the last one is.
* **MongoDB, client's CPU time.** A `find_one` on our client took 165 µs where one on a plain client took 151: 10 of
  them are the driver's events for our listener, which hears of each connection lent, and only so a write that was
  surely not sent is told from one that may have been applied. `add` is two commands, and pays twice. A page checks
  its cursor and writes the next one, 17 µs, and reads a row more. `add_many` checks what it is given, 0.5 µs an
  engine of 5. Against MongoEngine the driver by hand sets the limit.
* **HTTP.** Of the 160 µs of one engine from SQLite, 11 are storage's; the rest is Flask's dispatch, which the peer
  has too, and what the peer does not do: who calls and what they may do, seven headers of security, an id for the
  request, metrics, conditional requests. With its access log on the ratio was about 1.6.
* **A copy from MongoDB to PostgreSQL** reads the source twice, because nothing is written before every row is known
  to fit, and waits for each batch of 5,000 to be committed. In a profile of 200,000 rows two readings took 10 µs a
  row and COPY 9, which by hand is one stream that PostgreSQL works on while the next rows are read: 10 µs for all of
  it. Reading ahead in a thread was tried, and took 39 µs in place of 32; writing in one made no difference: two
  threads of Python are in each other's way. A copy with nothing to do reads both databases, which with the drivers
  alone takes 0.31 to 0.40 of their copy.
* **More threads than connections.** Eight or sixteen threads on five connections are served in turn, and all wait
  alike. By hand, whoever has just given a connection back takes it again: a low median and 99th percentile, paid for
  by the few who wait very long. With SQLAlchemy's own pool 6 of 37,901 such calls starved. Throughput shows no
  collapse on either side.

"""

SPEED = """
## How it is done

`storage/sql/compiled.py` compiles a statement once for each shape of a question; `storage/sql/connection.py` runs it
on the driver's own connection, which `storage/sql/pool.py` lends in turn; rows become entities column by column. What
is many goes by COPY on PostgreSQL (`storage/sql/postgresql_copy.py`) and by the driver's `executemany` elsewhere. No
row is cached, no durability weakened, no check left out.

An `Engine` of SQLAlchemy's that was handed in goes through its own `Connection`, pool and events: `get` keeps 0.3 of
its speed there, a page of 100 0.6. So does our own engine while somebody listens to its statements, its errors, or
connections that are lent (`checkout`, `checkin`, `reset`): listeners see the same statements. They do not see COPY,
which is no statement of a cursor's.

On PostgreSQL `put_many` of 100 rows or more makes a temporary table, which takes the right TEMPORARY on the database;
everybody has it unless it was taken away.
"""


def page(report: Report) -> str:
    """Return the page that a report makes."""
    versions = ", ".join(f"{name} {version}" for name, version in report.versions.items())
    parts = [HEAD.format(taken=report.taken, machine=report.machine, versions=f"Versions: {versions}.")]
    for place in dict.fromkeys(row.place for row in report.rows):
        rows = [row for row in report.rows if row.place == place]
        parts.append(f"## {place if place != 'start' else 'Start-up'}\n\n{lines(rows)}\n\n")
    parts += [not_met(report), not_measured(report), SPEED]
    return "".join(parts)


def lines(rows: list[Row]) -> str:
    """Return rows as a table of Markdown's."""
    head = ["work", "peer", "compared", "ours", "peer's", "ratio", "middle half", "goal", ""]
    cells = [
        [row.work, row.peer, row.compared, shown(row.ours, row), shown(row.theirs, row), *ratios(row), *verdict(row)]
        for row in rows
    ]
    return "\n".join(f"| {' | '.join(line)} |" for line in [head, ["---"] * len(head), *cells])


def verdict(row: Row) -> tuple[str, str]:
    """Return the goal, and whether it is met."""
    return str(row.goal or ""), row.verdict


def shown(value: float, row: Row) -> str:
    """Return a figure with its unit."""
    return f"{number(value)} {row.unit}"


def not_met(report: Report) -> str:
    """Return what falls short, and what of it no layer above the driver could reach."""
    short = [row for row in report.rows if row.verdict == "not met"]
    if not short:
        return "## What falls short\n\nNothing in this run.\n\n"
    listed = "\n".join(f"* {row.place}, {row.work} against {row.peer}: {stands(row, report)}" for row in short)
    return f"## What falls short\n\n{listed}\n\n{IN_THE_WAY}"


def stands(row: Row, report: Report) -> str:
    """Return where a row stands, with the limit that the driver itself sets where it sets one."""
    found = f"{ratios(row)[0]}, the goal is {row.goal}"
    known = {one.key: one for one in report.rows}
    driver = known.get((row.place, row.work, "PyMongo", CPU))
    turned = known.get((row.place, in_the_other_direction(row.work), row.peer, WALL))
    if turned is not None:
        found += f". The same rows as a first page, in the other direction, take {shown(turned.theirs, turned)}: "
        found += f"{row.ours / FACTORS[row.unit] / (turned.theirs / FACTORS[turned.unit]):.2f}"
    if row.peer == "MongoEngine" and row.compared == CPU and driver is not None:
        limit = row.theirs / row.ours / driver.ratio
        found += f". PyMongo by hand, which does nothing beside, is {limit:.2f} times as fast as MongoEngine"
    return found


FACTORS = {unit: factor for unit, factor, _ in UNITS}


def in_the_other_direction(work: str) -> str:
    """Return ``last page by -title`` for ``last page by title``, and the other way round; nothing for other work."""
    before, by, order = work.partition("last page by ")
    if before or not by:
        return ""
    return f"{by}{order[1:] if order.startswith('-') else f'-{order}'}"


def not_measured(report: Report) -> str:
    """Return the goals that the run has no row for."""
    measured = {row.key for row in report.rows}
    missing = [(key, goal) for key, goal in GOALS.items() if key not in measured]
    if not missing:
        return ""
    listed = "\n".join(f"* {described(key, goal)}" for key, goal in missing)
    return f"## What was not measured\n\n{listed}\n\n{PLANNER if any(key[0] == MONGODB for key, _ in missing) else ''}"


PLANNER = """\
MongoDB's last page against its first takes a server that serves an order from an index: SecantusDB reads the whole
collection, its build in Rust for `title` and `thrust`, by its own `explain`. A `mongod` on the path is measured;
[scaling](scaling.md#pages) has what one run on `mongod` 4.4 showed.
"""


def described(key: Key, goal: Goal) -> str:
    """Return a goal in words."""
    place, work, peer, compared = key
    what = {WALL: "", CPU: ", CPU time", MEMORY: ", MB more"}[compared]
    return f"{place}: {work} against {peer}{what}, {goal}"


def main() -> None:
    """Write the page."""
    PAGE.write_text(page(read_report(FIGURES)))


if __name__ == "__main__":
    main()
