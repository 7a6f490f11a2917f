"""Search, shown on the titles of engines."""

from __future__ import annotations

from typing import Any

import pytest

from storage import Engine, Filter, Invalid, Repository
from storage.testing.fixtures import Fixtures

#: Each pair: what was written, and another writing of it that search must take for the same.
SAME = [
    ("Raptor", "rAPTOR"),
    ("Straße", "STRASSE"),
    ("strasse", "STRAẞE"),
    ("\u0130stanbul", "i\u0307STANBUL"),
    ("\ufb01re", "FIRE"),
    ("\u03a3\u03bf\u03c6\u03cc\u03c2", "\u03c3\u03bf\u03c6\u03cc\u03c3"),
    ("Cafe\u0301", "CAF\u00c9"),
    ("\u1e69", "s\u0323\u0307"),
    ("\u01c5", "\u01c4"),
    ("\u0390", "\u03b9\u0308\u0301"),
    ("\U00010400", "\U00010428"),
    ("\u212bngstr\u00f6m", "\u00e5NGSTRO\u0308M"),
]

#: What means something to one engine or another, and is an ordinary letter here.
ORDINARY = [
    "%", "_", "\\", "\\%", "%%", ".", ".*", "a.c", "^", "$", "[", "]", "[a-z]", "(", ")", "(?i)", "+", "?", "*", "|",
    "{", "}", "'", "''", '"', "`", "; --", "' OR ''='", "/", "#", "!", "!%", "\\\\", "$where", "\u200d", "\U0001f680",
    "\U0010ffff",
]  # fmt: skip


