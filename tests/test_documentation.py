"""What the documentation says to type is typed here, and prints what it says there."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import pytest

from tests.processes import free_port

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"^( *)```(\w+)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?!https?:)([^)#]+)")


def blocks(page: Path, language: str) -> list[str]:
    """Return the code blocks of a page in a language."""
    return [dedent(code) for _, found, code in BLOCK.findall(page.read_text()) if found == language]


def python_blocks() -> list[object]:
    """Return every Python block as a parameter that names its page."""
    return [
        pytest.param(code, id=f"{page.name}-{number}")
        for page in PAGES
        for number, code in enumerate(blocks(page, "python"), 1)
    ]


@pytest.mark.parametrize("code", python_blocks())
def test_a_python_block_runs_as_it_stands(code, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    exec(compile(code, "documentation", "exec"), {"__name__": "documentation"})  # noqa: S102 - our own pages


def test_the_readme_s_program_prints_the_conflict_that_it_promises(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (code,) = blocks(ROOT / "README.md", "python")
    exec(compile(code, "README.md", "exec"), {"__name__": "documentation"})  # noqa: S102 - our own page
    promised = re.search(r"print\(conflict\)  # (.*)", code)
    assert promised is not None
    assert promised[1] in capsys.readouterr().out


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_to_a_file_leads_somewhere(page):
    for target in LINK.findall(page.read_text()):
        assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_make_target_and_extra_that_is_named_exists(page):
    makefile = (ROOT / "Makefile").read_text()
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    for target in re.findall(r"`make (\w+)|^\$ make (\w+)", page.read_text(), re.MULTILINE):
        assert f"\n{''.join(target)}:" in makefile
    for extra in re.findall(r"pip install .*\[(\w+)\]", page.read_text()):
        assert extra in extras


class Newcomer:
    """Somebody in a fresh checkout who types what the README says, one line after another."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        self.address = f"http://127.0.0.1:{port}"
        self.environment = {
            name: value for name, value in os.environ.items() if not name.startswith(("FLASK_", "STORAGE_"))
        } | {"PORT": str(port)}
        self.serving: subprocess.Popen[bytes] | None = None

    def type(self, line: str) -> str:
        """Run one line and return what it prints; ``make run`` goes on serving until the next one."""
        if line.startswith("make run"):
            return self.serve()
        done = subprocess.run(line, shell=True, cwd=self.folder, env=self.environment, capture_output=True, text=True)  # noqa: S602
        assert done.returncode == 0, done.stderr
        return done.stdout

    def serve(self) -> str:
        """Run the application until it says where it is."""
        self.leave()
        command = ["make", "run"]
        self.serving = subprocess.Popen(
            command, cwd=self.folder, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        assert self.serving.stdout is not None
        printed = ""
        while self.address not in printed:
            line = self.serving.stdout.readline().decode()
            assert line, printed
            printed += line
        # The address is printed before it is listened on; curl's own patience does the rest.
        self.type(f"curl -s --retry 50 --retry-connrefused --retry-delay 1 {self.address}/healthz")
        return printed

    def leave(self) -> None:
        """Stop serving, as Control-C does."""
        if self.serving is not None:
            self.serving.terminate()
            self.serving.communicate()


@pytest.fixture
def newcomer(tmp_path) -> Iterator[Newcomer]:
    """A newcomer in a copy of what is under version control, whose environment is installed already."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    for name in listed.stdout.splitlines():
        if (ROOT / name).is_file():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, tmp_path / name)
    environment = tmp_path / ".venv"
    environment.mkdir()
    for part in ("bin", "lib", "pyvenv.cfg"):
        (environment / part).symlink_to(Path(sys.prefix) / part)
    for stamp in ("python", "app", "dev"):
        (environment / stamp).touch()
    somebody = Newcomer(tmp_path, free_port())
    yield somebody
    somebody.leave()


def test_the_readme_s_first_minute_and_its_switch_to_postgresql_work_as_typed(newcomer, make_database):
    for code in blocks(ROOT / "README.md", "console"):
        for typed in re.split(r"^\$ ", code, flags=re.MULTILINE)[1:]:
            line, _, promised = typed.partition("\n")
            line = line.replace("http://127.0.0.1:5000", newcomer.address)
            if "pip install" in line or "-m venv" in line or line.startswith("make test"):
                continue  # the environment has all extras, and these are the tests
            if "postgresql://localhost/spaceship" in line:
                line = line.replace("postgresql://localhost/spaceship", make_database("postgresql"))
            assert promised.strip() in newcomer.type(line)
    with urllib.request.urlopen(f"{newcomer.address}/") as answer:  # noqa: S310 - our own address
        assert "PostgreSQL" in answer.read().decode()
