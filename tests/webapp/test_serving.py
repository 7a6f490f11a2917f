"""``python -m webapp``: from nothing to a served application; and gunicorn with several workers."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest
from click import ClickException
from click.testing import CliRunner

from tests.processes import free_port
from tests.webapp.workers import Workers, served_by_workers
from webapp.__main__ import bound_socket, serve, write_config

ROOT = Path(__file__).parents[2]


@contextmanager
def served(*arguments: str, host: str = "127.0.0.1", **settings: str) -> Iterator[str]:
    """Run the command until the server listens; give its address, and end it as its administrator would."""
    port = free_port()
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PORT": str(port), **settings}
    command = [sys.executable, "-m", "webapp", *arguments]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as run:
        assert run.stdout is not None
        try:
            heard = []
            for line in run.stdout:
                heard.append(line)
                if "Listening at" in line:
                    break
            assert f"Engine Room is at http://{host}:{port}/\n" in heard, "".join(heard)
            yield f"http://{host}:{port}"
        finally:
            run.send_signal(signal.SIGTERM)
            run.communicate(timeout=60)


def get(url: str) -> str:
    with urlopen(url, timeout=60) as response:  # noqa: S310 - our own server
        return response.read().decode()


def test_a_fresh_checkout_is_served_and_migrated(instance: Path) -> None:
    with served() as address:
        assert json.loads(get(f"{address}/readyz"))["ready"] is True
        assert "(<code>sqlite</code>)" in get(address)
    assert (instance / "engine-room.db").is_file()
    assert stat.S_IMODE(instance.stat().st_mode) == 0o700


@pytest.mark.parametrize("host", ["::1", "[::1]"])
def test_the_loopback_address_of_ipv6_is_served_with_brackets_and_without(instance: Path, host: str) -> None:
    with served("--host", host, host="[::1]") as address:
        assert "(<code>sqlite</code>)" in get(address)


def test_a_port_in_use_is_one_sentence_before_anything_is_migrated(instance: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "PORT": str(other.getsockname()[1])}
        command = [sys.executable, "-m", "webapp"]
        result = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)
    port = environment["PORT"]
    assert result.returncode == 1
    assert result.stderr.startswith(f"Error: cannot listen on 127.0.0.1, port {port}: Address already in use; choose")
    assert "Engine Room is at" not in result.stdout
    assert not (instance / "engine-room.db").exists()


@pytest.mark.parametrize(("host", "port"), [("192.0.2.1", 5000), ("no.such.invalid", 5000)])
def test_an_address_that_is_none_of_ours_is_one_sentence(host: str, port: int) -> None:
    with pytest.raises(ClickException, match=f"cannot listen on {host}, port {port}: "):
        bound_socket(host, port)


def test_a_port_that_is_none_is_refused() -> None:
    result = CliRunner().invoke(serve, ["--port", "70000"])
    assert (result.exit_code, "70000 is not in the range" in result.stderr) == (2, True)


def test_a_socket_of_ipv6_is_bound() -> None:
    with bound_socket("::1", free_port()) as bound:
        assert bound.family is socket.AF_INET6


def test_a_client_that_comes_before_the_application_is_refused_and_does_not_wait() -> None:
    port = free_port()
    with bound_socket("127.0.0.1", port), pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=60)


def test_one_setting_serves_another_database(make_database: Callable[[str], str]) -> None:
    with served(FLASK_STORAGE_URL=make_database("postgresql")) as address:
        assert "(<code>postgresql</code>)" in get(address)


def test_a_new_configuration_has_a_long_key_that_only_its_owner_can_read(instance: Path) -> None:
    write_config(instance / "config.py")
    settings: dict[str, str] = {}
    exec((instance / "config.py").read_text(), settings)  # noqa: S102 - what was just written
    assert len(settings["SECRET_KEY"]) == 64
    assert stat.S_IMODE((instance / "config.py").stat().st_mode) == 0o600


def test_every_new_configuration_has_another_key(instance: Path) -> None:
    write_config(instance / "config.py")
    write_config(instance / "other.py")
    assert (instance / "config.py").read_text() != (instance / "other.py").read_text()


def test_a_configuration_that_exists_is_left_alone(instance: Path) -> None:
    instance.mkdir()
    (instance / "config.py").write_text("SECRET_KEY = 'mine'\n")
    write_config(instance / "config.py")
    assert (instance / "config.py").read_text() == "SECRET_KEY = 'mine'\n"


@pytest.mark.parametrize(
    ("url", "status"), [("postgresql://scott:tiger@127.0.0.1:1/spaceship", 1), ("oracle://scott:tiger@host/x", 2)]
)
def test_a_database_that_cannot_be_used_is_one_sentence_without_the_password(url: str, status: int) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "FLASK_STORAGE_URL": url}
    command = [sys.executable, "-m", "webapp"]
    result = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)
    assert result.returncode == status
    assert result.stderr.startswith("Error: ")
    assert "Traceback" not in result.stderr
    assert "tiger" not in result.stdout + result.stderr


SLOW = """
import sys
from webapp import create_app
from webapp.auth.access import needs
app = create_app()
storage = app.extensions["storage"]
storage.migrations.upgrade()
close = storage.close

