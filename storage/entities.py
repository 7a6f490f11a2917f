"""The values that cross the interface: frozen, slotted dataclasses whose annotations hold the rules.

Of each, storage gives ``id`` and ``version``: one that was not stored yet has ``id=None`` and ``version=0``.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, ClassVar

from storage.entity import Integer, Text, Timestamp

#: A SHA-256 in hexadecimal.
Digest = Text(64)


@dataclass(frozen=True, slots=True)
class Engine:
    """An engine of a spaceship."""

    title: Annotated[str, Text(128, searchable=True, sortable=True)]
    thrust: Annotated[int, Integer(-(2**31), 2**31 - 1, sortable=True)] = 0
    last_fired: Annotated[datetime | None, Timestamp(sortable=True)] = None
    id: int | None = None
    version: int = 0


@dataclass(frozen=True, slots=True)
class ApiToken:
    """What a program shows to be let in: of its secret only the digest is kept. ``role`` is ``read`` or ``write``."""

    credential: ClassVar[bool] = True

    name: Annotated[str, Text(64, unique=True)]
    digest: Annotated[str, Digest]
    role: Annotated[str, Text(16)]
    created: Annotated[datetime, Timestamp()]
    last_used: Annotated[datetime | None, Timestamp()] = None
    id: int | None = None
    version: int = 0


@dataclass(frozen=True, slots=True)
class SignIn:
    """A person's sign-in in one browser, until it expires or is ended: of its secret only the digest is kept."""

    transient: ClassVar[bool] = True

    username: Annotated[str, Text(64)]
    digest: Annotated[str, Digest]
    created: Annotated[datetime, Timestamp()]
    expires: Annotated[datetime, Timestamp(sortable=True)]
    id: int | None = None
    version: int = 0


@dataclass(frozen=True, slots=True)
class IdempotencyKey:
    """A request that is answered once: sent again with the same key, it gets the same answer.

    ``digest`` is that of the key and of who sent it, ``request`` that of what was asked for. ``answer`` is the
    body, ``None`` while the first request is still at work.
    """

    transient: ClassVar[bool] = True

    digest: Annotated[str, Text(64, unique=True)]
    request: Annotated[str, Digest]
    expires: Annotated[datetime, Timestamp(sortable=True)]
    answer: Annotated[str | None, Text(4096)] = None
    id: int | None = None
    version: int = 0


#: All of them, as the revisions make room for them.
ENTITIES: tuple[type, ...] = (Engine, ApiToken, SignIn, IdempotencyKey)
