from __future__ import annotations

import sys
from unicodedata import normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.entity import prefix_end, search_key
from storage.testing.strategies import LETTERS, chosen_settings


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("Raptor", "raptor"),
        ("Straße", "strasse"),
        ("\u0130", "i\u0307"),
        ("\ufb01", "fi"),
        ("\u03a3\u03c3\u03c2", "\u03c3\u03c3\u03c3"),
        ("E\u0301", "\u00e9"),
        ("\u1f80", "\u1f00\u03b9"),
    ],
)
def test_a_key_ignores_case_and_composition(text: str, key: str) -> None:
    """7.1 The form that is stored and compared."""
    assert search_key(text) == key


def test_a_key_is_its_own_key() -> None:
    """7.1 For every code point; folding once more changes nothing."""
    letters = [chr(point) for point in range(sys.maxunicode + 1)]
    assert [letter for letter in letters if search_key(search_key(letter)) != search_key(letter)] == []


def test_a_key_is_at_most_three_times_as_long() -> None:
    """7.1 For every code point, so that the column has room for it."""
    assert max(len(search_key(chr(point))) for point in range(sys.maxunicode + 1)) == 3


@chosen_settings(200)
@given(st.text())
def test_a_key_is_normal(text: str) -> None:
    """7.1 However the text was composed, its key is the same."""
    assert search_key(text) == normalize("NFC", search_key(text)) == search_key(normalize("NFD", text))


@chosen_settings(200)
@given(st.text(LETTERS, min_size=1), st.text(LETTERS))
def test_a_prefix_ends_where_no_text_begins_with_it_any_more(prefix: str, text: str) -> None:
    """7.1 The range from the prefix to its end holds just what begins with it."""
    end = prefix_end(prefix)
    for candidate in (text, prefix + text, prefix[:-1] + text):
        assert candidate.startswith(prefix) == (candidate >= prefix and (end is None or candidate < end))


@pytest.mark.parametrize(
    ("prefix", "end"),
    [("a", "b"), ("az", "a{"), ("\ud7ff", "\ue000"), ("a\U0010ffff", "b"), ("\U0010ffff\U0010ffff", None)],
)
def test_a_prefix_end_steps_over_the_surrogates(prefix: str, end: str | None) -> None:
    """7.1 And carries at the last code point."""
    assert prefix_end(prefix) == end
