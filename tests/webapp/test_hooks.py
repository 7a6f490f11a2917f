"""Functions of extensions that are taken out of every request."""

from __future__ import annotations

import pytest
from flask import Flask

from webapp.hooks import taken_out


def test_only_a_function_of_the_package_that_was_named_is_taken_out(app: Flask) -> None:
    before = list(app.before_request_funcs[None])
    with pytest.raises(RuntimeError, match="flask_wtf was expected to have added a function, and the last is webapp"):
        taken_out(app.before_request_funcs, "flask_wtf")
    assert app.before_request_funcs[None] == before


def test_nothing_is_taken_out_where_there_is_nothing() -> None:
    with pytest.raises(RuntimeError, match="and the last is nobody's"):
        taken_out({None: []}, "flask_wtf")
