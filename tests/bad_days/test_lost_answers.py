"""A write that was applied, and whose answer never came.

It is *may have been applied*, and never run again by us. PyMongo repeats a write or a commit once by itself,
under a number by which the server knows it: there it may succeed, and is applied once either way.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from storage import Engine, Filter, Storage, StorageError, Unavailable, Unit, open_storage
from tests.bad_days.lines import is_call, url_through
from tests.bad_days.scenarios import SCENARIOS, Add, Scenario, UnitOfTwoWrites, Update
from tests.proxy import Fault, Proxy

NEVER = 10**9
#: What SQL and MongoDB call a commit and a write.
VERBS = re.compile(rb"COMMIT|INSERT|UPDATE|DELETE|commitTransaction|insert|update|delete|findAndModify|bulkWrite")


@pytest.fixture
def impatient(database: str, proxy: Proxy, quick_monitor: None) -> Iterator[Storage]:
    """A storage through the proxy that waits half a second for an answer."""
    with open_storage(url_through(proxy, database), timeout=0.5) as opened:
        yield opened


def plan_on_last(fault: Fault, scenario: type[Scenario], storage: Storage, through: Storage, proxy: Proxy) -> None:
    """Plan a fault on the last message of a call: the COMMIT, or the write that commits by itself.

    How many messages a batch takes depends on what the driver finds to read between them. So a first run
    tells the verb of the last message, and how often it comes. One that the server has prepared meanwhile has
    no verb in it: it is the last of the call's.
    """
    rehearse(scenario, storage, through, proxy)
    messages = rehearse(scenario, storage, through, proxy)
    verbs = [verb for verb in map(first_verb, messages) if verb]
    through.engines.count()
    if verbs:
        last = verbs[-1]
        proxy.plan(fault, verbs.count(last), lambda message: is_call(message) and first_verb(message) == last)
    else:
        proxy.plan(fault, len(messages), is_call)


def rehearse(scenario: type[Scenario], storage: Storage, through: Storage, proxy: Proxy) -> list[bytes]:
    """Make the call once without a fault, and return the messages that it sends."""
    rehearsal = scenario(storage)
    through.engines.count()
    proxy.plan(Fault.CUT_AFTER, NEVER, is_call)
    assert rehearsal.outcome(through) is None
    return [message for message in proxy.messages if is_call(message)]


def first_verb(message: bytes) -> bytes | None:
    """Return the first word in a message that writes or commits."""
    found = VERBS.search(message)
    return found[0] if found else None


def check_not_known(kind: str, error: StorageError | None) -> None:
    """Check that the error says that nobody knows, or that the driver found out."""
    if error is None:
        assert kind == "mongodb"
    else:
        assert isinstance(error, Unavailable)
        assert error.may_have_been_applied


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.__name__)
def test_a_write_whose_answer_is_lost_may_have_been_applied_and_was_applied_once(
    kind: str, storage: Storage, proxied: Storage, proxy: Proxy, scenario: type[Scenario]
) -> None:
    work = scenario(storage)
    plan_on_last(Fault.CUT_AFTER, scenario, storage, proxied, proxy)
    error = work.outcome(proxied)
    assert proxy.happened
    check_not_known(kind, error)
    assert work.applied(storage) == work.parts


@pytest.mark.parametrize("scenario", [Add, Update, UnitOfTwoWrites], ids=lambda scenario: scenario.__name__)
def test_a_write_whose_answer_is_waited_for_in_vain_may_have_been_applied_and_was_applied_once(
    kind: str, storage: Storage, impatient: Storage, proxy: Proxy, scenario: type[Scenario]
) -> None:
    work = scenario(storage)
    plan_on_last(Fault.UNANSWERED, scenario, storage, impatient, proxy)
    error = work.outcome(impatient)
    assert proxy.happened
    check_not_known(kind, error)
    assert work.applied(storage) == work.parts


def test_a_unit_whose_commit_is_not_answered_is_not_run_again(
    kind: str, storage: Storage, proxied: Storage, proxy: Proxy
) -> None:
    runs = 0

    def add(unit: Unit) -> None:
        nonlocal runs
        runs += 1
        unit.engines.add(Engine("run once"))
        proxy.plan(Fault.CUT_AFTER, 1, is_call)

    try:
        proxied.run(add)
    except StorageError as error:
        check_not_known(kind, error)
    else:
        check_not_known(kind, None)
    assert proxy.happened
    assert runs == 1
    assert storage.engines.count(Filter("title", "eq", "run once")) == 1
