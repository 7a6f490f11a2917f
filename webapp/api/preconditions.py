"""Conditional requests (RFC 9110, section 13): the entity tag of an engine is its version in quotes.

A read that would show nothing new is 304; a write to another version than the client has seen is 412. Which
version is written to is compared by the repository, in the same statement as the write.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from flask import request
from werkzeug.exceptions import BadRequest, PreconditionFailed

from storage.flask import current_storage

CONDITIONS = ("If-Match", "If-None-Match")

TAG = r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"'
#: One element of a list of tags, with what parts it from the next; elements may be empty.
ELEMENT = re.compile(rf"[ \t]*(?:({TAG})[ \t]*)?(?:,|$)")
#: What the document says of a header: tags in ASCII, as all of ours are.
CONDITION = r'\*|(W/)?"[!#-~]*"( *, *(W/)?"[!#-~]*")*'


@dataclass(frozen=True, slots=True)
class Tags:
    """The tags in a header; ``every`` for the asterisk, which stands for whatever there is."""

    tags: tuple[str, ...] = ()
    every: bool = False

    def admit(self, tag: str, *, weak: bool) -> bool:
        """Return whether the tag is among them; by the weak comparison, weak ones count as well."""
        return self.every or tag in self.tags or (weak and f"W/{tag}" in self.tags)


def tag_of(version: int) -> str:
    """Return the entity tag of a version."""
    return f'"{version}"'


def read_tags(name: str) -> Tags | None:
    """Return the tags in a header of the request, ``None`` without the header; 400 if it cannot be read."""
    text = request.headers.get(name)
    if text is None:
        return None
    if text.strip(" \t") == "*":
        return Tags(every=True)
    tags, end = [], 0
    while end < len(text):
        element = ELEMENT.match(text, end)
        if element is None:
            break
        tags += [element[1]] if element[1] else []
        end = element.end()
    if not tags or end < len(text):
        raise BadRequest(f'The header {name} cannot be read: it takes entity tags, such as "3", or an asterisk.')
    return Tags(tuple(tags))


def is_known(version: int) -> bool:
    """Return whether the client of a read has that version already; 412 if it asked for another one."""
    wanted, known = read_tags("If-Match"), read_tags("If-None-Match")
    check(version, wanted, None)
    return known is not None and known.admit(tag_of(version), weak=True)


def version_to_write(id: int) -> int | None:
    """Return the version of the engine that a write has to meet, ``None`` for any.

    One tag is compared by the repository alone. For several, and for those that must not match, the engine is
    read first; who changes it in between makes the write fail all the same.
    """
    wanted, unwanted = read_tags("If-Match"), read_tags("If-None-Match")
    if unwanted is None and (wanted is None or wanted.every):
        return None
    if unwanted is None and wanted is not None and len(wanted.tags) == 1 and (version := version_in(wanted.tags[0])):
        return version
    current = current_storage.engines.get(id).version
    check(current, wanted, unwanted)
    return current


def check(version: int, wanted: Tags | None, unwanted: Tags | None) -> None:
    """Raise 412 unless a version is among the wanted ones and not among the unwanted."""
    tag = tag_of(version)
    if (wanted and not wanted.admit(tag, weak=False)) or (unwanted and unwanted.admit(tag, weak=True)):
        raise PreconditionFailed


def version_in(tag: str) -> int | None:
    """Return the version whose tag it is; ``None`` for a tag that no version has."""
    if not re.fullmatch(r'"[1-9][0-9]{0,17}"', tag):
        return None
    return int(tag.strip('"'))
