"""Every exception of PyMongo and of its BSON, and every code of the server that we know, means one of ours."""

import inspect

import bson.errors
import pymongo.errors
import pytest
from pymongo.errors import (
    AutoReconnect,
    BulkWriteError,
    DuplicateKeyError,
    NetworkTimeout,
    NotPrimaryError,
    OperationFailure,
    PyMongoError,
    ServerSelectionTimeoutError,
    WaitQueueTimeoutError,
    WriteConcernError,
    WriteError,
    WTimeoutError,
)

from storage import (
    AlreadyExists,
    Invalid,
    ReadOnly,
    SchemaOutOfDate,
    StorageError,
    TransactionConflict,
    Unavailable,
    Unsupported,
)
from storage.mongo.errors import CLASSES, CODES, DRIVER_ERRORS, naming, translate, translated

TEXT = "text that nobody reads"

#: Roots, and faults of our own commands or of features that we do not use: no caller can correct or retry them.
UNFORESEEN = {
    "BSONError",
    "BulkWriteError",
    "ClientBulkWriteException",
    "CollectionInvalid",
    "EncryptedCollectionError",
    "EncryptionError",
    "InvalidBSON",
    "OperationFailure",
    "PyMongoError",
    "WriteError",
}


def classes(module):
    """Return the exception classes that a module of the driver defines."""
    found = [kind for _, kind in inspect.getmembers(module, inspect.isclass) if issubclass(kind, BaseException)]
    return [kind for kind in found if kind.__module__ == module.__name__]


#: What the constructors want that do not take a text alone.
ARGUMENTS = {
    "BulkWriteError": ({"writeErrors": [], "writeConcernErrors": []},),
    "ClientBulkWriteException": ({"error": None, "writeErrors": [], "writeConcernErrors": []}, False),
    "EncryptedCollectionError": (ValueError(TEXT), {}),
    "EncryptionError": (ValueError(TEXT),),
}


def answer(code, *labels, kind=OperationFailure):
    """Return an error as the server's answer with that code makes it."""
    return kind(TEXT, code, {"ok": 0, "code": code, "errmsg": TEXT, "errorLabels": list(labels)})


def labelled(error, label):
    """Return the error with a label that the driver gives."""
    error._add_error_label(label)
    return error


ALL = classes(pymongo.errors) + classes(bson.errors)


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.__name__)
def test_every_class_of_the_driver_means_a_storage_error(kind):
    assert issubclass(kind, DRIVER_ERRORS)
    with pytest.raises(StorageError) as raised, translated():
        raise kind(*ARGUMENTS.get(kind.__name__, (TEXT,)))
    assert (type(raised.value) is StorageError) == (kind.__name__ in UNFORESEEN)


def test_no_class_in_the_table_hides_behind_one_before_it():
    kinds = [kind for kind, _ in CLASSES]
    hidden = [kind for index, kind in enumerate(kinds) if issubclass(kind, tuple(kinds[:index]))]
    assert hidden == []


@pytest.mark.parametrize("code", sorted(CODES))
@pytest.mark.parametrize("kind", [OperationFailure, WriteError, NotPrimaryError], ids=lambda kind: kind.__name__)
def test_every_code_in_the_table_counts_before_the_class_of_its_error(code, kind):
    details = {"ok": 0, "code": code, "errmsg": TEXT}
    error = kind(TEXT, details) if kind is NotPrimaryError else kind(TEXT, code, details)
    expected = CODES[code]("", False)
    assert type(translate(error)) is type(expected)
    assert getattr(translate(error), "retryable", None) == getattr(expected, "retryable", None)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (answer(112), TransactionConflict),
        (answer(251), TransactionConflict),
        (answer(24, "TransientTransactionError"), TransactionConflict),
        (answer(246, "TransientTransactionError"), TransactionConflict),
        (DuplicateKeyError(TEXT, 11000), AlreadyExists),
        (answer(11000), AlreadyExists),
        (answer(121, kind=WriteError), Invalid),
        (answer(10334), Unavailable),
        (answer(17280), Invalid),
        (bson.errors.InvalidDocument(TEXT), Invalid),
        (pymongo.errors.DocumentTooLarge(TEXT), Unavailable),
        (OverflowError(TEXT), Invalid),
        (answer(371), ReadOnly),
        (answer(26), SchemaOutOfDate),
        (answer(20), Unsupported),
        (answer(987654), StorageError),
    ],
    ids=lambda one: one.__name__ if isinstance(one, type) else f"{type(one).__name__} {getattr(one, 'code', '')}",
)
def test_the_same_fault_is_the_same_error_as_on_other_engines(error, kind):
    assert type(translate(error)) is kind


