"""The revisions: up and down with documents in the collection, refused where a rule is broken, adopted by stamp."""

from datetime import UTC, datetime

import pytest
from bson import Int64, ObjectId
from bson.datetime_ms import DatetimeMS

from storage import Engine, Filter, Invalid, SchemaOutOfDate

MOMENT = datetime(2024, 2, 29, 12, 30, 15, 123000)

#: Documents as each revision may hold them, with everything that the next one mends.
FROZEN = {
    "0001": [
        {"_id": 1, "title": "Raptor", "thrust": 2300},
        {"_id": 2, "title": None, "thrust": None},
        {"_id": 3, "title": "  ", "thrust": -5},
        {"_id": 4},
        {"_id": 9, "title": "Straße İ", "thrust": Int64(7)},
    ],
    "0002": [
        {"_id": 1, "title": "Raptor", "thrust": 2300, "last_fired": MOMENT},
        {"_id": 2, "title": None, "thrust": None, "last_fired": None},
        {"_id": 9, "title": "\t", "thrust": 0},
    ],
}
UPGRADED = {
    "0001": [
        Engine("Raptor", 2300, None, 1, 1),
        Engine("untitled", 0, None, 2, 1),
        Engine("untitled", -5, None, 3, 1),
        Engine("untitled", 0, None, 4, 1),
        Engine("Straße İ", 7, None, 9, 1),
    ],
    "0002": [
        Engine("Raptor", 2300, MOMENT.replace(tzinfo=UTC), 1, 1),
        Engine("untitled", 0, None, 2, 1),
        Engine("untitled", 0, None, 9, 1),
    ],
}

WRONG = {
    "title": [
        ("x" * 129, "at most 128 characters, not 129"),
        ("a\x00b", "U+0000"),
        ("bell\x07", "U+0007"),
        ("a\x85b", "U+0085"),
        (" Raptor", "begin or end with a blank"),
        ("Raptor\u3000", "begin or end with a blank"),
        (7, "must be text, not int"),
        (["Raptor"], "must be text, not list"),
    ],
    "thrust": [(2**31, "from -2147483648"), (1.5, "whole"), (7.0, "whole"), ("7", "whole"), (True, "whole")],
    "last_fired": [
        (datetime(999, 12, 31), "years 1000 to 9999"),
        ("2024-02-29", "must be a moment"),
    ],
    "version": [(0, "from 1"), ("1", "from 1")],
    "maker": [("SpaceX", "maker is no field of an engine")],
}


def everything(database):
    """Return what is in the collections, the moments of the record aside, and what the server knows of them."""
    documents = {
        name: list(database[name].find({}, {"at": False}).sort("_id"))
        for name in ("engine", "engine_room_ids", "engine_room_version")
    }
    return documents, database["engine"].options(), database["engine"].index_information()


@pytest.fixture(params=FROZEN)
def frozen(request, unmigrated, database):
    """A revision, the database being at it with documents in it."""
    unmigrated.migrations.upgrade(request.param)
    database["engine"].insert_many(FROZEN[request.param])
    return request.param


@pytest.fixture
def at_0002(unmigrated, database):
    """The collection of a database at 0002, with one document that is right."""
    unmigrated.migrations.upgrade("0002")
    database["engine"].insert_one({"_id": 1, "title": "Raptor", "thrust": 1, "last_fired": None})
    return database["engine"]


def test_the_history_has_the_ids_of_the_sql_revisions_and_a_sentence_for_each(unmigrated):
    history = unmigrated.migrations.history()
    assert [revision.id for revision in history] == ["0001", "0002", "0003", "0004"]
    assert all(revision.summary.endswith(".") for revision in history)


def test_an_empty_database_has_no_revision_and_refuses_to_be_used(unmigrated):
    assert unmigrated.migrations.current() is None
    with pytest.raises(SchemaOutOfDate) as raised:
        unmigrated.engines.count()
    assert (raised.value.found, raised.value.wanted) == (None, "0004")
    assert "flask db upgrade" in str(raised.value)


def test_each_revision_up_is_recorded_with_its_moment(unmigrated, database):
    for revision in ("0001", "0002", "0003", "0004"):
        unmigrated.migrations.upgrade(revision)
        assert unmigrated.migrations.current() == revision
    records = list(database["engine_room_version"].find().sort("_id"))
    assert [record["_id"] for record in records] == ["0001", "0002", "0003", "0004"]
    assert all(record["complete"] and isinstance(record["at"], datetime) for record in records)


def test_an_upgraded_database_differs_in_nothing_from_what_the_descriptions_ask_for(storage):
    assert storage.migrations.differences() == []


def test_an_upgrade_keeps_every_document_and_mends_what_is_missing(unmigrated, frozen):
    unmigrated.migrations.upgrade()
    assert list(unmigrated.engines.scan()) == UPGRADED[frozen]


