"""A private PgBouncer before a private PostgreSQL, in transaction mode; the one of Debian tracks no statements."""

from __future__ import annotations

import os
import pwd
from urllib.parse import urlsplit

from tests.databases import DRIVER_ERRORS, make_database, ping, with_database
from tests.processes import NotReady, ServerProcess
from tests.programs import find_program
from tests.servers import PostgreSQL

CONFIGURATION = """
[databases]
* = host=127.0.0.1 port={server} user=postgres
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
server_round_robin = 1
default_pool_size = 8
"""


class PgBouncer(ServerProcess):
    """Hands the connections of the server to one client after the other, transaction by transaction."""

    product = "PgBouncer"

    def __init__(self) -> None:
        self.server = PostgreSQL()
        super().__init__()

    def prepare(self) -> None:
        self.program = find_program("pgbouncer", "install the package pgbouncer")
        self.address = f"postgresql://postgres@127.0.0.1:{self.port}/postgres"
        file = self.folder / "pgbouncer.ini"
        file.write_text(CONFIGURATION.format(server=self.server.port, port=self.port))
        if os.geteuid() == 0:
            # It refuses to run as root.
            self.user = pwd.getpwnam("nobody").pw_uid
            os.chown(self.folder, self.user, -1)

    def command(self) -> list[str]:
        return [self.program, "-q", "pgbouncer.ini"]

    def check_ready(self) -> None:
        try:
            ping(self.address)
        except DRIVER_ERRORS as error:
            raise NotReady from error

    def new_database(self) -> str:
        """Make an empty database and return its URL, through the pooler."""
        return with_database(self.address, make_database(self.server.address))

    def behind(self, url: str) -> str:
        """Return the URL of the same database past the pooler."""
        return with_database(self.server.tcp_address, urlsplit(url).path.lstrip("/"))

    def close(self) -> None:
        super().close()
        self.server.close()
