"""The kit itself: a backend with a fault does not pass, and the test that fails says which fault it is."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

FAULTS = Path(__file__).with_name("faults.py")
ROOT = FAULTS.parents[2]

#: Of each faulty backend, tests that must fail; a leak fails behind a test, which JUnit calls an error.
EXPECTED = {
    "TestLeaking": ["test_a_deleted_entity_is_gone"],
    "TestModest": ["test_a_capability_works_or_is_refused[Capability.TRANSACTIONS]"],
    "TestForgetful": ["test_the_id_of_the_newest_is_not_used_again", "test_the_mark_is_the_largest_id_given_out"],
    "TestCareless": ["test_one_of_many_that_saw_the_same_wins"],
    "TestHelpful": ["test_what_is_no_title_is_invalid[ a]", "test_an_id_that_nothing_has_is_not_found[0]"],
    "TestBackwards": ["test_an_order_is_total[last_fired]"],
}


@pytest.fixture(scope="module")
def failed(tmp_path_factory: pytest.TempPathFactory) -> set[tuple[str, str]]:
    """The class and the name of each test that failed."""
    report = tmp_path_factory.mktemp("faults") / "report.xml"
    wanted = {name.partition("[")[0] for names in EXPECTED.values() for name in names}
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), str(FAULTS.parent)])}
    command = [sys.executable, "-m", "pytest", str(FAULTS), "-q", "--tb=no", f"--junit-xml={report}"]
    subprocess.run(
        [*command, "-p", "no:cacheprovider", "-k", " or ".join(wanted)], cwd=ROOT, env=environment, check=False
    )
    cases = ElementTree.parse(report).iter("testcase")  # noqa: S314 - pytest wrote it
    return {
        (case.attrib["classname"].rpartition(".")[2], case.attrib["name"])
        for case in cases
        if case.find("failure") is not None or case.find("error") is not None
    }


@pytest.mark.parametrize(("backend", "name"), [(one, name) for one, names in EXPECTED.items() for name in names])
def test_a_fault_is_found(failed: set[tuple[str, str]], backend: str, name: str) -> None:
    assert (backend, name) in failed


@pytest.mark.parametrize("backend", ["TestModest", "TestForgetful", "TestCareless", "TestBackwards"])
def test_what_a_fault_does_not_touch_passes(failed: set[tuple[str, str]], backend: str) -> None:
    assert (backend, "test_a_deleted_entity_is_gone") not in failed