def test_upgraded_documents_are_found_by_their_search_key(unmigrated, frozen):
    unmigrated.migrations.upgrade()
    found = unmigrated.engines.find(Filter("title", "contains", "RAPTOR")).items
    assert [engine.id for engine in found] == [1]


def test_an_upgrade_raises_the_mark_to_the_largest_id(unmigrated, frozen):
    unmigrated.migrations.upgrade()
    assert unmigrated.engines.last_id() == 9
    assert unmigrated.engines.add(Engine("new")).id == 10


def test_an_upgrade_never_lowers_the_mark(unmigrated, database, frozen):
    database["engine_room_ids"].update_one({"_id": "engine"}, {"$set": {"last_id": 40}})
    unmigrated.migrations.upgrade()
    assert unmigrated.engines.last_id() == 40


def test_more_documents_than_one_batch_are_upgraded(unmigrated, database):
    unmigrated.migrations.upgrade("0001")
    database["engine"].insert_many({"_id": id, "title": f"engine {id}"} for id in range(1, 1102))
    unmigrated.migrations.upgrade()
    assert unmigrated.engines.count(Filter("version", "eq", 1), Filter("title", "contains", "ENGINE")) == 1101


def test_a_downgrade_ends_where_the_database_was_before(unmigrated, database, frozen):
    unmigrated.migrations.upgrade()
    mended = [engine.title for engine in unmigrated.engines.scan()]
    unmigrated.migrations.downgrade(frozen)
    documents, options, indexes = everything(database)
    fields = {"0001": {"_id", "title", "thrust"}, "0002": {"_id", "title", "thrust", "last_fired"}}[frozen]
    assert all(set(document) == fields for document in documents["engine"])
    assert [document["title"] for document in documents["engine"]] == mended
    assert {"_id": "engine", "last_id": 9} in documents["engine_room_ids"]
    assert unmigrated.migrations.current() == frozen
    assert not options.get("validator")
    assert list(indexes) == ["_id_"]


def test_a_downgrade_and_an_upgrade_keep_ids_and_values(storage):
    added = storage.engines.add_many([Engine("Raptor", 2300, MOMENT.replace(tzinfo=UTC)), Engine("Merlin")])
    storage.engines.reserve_ids(50)
    storage.migrations.downgrade("0002")
    storage.migrations.upgrade()
    assert list(storage.engines.scan()) == added
    assert storage.engines.add(Engine("next")).id == 51


def test_large_ids_survive_a_downgrade_since_the_type_holds_them(storage):
    storage.engines.put_many([Engine("far", id=2**62, version=3)])
    storage.migrations.downgrade("0001")
    storage.migrations.upgrade()
    assert [engine.id for engine in storage.engines.scan()] == [2**62]
    assert storage.engines.last_id() == 2**62


def test_a_downgrade_to_base_leaves_neither_collection_nor_mark(storage, database):
    storage.engines.add(Engine("Raptor"))
    storage.migrations.downgrade("base")
    assert storage.migrations.current() is None
    assert not {"engine", "engine_room_ids"} & set(database.list_collection_names())


@pytest.mark.parametrize(("field", "value", "sentence"), [(f, *case) for f in WRONG for case in WRONG[f]], ids=repr)
def test_a_value_that_breaks_a_rule_is_refused_by_name_before_anything_changes(
    unmigrated, database, at_0002, field, value, sentence
):
    at_0002.insert_one({"_id": 7, "title": "right", "thrust": 0, "last_fired": None, field: value})
    documents = list(at_0002.find({"_id": {"$ne": 7}}))
    state = at_0002.options(), at_0002.index_information(), list(database["engine_room_version"].find())
    with pytest.raises(Invalid) as raised:
        unmigrated.migrations.upgrade()
    assert "id 7: " in str(raised.value)
    assert sentence in str(raised.value)
    assert list(at_0002.find({"_id": {"$ne": 7}})) == documents
    assert (at_0002.options(), at_0002.index_information(), list(database["engine_room_version"].find())) == state


@pytest.mark.parametrize("milliseconds", [253_402_300_800_000, -62_135_596_800_001], ids=["year 10000", "year 0"])
def test_a_moment_beyond_the_years_of_python_is_refused_by_name(unmigrated, at_0002, stand_in_fails, milliseconds):
    stand_in_fails("it cannot keep a moment that Python's datetime cannot hold")
    at_0002.insert_one({"_id": 7, "title": "right", "thrust": 0, "last_fired": DatetimeMS(milliseconds)})
    with pytest.raises(Invalid, match="id 7: last_fired must be a moment in the years 1000 to 9999"):
        unmigrated.migrations.upgrade()


