"""A connection that is cut before, during or after each message, the first, the second … until none is left to cut."""

from __future__ import annotations

from itertools import count, cycle

import pytest

from storage import Storage, StorageError, Unavailable, open_storage
from tests.bad_days.lines import is_call, url_through
from tests.bad_days.scenarios import SCENARIOS, Add, Read, Scenario
from tests.proxy import Fault, Proxy

CUTS = (Fault.CUT_BEFORE, Fault.CUT_DURING, Fault.CUT_AFTER)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.__name__)
@pytest.mark.parametrize("cut", CUTS, ids=lambda cut: cut.name)
def test_a_cut_at_any_message_of_a_write_is_an_error_of_ours_and_nothing_is_half_written(
    storage: Storage, proxied: Storage, proxy: Proxy, scenario: type[Scenario], cut: Fault
) -> None:
    for message in count(1):
        work = scenario(storage)
        proxied.engines.count()
        proxy.plan(cut, message, is_call)
        error = work.outcome(proxied)
        if not proxy.happened:
            break
        check_whole(work, storage, error)
    assert error is None
    assert message > 1


def test_a_cut_at_any_message_of_opening_is_an_error_of_ours_and_the_next_call_works(
    storage: Storage, proxy: Proxy, database: str, quick_monitor: None
) -> None:
    # Opening takes dozens of messages: the cuts take turns.
    for message, cut in zip(count(1), cycle(CUTS), strict=False):
        work = Add(storage)
        with open_storage(url_through(proxy, database)) as fresh:
            proxy.plan(cut, message, is_call)
            error = work.outcome(fresh)
            if not proxy.happened:
                break
            check_whole(work, storage, error)
            assert fresh.engines.get(work.id) == work.engine
    assert error is None
    assert message > 2


@pytest.mark.parametrize("cut", CUTS, ids=lambda cut: cut.name)
def test_a_cut_at_any_message_of_a_read_is_unavailable_or_goes_unnoticed(
    storage: Storage, proxied: Storage, proxy: Proxy, cut: Fault
) -> None:
    for message in count(1):
        work = Read(storage)
        proxied.engines.count()
        proxy.plan(cut, message, is_call)
        error = work.outcome(proxied)
        if not proxy.happened:
            break
        assert error is None or (isinstance(error, Unavailable) and error.retryable)
        assert not getattr(error, "may_have_been_applied", False)
        assert work.outcome(proxied) is None
    assert error is None
    assert message > 1


def test_no_connection_stays_lent_after_a_cut(proxied: Storage, proxy: Proxy, storage: Storage) -> None:
    for scenario in SCENARIOS:
        work = scenario(storage)
        proxied.engines.count()
        proxy.plan(Fault.CUT_BEFORE, 1, is_call)
        work.outcome(proxied)
        assert proxy.happened
        assert proxied.connections_in_use() == 0


def check_whole(work: Scenario, storage: Storage, error: StorageError | None) -> None:
    """Check that a call was applied once and wholly, or not at all, and that its error says no more than it knows."""
    applied = work.applied(storage)
    assert applied in (0, work.parts), error
    if error is None:
        assert applied == work.parts
    elif not getattr(error, "may_have_been_applied", False):
        assert applied == 0, error
