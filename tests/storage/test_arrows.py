"""Who may import whom: the arrows between the packages point one way."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("entity", "query", "migrations")
CORE = sorted(file for room in ("", *ROOMS) for file in (ROOT / "storage" / room).glob("*.py"))
CLI = sorted((ROOT / "storage/cli").rglob("*.py"))
SQL = sorted((ROOT / "storage/sql").rglob("*.py"))
MONGO = sorted((ROOT / "storage/mongo").rglob("*.py"))
TRANSFER = sorted((ROOT / "storage/transfer").rglob("*.py"))
KIT = sorted((ROOT / "storage/testing").rglob("*.py"))
WEBAPP = sorted((ROOT / "webapp").rglob("*.py"))
REVISIONS = sorted((ROOT / "alembic/versions").glob("*.py")) + sorted((ROOT / "storage/mongo/revisions").glob("0*.py"))

DRIVERS = {"sqlalchemy", "alembic", "psycopg", "pymysql", "sqlite3", "pymongo", "bson", "gridfs", "mongomock"}
WEB = {"flask", "werkzeug", "jinja2"}

#: The extension, which the core does not know; and what writes a revision, with Alembic's template.
FLASK = ROOT / "storage/flask.py"
REVISION_WRITER = ROOT / "storage/migrations/files.py"


def imports(file: Path) -> set[str]:
    """The modules that a file imports, wherever in it the import stands."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file} imports by a relative name"
            found |= {str(node.module)} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def packages(file: Path) -> set[str]:
    """The packages that a file imports from."""
    return {name.partition(".")[0] for name in imports(file)}


def within(file: Path, package: str) -> set[str]:
    """What a file imports of a package."""
    return {name for name in imports(file) if name == package or name.startswith(f"{package}.")}


def relative(file: Path) -> str:
    return str(file.relative_to(ROOT))


def test_there_is_something_to_look_at() -> None:
    assert all([CORE, SQL, MONGO, KIT, WEBAPP, REVISIONS])


@pytest.mark.parametrize("file", [file for file in CORE if file not in (FLASK, REVISION_WRITER)], ids=relative)
def test_the_core_knows_no_driver_and_no_framework(file: Path) -> None:
    """1.3 Each backend is found by the registry, by its name."""
    assert packages(file) & (DRIVERS | WEB) == set()
    assert within(file, "storage.sql") | within(file, "storage.mongo") | within(file, "storage.testing") == set()
    assert within(file, "storage.flask") | within(file, "webapp") == set()


@pytest.mark.parametrize("file", SQL, ids=relative)
def test_sql_knows_neither_mongodb_nor_the_web(file: Path) -> None:
    assert within(file, "storage.mongo") | within(file, "storage.flask") | within(file, "webapp") == set()
    assert packages(file) & (WEB | {"pymongo", "bson"}) == set()


@pytest.mark.parametrize("file", MONGO, ids=relative)
def test_mongodb_knows_neither_sql_nor_the_web(file: Path) -> None:
    assert within(file, "storage.sql") | within(file, "storage.flask") | within(file, "webapp") == set()
    assert packages(file) & (WEB | {"sqlalchemy", "alembic", "psycopg", "pymysql", "sqlite3"}) == set()


@pytest.mark.parametrize("file", TRANSFER, ids=relative)
def test_moving_data_knows_the_core_alone(file: Path) -> None:
    """No code for any engine, and so none for any pair of them."""
    assert within(file, "storage.sql") | within(file, "storage.mongo") | within(file, "storage.flask") == set()
    assert packages(file) & (DRIVERS | WEB | {"webapp", "tests"}) == set()


@pytest.mark.parametrize("file", sorted((ROOT / "tests/third_party/engine_room_memory").glob("*.py")), ids=relative)
def test_a_backend_of_others_needs_nothing_but_its_own_interface(file: Path) -> None:
    assert within(file, "storage") == within(file, "storage.spi")


