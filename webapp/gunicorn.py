"""How gunicorn serves the application: ``gunicorn --config python:webapp.gunicorn 'webapp:create_app()'``.

Gunicorn alone executes this. What its command line says wins.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from typing import Any

bind = "127.0.0.1:8000"
#: A process for each core serves best: ``--workers``, or WEB_CONCURRENCY in the environment.
threads = 4
#: With one more thread for each of the health checks.
worker_class = "webapp.ops.worker.ReservedWorker"
#: Loaded once and forked, so that what is wrong in the configuration is told once; pools open after the fork.
preload_app = True

#: Seconds that requests at work have to end after SIGTERM.
graceful_timeout = 30

#: The application writes its own.
accesslog = None

#: No file that a process creates is open to other users.
os.umask(0o077)

#: Else gunicorn would listen on a socket in the home folder.
control_socket_disable = True

#: The application decides what it believes of a proxy, by TRUSTED_PROXIES.
forwarded_allow_ips = ""
secure_scheme_headers: dict[str, str] = {}

#: Where the processes keep their figures, so that each can show those of all; given in the environment, or made here.
FIGURES = "PROMETHEUS_MULTIPROC_DIR"
raw_env = []


def remove(folder: str, process: int) -> None:
    """Remove a folder when the process that made it ends, and not when one that was forked does."""
    if process == os.getpid():
        shutil.rmtree(folder, ignore_errors=True)


if FIGURES not in os.environ:
    raw_env = [f"{FIGURES}={tempfile.mkdtemp(prefix='engine-room-metrics-')}"]
    atexit.register(remove, raw_env[0].partition("=")[2], os.getpid())


def on_reload(server: Any) -> None:
    """Make the application anew at SIGHUP, so that the workers that follow have the configuration as it is now.

    Gunicorn itself would fork the one that it has loaded. A configuration that is wrong changes nothing.
    """
    try:
        server.app.callable = server.app.load()
    except Exception as error:  # noqa: BLE001 - whatever it is, the service goes on
        server.log.error("Not reloaded, the configuration stays as it was: %s", error)


def worker_exit(server: Any, worker: Any) -> None:
    """Close the connections of a process that ends."""
    storage = getattr(worker.wsgi, "extensions", {}).get("storage")
    if storage is not None:
        storage.close()


def child_exit(server: Any, worker: Any) -> None:
    """Forget what a process had at hand that is gone; what it counted stays."""
    from prometheus_client.multiprocess import mark_process_dead

    mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]
