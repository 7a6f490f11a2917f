"""A pytest plugin that writes the durations of the tests that passed, by node ID, to ``MUTATION_DURATIONS``."""

from __future__ import annotations

import json
import os
from collections import defaultdict
from pathlib import Path

import pytest


class Durations:
    """Durations in seconds, setup and teardown included."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self.passed: set[str] = set()
        self.failed: set[str] = set()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Add up the phases of a test."""
        self.seconds[report.nodeid] += report.duration
        if report.failed:
            self.failed.add(report.nodeid)
        elif report.when == "call" and report.passed:
            self.passed.add(report.nodeid)

    def pytest_sessionfinish(self) -> None:
        """Write the file."""
        durations = {test: self.seconds[test] for test in sorted(self.passed - self.failed)}
        Path(os.environ["MUTATION_DURATIONS"]).write_text(json.dumps(durations))


def pytest_configure(config: pytest.Config) -> None:
    """Register the plugin where the reports of all workers arrive."""
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Durations())
