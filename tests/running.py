"""The servers of a test run, each started when it is first asked for."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Generic, NoReturn, TypeVar

import pytest

from storage import Capability, Storage
from tests.programs import Missing
from tests.servers import Server

S = TypeVar("S", bound=Server)


class RunningServers(Generic[S]):
    """The servers by kind; a test on one that cannot run is skipped, and fails under ``CI=true``.

    ``CI_WITHOUT`` names the kind that a build could not get, which is skipped there too.
    """

    def __init__(self, start: Callable[[str], S]) -> None:
        self.start = start
        self.running: dict[str, S] = {}
        self.missing: dict[str, str] = {}

    def __getitem__(self, kind: str) -> S:
        """Return the server of a kind, started if it was not asked for before."""
        if kind not in self.running and kind not in self.missing:
            try:
                self.running[kind] = self.start(kind)
            except Missing as error:
                self.missing[kind] = str(error)
        if kind in self.missing:
            refuse(kind, f"{kind} is not tested: {self.missing[kind]}")
        return self.running[kind]

    def close(self) -> None:
        """End all of them."""
        for server in self.running.values():
            server.close()


def require(storage: Storage, capability: Capability) -> None:
    """Skip the test where the storage does not declare a capability; the contract holds it to refusing that."""
    if capability not in storage.capabilities:
        pytest.skip(f"{storage.server_version()} has no {capability.name.lower()}: {capability.value}")


def refuse(kind: str, reason: str) -> NoReturn:
    """Skip the test for want of a server; a build that should have it fails."""
    if os.environ.get("CI") == "true" and os.environ.get("CI_WITHOUT") != kind:
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)