@pytest.mark.parametrize("code", [13, 18, 8000, 334])
def test_a_refused_login_is_unavailable_and_trying_again_is_useless(code):
    found = translate(answer(code))
    assert isinstance(found, Unavailable)
    assert not found.retryable


@pytest.mark.parametrize("code", [43, 50, 91, 189, 10107, 11600, 13435, 14031, 24, 239, 246])
def test_what_passes_is_unavailable_and_can_be_tried_again(code):
    found = translate(answer(code))
    assert isinstance(found, Unavailable)
    assert found.retryable
    assert not found.may_have_been_applied


@pytest.mark.parametrize("written", [True, False])
@pytest.mark.parametrize(
    "error",
    [
        AutoReconnect(TEXT),
        NetworkTimeout(TEXT),
        WaitQueueTimeoutError(TEXT),
        NotPrimaryError(TEXT, {"code": 10107}),
        answer(91),
        answer(11600),
        answer(50),
        answer(64, kind=WTimeoutError),
        WriteConcernError(TEXT, 100),
        BulkWriteError({"writeErrors": [], "writeConcernErrors": [{"code": 64}]}),
    ],
    ids=lambda error: f"{type(error).__name__} {getattr(error, 'code', '')}",
)
def test_an_answer_that_does_not_tell_leaves_open_only_whether_a_write_was_applied(error, written):
    found = translate(error, written=written)
    assert isinstance(found, Unavailable)
    assert found.may_have_been_applied is written


@pytest.mark.parametrize("error", [ServerSelectionTimeoutError(TEXT), answer(112), answer(13), answer(24)])
def test_what_was_refused_or_never_sent_leaves_nothing_open(error):
    assert not getattr(translate(error, written=True), "may_have_been_applied", False)


def test_a_connection_lost_in_a_unit_is_unavailable_and_no_conflict():
    found = translate(labelled(AutoReconnect(TEXT), "TransientTransactionError"))
    assert isinstance(found, Unavailable)
    assert not found.may_have_been_applied


@pytest.mark.parametrize("error", [AutoReconnect(TEXT), answer(91), answer(251)], ids=lambda error: str(type(error)))
def test_a_commit_whose_result_is_unknown_may_have_been_applied(error):
    found = translate(labelled(error, "UnknownTransactionCommitResult"))
    assert isinstance(found, Unavailable)
    assert found.may_have_been_applied


def test_the_first_failure_of_a_bulk_counts():
    failures = [{"index": 3, "code": 121, "errmsg": TEXT}, {"index": 4, "code": 11000, "errmsg": TEXT}]
    assert type(translate(BulkWriteError({"writeErrors": failures, "writeConcernErrors": []}))) is Invalid


def test_the_sentence_holds_the_class_and_the_code_but_no_value():
    found = translate(OperationFailure("a secret", 121, {"code": 121, "errmsg": "a secret"}))
    assert "OperationFailure 121" in str(found)
    assert "secret" not in str(found)


TAKEN_ID = {"code": 11000, "keyPattern": {"_id": 1}, "keyValue": {"_id": 7}}
TAKEN_TITLE = {"code": 11000, "keyPattern": {"title": 1}, "keyValue": {"title": "a secret"}}


@pytest.mark.parametrize(
    ("error", "fields"),
    [
        (DuplicateKeyError("a secret", 11000, TAKEN_TITLE), ("title",)),
        (DuplicateKeyError("", 11000, TAKEN_ID), ("id",)),
        (DuplicateKeyError("", 11000), ()),
        (BulkWriteError({"writeErrors": [TAKEN_TITLE], "writeConcernErrors": []}), ("title",)),
        (BulkWriteError({"writeErrors": [TAKEN_ID, TAKEN_TITLE], "writeConcernErrors": []}), ("title",)),
        (BulkWriteError({"writeErrors": [TAKEN_ID, TAKEN_ID], "writeConcernErrors": []}), ("id",)),
    ],
)
def test_a_duplicate_names_its_fields_but_no_value(error, fields):
    with pytest.raises(AlreadyExists) as raised, translated(), naming("engine"):
        raise error
    assert raised.value.fields == fields
    assert raised.value.__cause__ is error
    assert "secret" not in str(raised.value)


def test_the_driver_s_error_stays_chained():
    error = PyMongoError(TEXT)
    with pytest.raises(StorageError) as raised, translated():
        raise error
    assert raised.value.__cause__ is error


def test_an_error_that_is_no_driver_s_passes_unchanged():
    with pytest.raises(KeyError), translated():
        raise KeyError