def close_and_tell():
    close()
    print("the storage is closed", file=sys.stderr, flush=True)

storage.close = close_and_tell

@app.get("/slow")
@needs(None)
def slow():
    with open("gate") as gate:
        return f"{gate.read()}, {storage.engines.count()} engines"
"""


def test_a_request_at_work_ends_well_when_the_server_is_stopped_and_the_connections_are_closed(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "gate")
    with served_by_workers(tmp_path, SLOW) as workers:
        answer = workers.get_meanwhile("/slow")
        with (tmp_path / "gate").open("w") as gate:  # which waits until the view reads
            workers.process.send_signal(signal.SIGTERM)
            workers.read_until("Handling signal: term")
            gate.write("done")
        assert answer.result(60) == "done, 0 engines"
        assert workers.end() == 0
    logged = [json.loads(line) for line in workers.lines if line.startswith("{")]
    assert [(line["path"], line["status"]) for line in logged] == [("/slow", 200)]
    assert workers.lines.count("the storage is closed\n") == 1


FORKED = """
import multiprocessing, os
from storage import Engine
from webapp import create_app
from webapp.auth.access import needs
app = create_app()
storage = app.extensions["storage"]
both = multiprocessing.Barrier(2)

def connection():
    if storage.backend == "postgresql":
        with storage.engine.connect() as lent:
            return lent.exec_driver_sql("SELECT pg_backend_pid()").scalar()
    if storage.backend == "mongodb":
        return storage.pool.client.admin.command("hello")["connectionId"]
    return os.getpid()  # a file has no connections

storage.migrations.upgrade()
storage.engines.add(Engine("Raptor"))
before = connection()

@app.get("/both")
@needs(None)
def served():
    both.wait(60)
    titles = [engine.title for engine in storage.engines.scan()]
    return {"process": os.getpid(), "connections": [before, connection()], "titles": titles}
"""


@pytest.mark.parametrize("kind", ["sqlite", "postgresql", "mongodb"])
def test_two_workers_of_a_preloaded_application_share_no_connection(
    kind: str, tmp_path: Path, make_database: Callable[[str], str]
) -> None:
    two = ["--preload", "--workers", "2", "--worker-class", "sync", "--threads", "1"]
    with served_by_workers(tmp_path, FORKED, *two, FLASK_STORAGE_URL=make_database(kind)) as workers:
        sent = [workers.get_meanwhile("/both") for _ in range(2)]
        first, second = (json.loads(answer.result(60)) for answer in sent)
    assert first["process"] != second["process"]
    assert len({*first["connections"], *second["connections"]}) == 3
    assert first["titles"] == second["titles"] == ["Raptor"]


SHOWS_WHAT_IT_BELIEVES = """
from flask import request
from webapp import create_app
from webapp.auth.access import needs
app = create_app()

@app.get("/seen")
@needs(None)
def seen():
    return f"{request.scheme} {request.remote_addr}"
