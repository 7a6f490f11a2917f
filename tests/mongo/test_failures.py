"""A server that fails at a chosen command: what the driver repeats by itself, and what is told of the rest."""

import pytest

from storage import Engine, ReadOnly, StorageError, TransactionConflict, Unavailable

OFTEN = 1000

ENGINES = [Engine(f"engine {number}") for number in range(1500)]


def outcome(call):
    """Return the error that a call ends with, if any."""
    try:
        call()
    except StorageError as error:
        return error
    return None


def test_a_scan_goes_on_where_the_server_forgot_its_cursor(failing, fail):
    added = failing.engines.add_many(ENGINES)
    fail("getMore", 1, errorCode=43)
    assert list(failing.engines.scan()) == added


def test_a_scan_whose_cursor_is_forgotten_again_and_again_ends_as_unavailable(failing, fail):
    failing.engines.add_many(ENGINES)
    scan = failing.engines.scan()
    first = next(scan)
    fail("getMore find", OFTEN, errorCode=43)
    with pytest.raises(Unavailable) as raised:
        list(scan)
    assert raised.value.retryable
    assert first.title == "engine 0"


@pytest.mark.parametrize("code", [91, 189, 10107, 11600, 13435])
def test_a_write_that_a_stepping_down_server_refuses_once_is_repeated_by_the_driver(failing, fail, code):
    fail("insert", 1, errorCode=code, errorLabels=["RetryableWriteError"])
    added = failing.engines.add(Engine("Raptor"))
    assert list(failing.engines.scan()) == [added]


@pytest.mark.parametrize("how", [{"errorCode": 11600}, {"closeConnection": True}], ids=["code", "cut"])
@pytest.mark.parametrize("command", ["insert", "findAndModify", "delete"])
def test_a_write_that_fails_again_and_again_may_have_been_applied(failing, fail, command, how):
    engine = failing.engines.add(Engine("Raptor"))
    calls = {
        "insert": lambda: failing.engines.put_many([Engine("Merlin", id=50, version=1)]),
        "findAndModify": lambda: failing.engines.update(engine.id, {"thrust": 1}),
        "delete": lambda: failing.engines.delete(engine.id),
    }
    fail(command, 2, **how)
    error = outcome(calls[command])
    assert isinstance(error, Unavailable)
    assert error.may_have_been_applied
    assert list(failing.engines.scan()) == [engine]


@pytest.mark.parametrize("how", [{"errorCode": 11600}, {"closeConnection": True}], ids=["code", "cut"])
def test_an_id_that_is_not_had_costs_nothing_and_nothing_was_applied(failing, fail, how):
    fail("findAndModify", 2, **how)
    error = outcome(lambda: failing.engines.add(Engine("Raptor")))
    assert isinstance(error, Unavailable)
    assert not error.may_have_been_applied
    assert failing.engines.count() == 0


def test_a_read_that_fails_again_and_again_is_unavailable_and_nothing_was_applied(failing, fail):
    fail("find", 2, closeConnection=True)
    error = outcome(lambda: failing.engines.get(1))
    assert isinstance(error, Unavailable)
    assert not error.may_have_been_applied


@pytest.mark.parametrize(
    ("code", "kind"), [(112, TransactionConflict), (371, ReadOnly), (14031, Unavailable), (999_999, StorageError)]
)
def test_a_refusal_of_the_server_is_the_error_of_its_code(failing, fail, code, kind):
    fail("insert", 1, errorCode=code)
    error = outcome(lambda: failing.engines.put_many([Engine("Merlin", id=50, version=1)]))
    assert type(error) is kind
    assert not getattr(error, "may_have_been_applied", False)


def test_a_write_that_no_majority_confirmed_may_have_been_applied_and_was(failing, fail):
    fail("insert", 1, writeConcernError={"code": 64, "errmsg": "waiting for replication timed out"})
    error = outcome(lambda: failing.engines.add(Engine("Raptor")))
    assert isinstance(error, Unavailable)
    assert error.may_have_been_applied
    assert failing.engines.count() == 1


@pytest.mark.parametrize("how", [{"errorCode": 11600}, {"closeConnection": True}], ids=["code", "cut"])
def test_a_statement_lost_inside_a_unit_is_unavailable_and_nothing_of_it_is_kept(failing, fail, how):
    def add():
        with failing.transaction() as unit:
            unit.engines.count()
            unit.engines.add(Engine("Raptor"))

    fail("insert", 2, **how)
    error = outcome(add)
    assert isinstance(error, Unavailable | TransactionConflict)
    assert not getattr(error, "may_have_been_applied", False)
    assert failing.engines.count() == 0


def test_a_commit_whose_answer_is_lost_once_is_asked_for_again_by_the_driver(failing, fail):
    fail("commitTransaction", 1, closeConnection=True)
    with failing.transaction() as unit:
        unit.engines.add(Engine("Raptor"))
    assert failing.engines.count() == 1


def test_a_commit_whose_answer_is_lost_again_and_again_may_have_been_applied_and_is_not_run_again(failing, fail):
    runs = []

    def add(unit):
        runs.append(unit.engines.add(Engine("Raptor")))

    fail("commitTransaction", OFTEN, closeConnection=True)
    error = outcome(lambda: failing.run(add))
    assert isinstance(error, Unavailable)
    assert error.may_have_been_applied
    assert len(runs) == 1


def test_a_unit_that_the_server_lost_before_its_commit_is_run_again(failing, fail):
    runs = []

    def add(unit):
        runs.append(unit.engines.add(Engine("Raptor")))

    fail("commitTransaction", 1, errorCode=251, errorLabels=["TransientTransactionError"])
    failing.run(add)
    assert len(runs) == 2
    assert failing.engines.count() == 1
