"""A private nginx, configured as the documentation says."""

from __future__ import annotations

import http.client
import os
import pwd
import re
import socket
import ssl
import subprocess
from pathlib import Path

from tests.processes import NotReady, ServerProcess
from tests.programs import find_program

PAGE = (Path(__file__).parents[1] / "docs/operations.md").read_text()
#: The name in the documentation.
HOST = "engines.example"

CONFIGURATION = """
daemon off;
pid nginx.pid;
error_log error.log;
{user}
events {{}}
http {{
    access_log off;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    {server}
}}
"""


def documented(*, below: bool) -> str:
    """Return the server of the documentation, with the location of a prefix instead of its own if it is below one."""
    server, location = re.findall(r"^```nginx\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    return re.sub(r"^ +location / \{.*?^ +\}\n", lambda _: location, server, flags=re.M | re.S) if below else server


class Nginx(ServerProcess):
    """Speaks TLS and passes requests on to an address."""

    product = "nginx"

    def __init__(self, upstream: str, *, below: bool = False) -> None:
        self.upstream = upstream
        self.below = below
        super().__init__()

    def prepare(self) -> None:
        self.program = find_program("nginx", "install the package nginx-light")
        key, certificate = self.folder / "key.pem", self.folder / "certificate.pem"
        command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        command += ["-subj", f"/CN={HOST}", "-addext", f"subjectAltName=DNS:{HOST}", "-days", "2"]
        subprocess.run([*command, "-keyout", key, "-out", certificate], check=True, capture_output=True)
        server = documented(below=self.below)
        for said, here in {
            "listen 443 ssl": f"listen 127.0.0.1:{self.port} ssl",
            "/etc/ssl/engines.example.pem": str(certificate),
            "/etc/ssl/engines.example.key": str(key),
            "http://127.0.0.1:8000": self.upstream,
        }.items():
            assert said in server, f"docs/operations.md no longer says {said}"
            server = server.replace(said, here)
        user = f"user {pwd.getpwuid(os.geteuid()).pw_name};" if os.geteuid() == 0 else ""
        (self.folder / "nginx.conf").write_text(CONFIGURATION.format(server=server, user=user))
        self.context = ssl.create_default_context(cafile=str(certificate))

    def command(self) -> list[str]:
        return [self.program, "-p", str(self.folder), "-c", "nginx.conf", "-e", "error.log"]

    def check_ready(self) -> None:
        try:
            self.connect().close()
        except OSError as error:
            raise NotReady from error

    def connect(self) -> ssl.SSLSocket:
        """Return a connection over TLS, the certificate checked."""
        plain = socket.create_connection(("127.0.0.1", self.port), timeout=60)
        return self.context.wrap_socket(plain, server_hostname=HOST)

    def request(
        self, method: str, path: str, body: bytes | None = None, **headers: str
    ) -> tuple[int, http.client.HTTPMessage, str]:
        """Send a request, and return the status, the headers and the text of the answer."""
        connection = http.client.HTTPSConnection(HOST, self.port)
        connection.sock = self.connect()
        try:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, path, body, {"Host": HOST, **named})
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read().decode()
        finally:
            connection.close()