"""


def test_gunicorn_believes_no_header_of_a_proxy_by_itself(tmp_path: Path) -> None:
    with served_by_workers(tmp_path, SHOWS_WHAT_IT_BELIEVES) as workers:
        assert workers.get("/seen", X_Forwarded_Proto="https", X_Forwarded_For="10.1.1.1") == "http 127.0.0.1"


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What gunicorn makes of the command in the service of the documentation, and of its configuration."""
    (line,) = re.findall(r"^ExecStart=\S+/gunicorn (.+)$", (ROOT / "docs/operations.md").read_text(), re.MULTILINE)
    command = [sys.executable, "-m", "gunicorn", "--print-config", *line.split()]
    places = {"PYTHONPATH": str(ROOT), "FLASK_INSTANCE_PATH": str(tmp_path_factory.mktemp("instance"))}
    environment = {
        **os.environ,
        **places,
        "FLASK_SECRET_KEY": "a key of the tests",
        "FLASK_ALLOW_ANONYMOUS_WRITES": "true",
    }
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    return dict(re.findall(r"^(\w+) += (.*)$", done.stdout, re.MULTILINE))


def test_the_service_of_the_documentation_serves_several_workers_forked_from_one(settings: dict[str, str]) -> None:
    assert (settings["workers"], settings["threads"], settings["preload_app"]) == ("4", "4", "True")


def test_gunicorn_opens_no_control_socket(settings: dict[str, str]) -> None:
    """It would begin a moment after the first request could be served."""
    assert settings["control_socket_disable"] == "True"


def test_gunicorn_writes_no_access_log_beside_ours(settings: dict[str, str]) -> None:
    assert settings["accesslog"] == "None"


GATE = """
import sys
from webapp import create_app
from webapp.auth.access import needs
app = create_app()
app.extensions["storage"].migrations.upgrade()

@app.get("/slow")
@needs(None)
def slow():
    print("at the gate", file=sys.stderr, flush=True)
    with open("gate") as gate:
        return gate.read() + "open"
"""


@pytest.mark.parametrize("prefix", ["", "/engine-room"])
def test_health_checks_are_answered_while_every_thread_waits(tmp_path: Path, prefix: str) -> None:
    os.mkfifo(tmp_path / "gate")
    with served_by_workers(tmp_path, GATE, SCRIPT_NAME=prefix) as workers:
        waiting = []
        for _ in range(4):
            waiting.append(workers.get_meanwhile(f"{prefix}/slow"))
            workers.read_until("at the gate")
        answers = [workers.get(f"{prefix}{path}") for path in ("/healthz", "/healthz?from=balancer", "/readyz")]
        assert answers[:2] == ["ok\n", "ok\n"]
        assert json.loads(answers[2])["ready"] is True
        assert "engine_room_requests" in workers.get(f"{prefix}/metrics")
        assert "The database answers" in workers.get(f"{prefix}/status")
        assert [one.done() for one in waiting] == [False] * 4
        with (tmp_path / "gate").open("w"):
            pass
        assert [one.result(60) for one in waiting] == ["open"] * 4


IMPATIENT = (
    """
import webapp.ops.bounded_socket
webapp.ops.bounded_socket.PATIENCE = 0.2
"""
    + GATE
)

