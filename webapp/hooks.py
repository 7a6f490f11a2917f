"""What extensions have the application do with each request, taken away where it would be in vain."""

from __future__ import annotations

from functools import partial
from typing import Any


def taken_out(functions: Any, package: str) -> Any:
    """Take the last function out of those for every request, such as ``app.before_request_funcs``, and return it.

    ``RuntimeError`` unless it is the package's: an extension in another release may have added none, and the last one
    is then ours, perhaps what keeps strangers out.
    """
    last = functions[None][-1] if functions[None] else None
    origin = last.func if isinstance(last, partial) else last
    owner = getattr(origin, "__module__", "nobody")
    if owner.partition(".")[0] != package:
        raise RuntimeError(f"{package} was expected to have added a function, and the last is {owner}'s")
    return functions[None].pop()
