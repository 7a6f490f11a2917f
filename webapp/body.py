"""The body of a request, read whole before any of it is taken for anything.

Werkzeug reads up to the bound and stops there: of a body in chunks, which announces no length, the rest would be cut
off without a word; and gunicorn ends a body that breaks off as if it were whole.
"""

from __future__ import annotations

from typing import IO

from werkzeug.exceptions import BadRequest, RequestEntityTooLarge, RequestTimeout

INCOMPLETE = "The body is shorter than Content-Length says."
UNREADABLE = "The body cannot be read: the connection broke off, or its chunks are not written as they must be."


def whole_body(stream: IO[bytes], length: int | None, limit: int | None) -> bytes:
    """Return a body of a length, or one that ends by itself.

    413 for one that is longer than the limit, 408 for one that came too slowly, 400 for one that is not whole.
    """
    if limit is not None and (length or 0) > limit:
        raise RequestEntityTooLarge
    # One byte more tells a body that ends at the limit from one that goes on.
    body = read_up_to(stream, length if length is not None else None if limit is None else limit + 1)
    if length is not None and len(body) < length:
        raise BadRequest(INCOMPLETE)
    if limit is not None and len(body) > limit:
        raise RequestEntityTooLarge
    return body


def read_up_to(stream: IO[bytes], most: int | None) -> bytes:
    """Return the bytes up to the end of a stream, or as many as that; one call may give fewer than it was asked for."""
    pieces, left = [], most
    while left is None or left > 0:
        piece = read_piece(stream, 1 << 16 if left is None else left)
        if not piece:
            break
        pieces.append(piece)
        left = None if left is None else left - len(piece)
    return b"".join(pieces)


def read_piece(stream: IO[bytes], size: int) -> bytes:
    """Read once."""
    try:
        return stream.read(size)
    except TimeoutError:
        raise RequestTimeout from None
    except Exception as error:  # each server has errors of its own for what cannot be read
        raise BadRequest(UNREADABLE) from error
