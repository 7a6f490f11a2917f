"""The key by which text is searched: the same on every engine, whose own case rules are never used.

The key of a text is its NFC form, case-folded, and normalised to NFC again (folding can undo it). It has
at most three times as many code points as the text.
"""

from __future__ import annotations

from unicodedata import normalize

#: The longest key, against the length of the text it belongs to: folding makes three of one at most.
KEY_FACTOR = 3

LAST_CODE_POINT = 0x10FFFF
FIRST_SURROGATE, LAST_SURROGATE = 0xD800, 0xDFFF


def search_key(text: str) -> str:
    """Return the form of ``text`` in which case makes no difference."""
    if text.isascii():
        return text.lower()
    return normalize("NFC", normalize("NFC", text).casefold())


def prefix_end(prefix: str) -> str | None:
    """Return the first text, by code points, after all that begin with ``prefix``; ``None`` if there is none."""
    for position in range(len(prefix) - 1, -1, -1):
        following = ord(prefix[position]) + 1
        if following == FIRST_SURROGATE:
            following = LAST_SURROGATE + 1
        if following <= LAST_CODE_POINT:
            return prefix[:position] + chr(following)
    return None
