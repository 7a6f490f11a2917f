"""Behind nginx as ``docs/operations.md`` configures it, and gunicorn with the project's own configuration."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import pytest

from tests.nginx import HOST, PAGE, Nginx
from tests.webapp.test_bodies import SERVED
from tests.webapp.workers import served_by_workers

BEHIND = {"FLASK_TRUSTED_PROXIES": "1", "FLASK_TRUSTED_HOSTS": f'["{HOST}"]'}
PREFIX = "/engine-room"


@contextmanager
def behind_nginx(folder: Path, *, below: bool = False, **settings: str) -> Iterator[Nginx]:
    """Serve the application through nginx."""
    with (
        served_by_workers(folder, SERVED, **BEHIND, **settings) as workers,
        closing(Nginx(workers.address, below=below)) as nginx,
    ):
        yield nginx


def test_the_application_knows_its_address_and_the_request_s_name(tmp_path: Path) -> None:
    with behind_nginx(tmp_path) as nginx:
        status, headers, _ = nginx.request("GET", "/api/engines?limit=1")
        assert (status, headers["Link"]) == (200, '</api/engines?limit=1>; rel="first"')
        assert "Strict-Transport-Security" in headers
        assert re.fullmatch("[0-9a-f]{32}", headers["X-Request-ID"])
        assert nginx.request("POST", "/api/engines", b"x" * 65_537, Content_Type="application/json")[0] == 413


def test_clients_that_send_half_a_request_hold_no_thread(tmp_path: Path) -> None:
    """Four threads would be held by the first four."""
    with behind_nginx(tmp_path) as nginx, ExitStack() as silent:
        for _ in range(12):
            client = silent.enter_context(nginx.connect())
            client.sendall(
                f"POST /api/engines HTTP/1.1\r\nHost: {HOST}\r\nContent-Type: application/json\r\n"
                "Content-Length: 40\r\n\r\n{".encode()
            )
        body = b'{"title": "Raptor"}'
        assert nginx.request("POST", "/api/engines", body, Content_Type="application/json")[0] == 201


class TestUnderAPath:
    """``SCRIPT_NAME`` and a proxy that does not strip the prefix."""

    @pytest.fixture
    def nginx(self, tmp_path: Path) -> Iterator[Nginx]:
        assert f"Environment=SCRIPT_NAME={PREFIX}" in PAGE
        settings = {"SCRIPT_NAME": PREFIX, "FLASK_APPLICATION_ROOT": PREFIX}
        with behind_nginx(tmp_path, below=True, **settings) as nginx:
            yield nginx

    def test_every_reference_stays_below_it(self, nginx: Nginx) -> None:
        status, headers, _ = nginx.request(
            "POST", f"{PREFIX}/api/engines", b'{"title": "Raptor"}', Content_Type="application/json"
        )
        assert (status, headers["Location"]) == (201, f"{PREFIX}/api/engines/1")
        problem = json.loads(nginx.request("GET", f"{PREFIX}/api/engines/7")[2])
        assert problem["type"] == f"{PREFIX}/problems/not-found"
        assert nginx.request("GET", problem["type"])[0] == 200
        document = json.loads(nginx.request("GET", f"{PREFIX}/openapi.json")[2])
        assert document["servers"] == [{"url": PREFIX}]
        assert problem["type"] in document["components"]["schemas"]["Problem"]["properties"]["type"]["enum"]

    def test_every_link_form_and_file_of_a_page_is_below_it(self, nginx: Nginx) -> None:
        for path in ("/", "/engines", "/engines/new", "/docs", "/problems/not-found", "/status"):
            status, _, text = nginx.request("GET", PREFIX + path)
            local = re.findall(r'(?:href|src|action)="(/[^"]*)"', text)
            assert (status, bool(local)) == (200, True)
            assert [address for address in local if not address.startswith(f"{PREFIX}/")] == []

    def test_the_cookie_belongs_to_it(self, nginx: Nginx) -> None:
        cookie = nginx.request("GET", f"{PREFIX}/engines/new")[1]["Set-Cookie"]
        assert f"Path={PREFIX}" in cookie