#: Where a client may stop, and what it is told: nothing of what cannot be a request yet.
HEAD = b"POST /engines HTTP/1.1\r\nHost: 127.0.0.1\r\n"
HALVES = [
    (b"GET /api/engines HTTP/1.1\r\nHost: 127.0", b""),
    (b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n", b""),
    (HEAD + b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 9\r\n\r\ntitle", b"408"),
    (HEAD + b"Content-Type: application/x-www-form-urlencoded\r\nTransfer-Encoding: chunked\r\n\r\n", b"408"),
]


def test_clients_that_stop_in_the_middle_are_let_go_and_nothing_is_logged_of_them(tmp_path: Path) -> None:
    with served_by_workers(tmp_path, IMPATIENT) as workers, ExitStack() as slow:
        address = urlsplit(workers.address)
        waiting = []
        for begun, wanted in HALVES * 3:
            client = slow.enter_context(socket.create_connection((address.hostname or "", address.port or 0), 60))
            client.sendall(begun)
            waiting.append((client, wanted))
        assert workers.get("/healthz") == "ok\n"
        assert workers.get("/api/engines").startswith('{"items":[]')
        # Each is closed by the server, while its client goes on waiting.
        for client, wanted in waiting:
            with client.makefile("rb") as answer:
                assert answer.read().split(b" ")[1:2] == ([wanted] if wanted else [])
    assert "Traceback" not in "".join(workers.lines)


def test_a_client_that_sends_byte_by_byte_is_let_go_as_well(tmp_path: Path) -> None:
    with served_by_workers(tmp_path, IMPATIENT) as workers:
        address = urlsplit(workers.address)
        with socket.create_connection((address.hostname or "", address.port or 0), 60) as client:
            client.settimeout(0.05)
            sent = 0
            client.sendall(b"GET / HTTP/1.1\r\nX: ")
            with suppress(ConnectionError):
                while not closed(client):
                    client.sendall(b"x")
                    sent += 1
            assert sent < 8_000, "gunicorn's bound on a header closed it, not the time"


def closed(client: socket.socket) -> bool:
    """Return whether the server has closed the connection; looks for as long as the socket's timeout."""
    try:
        return client.recv(1) == b""
    except TimeoutError:
        return False


LARGE = """
import webapp.ops.bounded_socket
webapp.ops.bounded_socket.PATIENCE = 2.0
from webapp import create_app
from webapp.auth.access import needs
app = create_app()

@app.get("/large")
@needs(None)
def large():
    return bytes(32 << 20)
"""


def test_a_client_that_does_not_take_its_answer_is_let_go(tmp_path: Path) -> None:
    with served_by_workers(tmp_path, LARGE) as workers, ExitStack() as slow:
        address = urlsplit(workers.address)
        clients = [
            slow.enter_context(socket.create_connection((address.hostname or "", address.port or 0), 60))
            for _ in range(8)
        ]
        for client in clients:
            client.sendall(b"GET /large HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        assert len(workers.get("/large")) == 32 << 20


def test_connections_that_stay_silent_hold_no_thread(tmp_path: Path) -> None:
    with served_by_workers(tmp_path, GATE) as workers, ExitStack() as silent:
        for _ in range(8):
            address = urlsplit(workers.address)
            silent.enter_context(socket.create_connection((address.hostname or "", address.port or 0)))
        assert workers.get("/api/engines").startswith('{"items":[]')


WRITES_A_FILE = """
from webapp import create_app
from webapp.auth.access import needs
app = create_app()

@app.get("/write")
@needs(None)
def write():
    open("written", "w").close()
    return "written"
"""


def test_a_file_that_a_worker_writes_is_private(tmp_path: Path) -> None:
    with served_by_workers(tmp_path, WRITES_A_FILE) as workers:
        workers.get("/write")
    assert stat.S_IMODE((tmp_path / "written").stat().st_mode) == 0o600


CONFIGURED = """
from webapp import create_app
from webapp.auth.access import needs

def make():
    app = create_app()

    @app.get("/hours")
    @needs(None)
    def hours():
        return str(app.config["SESSION_HOURS"])

    return app
"""


class TestReload:
    """SIGHUP has gunicorn read the configuration again."""

    @pytest.fixture
    def workers(self, tmp_path: Path, instance: Path) -> Iterator[Workers]:
        instance.mkdir()
        (instance / "config.py").write_text("SESSION_HOURS = 3")
        with served_by_workers(tmp_path, CONFIGURED, "--workers", "2", application="make()") as workers:
            yield workers

    def test_every_request_is_answered_and_the_new_configuration_holds(self, workers: Workers, instance: Path) -> None:
        assert workers.get("/hours") == "3"
        (instance / "config.py").write_text("SESSION_HOURS = 7")
        workers.process.send_signal(signal.SIGHUP)
        workers.read_until("Handling signal: hup")
        answers: list[str] = []
        # Old and new workers serve side by side for a moment: it is over once only new answers come for long.
        while answers[-50:] != ["7"] * 50:
            assert len(answers) < 20_000, "the new configuration never holds"
            answers += [one.result(60) for one in [workers.get_meanwhile("/hours") for _ in range(5)]]
        assert set(answers) <= {"3", "7"}

    @pytest.mark.parametrize("text", ["SESSION_HOURS = 'long'", "SESSION_HOURS = ", "TRUSTED_HOST = ['a.example']"])
    def test_a_wrong_configuration_is_reported_and_changes_nothing(
        self, workers: Workers, instance: Path, text: str
    ) -> None:
        (instance / "config.py").write_text(text)
        workers.process.send_signal(signal.SIGHUP)
        workers.read_until("Not reloaded, the configuration stays as it was")
        workers.read_until("Booting worker")
        assert workers.get("/hours") == "3"