@pytest.mark.parametrize("id", [0, -1, 7.0, "7", ObjectId("0" * 24)], ids=repr)
def test_an_id_that_no_engine_can_have_is_refused(unmigrated, at_0002, id):
    at_0002.insert_one({"_id": id, "title": "right", "thrust": 0, "last_fired": None})
    with pytest.raises(Invalid, match=f"id {id}: id must be"):
        unmigrated.migrations.upgrade()


def test_at_most_twenty_documents_are_named_and_the_others_counted(unmigrated, at_0002):
    at_0002.insert_many({"_id": id, "title": " x", "thrust": 2**40} for id in range(100, 1200))
    with pytest.raises(Invalid) as raised:
        unmigrated.migrations.upgrade()
    assert str(raised.value).count("id 1") == 20
    assert "id 100: title must not begin or end with a blank, thrust must be" in str(raised.value)
    assert str(raised.value).endswith("and 1080 more")


def test_a_refused_upgrade_works_once_the_documents_are_corrected(unmigrated, at_0002):
    at_0002.insert_one({"_id": 7, "title": " Merlin", "thrust": 0, "last_fired": None})
    with pytest.raises(Invalid):
        unmigrated.migrations.upgrade()
    at_0002.update_one({"_id": 7}, {"$set": {"title": "Merlin"}})
    unmigrated.migrations.upgrade()
    assert [engine.title for engine in unmigrated.engines.scan()] == ["Raptor", "Merlin"]


def test_a_collection_made_elsewhere_is_not_taken_over_unasked(unmigrated, database):
    database["engine"].insert_one({"_id": 5, "title": "ours"})
    with pytest.raises(Invalid, match="stamp 0001"):
        unmigrated.migrations.upgrade()
    assert unmigrated.migrations.current() is None


def test_a_collection_made_elsewhere_is_adopted_by_stamp_and_upgrade(unmigrated, database):
    database["engine"].insert_many(FROZEN["0001"])
    unmigrated.migrations.stamp("0001")
    unmigrated.migrations.upgrade()
    assert list(unmigrated.engines.scan()) == UPGRADED["0001"]
    assert unmigrated.engines.add(Engine("next")).id == 10


def test_a_stamp_replaces_a_later_one_and_an_unknown_one(storage, database):
    database["engine_room_version"].insert_one({"_id": "0009", "complete": True})
    storage.migrations.stamp("0002")
    assert storage.migrations.current() == "0002"
    assert [revision.id for revision in storage.migrations.pending()] == ["0003", "0004"]


def test_a_stamp_with_a_revision_that_is_not_ours_is_refused(unmigrated):
    with pytest.raises(Invalid, match="not in the history"):
        unmigrated.migrations.stamp("0042")


@pytest.mark.parametrize("complete", [True, False])
def test_a_database_of_a_newer_release_is_refused_by_every_migration(storage, database, complete):
    database["engine_room_version"].insert_one({"_id": "0009", "complete": complete})
    assert storage.migrations.current() == "0009"
    for migrate in (storage.migrations.upgrade, lambda: storage.migrations.downgrade("0001")):
        with pytest.raises(SchemaOutOfDate, match="newer than the code's 0004"):
            migrate()


def test_a_database_of_a_newer_release_is_not_used(unmigrated, database):
    database["engine_room_version"].insert_one({"_id": "0009", "complete": True})
    with pytest.raises(SchemaOutOfDate, match="deploy the newer release"):
        unmigrated.engines.get(1)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda engine: engine.drop_index("ix_engine_thrust"), "the index ix_engine_thrust is missing"),
        (lambda engine: engine.database.command("collMod", "engine", validator={}), "engine has no validator"),
        (
            lambda engine: engine.database.command("collMod", "engine", validator={"title": {"$type": "string"}}),
            "the validator of engine is another",
        ),
        (
            lambda engine: engine.database.command("collMod", "engine", validationAction="warn"),
            "the validator of engine does not refuse",
        ),
        (lambda engine: engine.drop(), "the collection engine is missing"),
        (
            lambda engine: engine.database["engine_room_ids"].delete_one({"_id": "engine"}),
            "engine_room_ids has no document",
        ),
    ],
    ids=["index", "validator", "other", "warning", "collection", "counter"],
)
def test_a_difference_is_told_in_a_sentence(storage, database, change, sentence):
    change(database["engine"])
    [found] = storage.migrations.differences()
    assert sentence in found


def test_an_index_on_other_fields_is_a_difference(storage, database):
    database["engine"].drop_index("ix_engine_thrust")
    database["engine"].create_index([("thrust", -1)], name="ix_engine_thrust")
    assert storage.migrations.differences() == ["the index ix_engine_thrust is not on thrust, _id as it should be"]


def test_an_index_on_other_fields_under_our_name_gives_way(unmigrated, at_0002):
    at_0002.create_index([("title", -1)], name="ix_engine_title")
    unmigrated.migrations.upgrade()
    assert unmigrated.migrations.differences() == []