class Searching(Fixtures):
    """``contains`` and ``starts_with``."""

    @pytest.mark.parametrize("operator", ["contains", "starts_with"])
    @pytest.mark.parametrize(("written", "asked"), SAME)
    def test_case_makes_no_difference(
        self, repository: Repository[Any], operator: str, written: str, asked: str
    ) -> None:
        """7.1 Folded as Unicode folds it, and composed or not."""
        repository.add_many([Engine(written), Engine(asked), Engine("other")])
        for text in (written, asked):
            assert found(repository, operator, text) == [written, asked]

    @pytest.mark.parametrize("text", ORDINARY)
    def test_no_character_is_special(self, repository: Repository[Any], text: str) -> None:
        """7.2 What an engine takes for a pattern is text like any other."""
        repository.add_many([Engine(f"{text}x"), Engine("abc"), Engine("ABCC"), Engine(f"x{text}x")])
        assert found(repository, "contains", text) == [f"{text}x", f"x{text}x"]
        assert found(repository, "starts_with", text) == [f"{text}x"]

    def test_contains_finds_a_piece_in_any_place(self, repository: Repository[Any]) -> None:
        """7.1 At the beginning, in the middle, at the end."""
        repository.add_many([Engine("Raptor"), Engine("The Raptor 2"), Engine("velociRAPTOR"), Engine("rapt")])
        assert found(repository, "contains", "raptor") == ["Raptor", "The Raptor 2", "velociRAPTOR"]

    def test_starts_with_finds_beginnings_only(self, repository: Repository[Any]) -> None:
        """7.1 The whole text begins with itself."""
        repository.add_many([Engine("Raptor"), Engine("The Raptor"), Engine("RAPTOR 2"), Engine("rapto"), Engine("s")])
        assert found(repository, "starts_with", "raptor") == ["Raptor", "RAPTOR 2"]

    @pytest.mark.parametrize("last", ["\ud7ff", "\ue000", "\uffff", "\U00010000", "\U0010ffff"])
    def test_a_beginning_may_end_at_any_code_point(self, repository: Repository[Any], last: str) -> None:
        """7.1 Beside the surrogates, and at the end of Unicode."""
        repository.add_many([Engine(f"a{last}"), Engine(f"a{last}b"), Engine("b"), Engine("a"), Engine(last)])
        assert found(repository, "starts_with", f"a{last}") == [f"a{last}", f"a{last}b"]
        assert found(repository, "starts_with", last) == [last]

    @pytest.mark.parametrize("operator", ["contains", "starts_with"])
    def test_nothing_is_found_everywhere(self, repository: Repository[Any], operator: str) -> None:
        """7.3 Every text contains the empty one and begins with it."""
        repository.add_many([Engine("a"), Engine("b")])
        assert found(repository, operator, "") == ["a", "b"]

    def test_blanks_in_a_search_count(self, repository: Repository[Any]) -> None:
        """7.3 At its ends too, although no title has any there."""
        repository.add_many([Engine("a b"), Engine("ab"), Engine("b a")])
        assert found(repository, "contains", " ") == ["a b", "b a"]
        assert found(repository, "contains", " b") == ["a b"]
        assert found(repository, "starts_with", "b ") == ["b a"]
        assert found(repository, "starts_with", " ") == []

    @pytest.mark.parametrize("operator", ["contains", "starts_with"])
    def test_what_is_longer_than_any_title_is_found_nowhere(self, repository: Repository[Any], operator: str) -> None:
        """7.4 It is no mistake."""
        repository.add(Engine("x" * 128))
        assert found(repository, operator, "x" * 128) == ["x" * 128]
        assert found(repository, operator, "x" * 129) == []
        assert found(repository, operator, "\u0390" * 5_000) == []

    def test_a_title_that_folds_to_thrice_its_length_is_found(self, repository: Repository[Any]) -> None:
        """7.1 The key has room for it."""
        title = "\u0390" * 128
        repository.add(Engine(title))
        assert found(repository, "contains", "\u03b9\u0308\u0301" * 128) == [title]
        ligatures = "\ufb03" * 128
        repository.add(Engine(ligatures))
        assert found(repository, "starts_with", "ffi" * 128) == [ligatures]

    @pytest.mark.parametrize("operator", ["contains", "starts_with"])
    @pytest.mark.parametrize("value", [None, 1, True, b"a", ["a"], {"$regex": "a"}, "a\0", "\n", "\x7f", "\ud800"])
    def test_what_is_no_text_cannot_be_searched_for(
        self, repository: Repository[Any], operator: str, value: Any
    ) -> None:
        """7.4 No control characters, no lone surrogates."""
        with pytest.raises(Invalid) as raised:
            repository.find(Filter("title", operator, value))
        assert set(raised.value.problems) == {"title"}

    @pytest.mark.parametrize("field", ["id", "thrust", "last_fired", "version"])
    def test_only_searchable_text_can_be_searched(self, repository: Repository[Any], field: str) -> None:
        """7.4 The others have no key."""
        with pytest.raises(Invalid) as raised:
            repository.count(Filter(field, "contains", "1"))
        assert set(raised.value.problems) == {field}

    def test_a_search_finds_a_title_as_it_is_now(self, repository: Repository[Any]) -> None:
        """7.5 After a change, and after a replacement."""
        added = repository.add(Engine("Merlin"))
        repository.update(added.id, {"title": "RAPTOR"})
        assert found(repository, "contains", "merlin") == []
        assert found(repository, "contains", "raptor") == ["RAPTOR"]
        repository.put_many([Engine("Vulcain", id=added.id, version=9)])
        assert found(repository, "starts_with", "raptor") == []
        assert found(repository, "starts_with", "vulcain") == ["Vulcain"]

    def test_a_search_goes_with_filters_orders_and_pages(self, repository: Repository[Any]) -> None:
        """7.1 6.1 Like any other filter."""
        repository.add_many([Engine(f"Raptor {number}", number % 3) for number in range(9)])
        filters = [Filter("title", "contains", "RAPTOR"), Filter("thrust", "gt", 0), Filter("title", "ne", "Raptor 4")]
        page = repository.find(*filters, order_by="-title", limit=2)
        assert [engine.title for engine in page.items] == ["Raptor 8", "Raptor 7"]
        rest = repository.find(*filters, order_by="-title", cursor=page.next_cursor)
        assert [engine.title for engine in rest.items] == ["Raptor 5", "Raptor 2", "Raptor 1"]


def found(repository: Repository[Any], operator: str, text: str) -> list[str]:
    """Return the titles that a search finds, after seeing that every method agrees on them."""
    filter = Filter("title", operator, text)
    items = repository.find(filter).items
    assert list(repository.scan(filter)) == items
    assert repository.count(filter) == len(items)
    return [engine.title for engine in items]