@pytest.mark.parametrize("file", [*CORE, *SQL, *MONGO, *TRANSFER], ids=relative)
def test_no_command_line_is_in_the_way_of_the_data(file: Path) -> None:
    entry = ROOT / "storage/__main__.py"
    assert (packages(file) & {"click", "rich"} == set()) or file == FLASK
    assert (within(file, "storage.cli") == set()) or file in (FLASK, entry)


def imported_modules(file: Path, known: dict[str, Path]) -> set[str]:
    """The modules of the product that a file imports, a package where only its table of contents is meant."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.ImportFrom):
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {name if name in known else str(node.module) for name in names}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return found & set(known)


def test_no_modules_import_each_other_in_a_circle() -> None:
    """Not for their types either."""
    files = [*(ROOT / "storage").rglob("*.py"), *WEBAPP]
    known = {".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): file for file in files}
    graph = {name: imported_modules(file, known) - {name} for name, file in known.items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" imports ".join(reversed(error.args[1])))


@pytest.mark.parametrize("file", KIT, ids=relative)
def test_the_kit_knows_the_core_alone(file: Path) -> None:
    """It is shipped: nothing of ``tests`` is there, and no backend is special."""
    assert within(file, "storage.sql") | within(file, "storage.mongo") | within(file, "storage.flask") == set()
    assert packages(file) & (DRIVERS | WEB | {"tests", "webapp"}) == set()


@pytest.mark.parametrize("file", WEBAPP, ids=relative)
def test_the_application_knows_the_library_and_no_backend(file: Path) -> None:
    assert packages(file) & DRIVERS == set()
    assert within(file, "storage.sql") | within(file, "storage.mongo") | within(file, "storage.testing") == set()


@pytest.mark.parametrize("file", [*CORE, *SQL, *MONGO, *KIT], ids=relative)
def test_only_the_extension_knows_flask(file: Path) -> None:
    assert ("flask" in packages(file)) == (file == FLASK)
    assert within(file, "webapp") == set()


@pytest.mark.parametrize("file", REVISIONS, ids=relative)
def test_a_revision_stands_alone(file: Path) -> None:
    """It must do in five years what it does today, whatever has become of the library."""
    assert packages(file) & {"storage", "webapp", "tests"} == set()


@pytest.mark.parametrize("file", [*CORE, *SQL, *MONGO, *TRANSFER, *CLI, *KIT, *WEBAPP], ids=relative)
def test_the_product_knows_nothing_of_its_tests(file: Path) -> None:
    assert packages(file) & {"tests", "mongomock", "secantusdb"} == set()


def loaded(statement: str) -> Iterator[str]:
    """The packages that a statement loads in a fresh interpreter."""
    script = f"import sys; before = set(sys.modules); {statement}; loaded = set(sys.modules) - before"
    script += "; print(*{name.partition('.')[0] for name in loaded})"
    result = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    yield from result.stdout.split()


def test_importing_storage_loads_no_driver_and_no_framework() -> None:
    """1.3 Whoever keeps engines in SQLite needs no pymongo."""
    assert set(loaded("import storage")) & (DRIVERS | WEB | {"pytest", "hypothesis", "click"}) == set()


@pytest.mark.parametrize(
    ("url", "wanted", "unwanted"),
    [
        ("sqlite:///nowhere.db", {"sqlalchemy"}, {"pymongo", "bson", "psycopg", "pymysql"}),
        ("postgresql://localhost/nothing", {"sqlalchemy", "psycopg"}, {"pymongo", "bson", "pymysql"}),
        ("mysql://localhost/nothing", {"sqlalchemy", "pymysql"}, {"pymongo", "bson", "psycopg"}),
        ("mongodb://localhost/nothing", {"pymongo"}, {"sqlalchemy", "alembic", "psycopg", "pymysql"}),
    ],
)
def test_opening_loads_the_driver_of_its_scheme_alone(url: str, wanted: set[str], unwanted: set[str]) -> None:
    """1.3 1.4 And connects to nothing: there is nobody to connect to."""
    found = set(loaded(f"import storage; storage.open_storage({url!r})"))
    assert wanted <= found
    assert found & (unwanted | WEB) == set()
