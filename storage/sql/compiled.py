"""Statements in the driver's own words: compiled by SQLAlchemy once for each shape, and then run past it.

``Connection.execute`` looks its statement up, makes a result with rows of its own, and ends a transaction each
time. For ``get`` on PostgreSQL that leaves a third of the driver's speed, this way more than two thirds; for a
page of 100 it is half against nine tenths. ``python -m benchmarks --only calls`` measures it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.engine import Dialect
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.elements import ClauseElement

from storage.entity import Columns, by_row

Values = Mapping[str, Any]
NOTHING: Values = {}


class Statement:
    """A statement with named values, as text and parameters for one driver.

    ``prepared``: whether the server keeps its plan, on drivers that can choose. A plan that was made for any
    value walks the wrong index for some, so only what is always best by one index is prepared.
    """

    def __init__(self, clause: ClauseElement, dialect: Dialect, *, prepared: bool = False) -> None:
        compiled: Any = clause.compile(dialect=dialect)
        assert isinstance(compiled, SQLCompiler)  # noqa: S101 - for the type checker: it is no DDL
        self.text = str(compiled)
        self.prepared = prepared
        self.constants = {name: value for name, value in compiled.params.items() if value is not None}
        self.names = compiled.positiontup if compiled.positional else None
        converters = {
            name: bind.type.dialect_impl(dialect).bind_processor(dialect) for name, bind in compiled.binds.items()
        }
        self.converters = [(name, convert) for name, convert in converters.items() if convert is not None]

    def parameters(self, values: Values) -> Any:
        """Return what the driver takes: a dictionary, or a tuple where it counts."""
        given = {**self.constants, **values}
        for name, convert in self.converters:
            given[name] = convert(given[name])
        return given if self.names is None else tuple([given[name] for name in self.names])

    def parameters_of_many(self, columns: Columns) -> list[Any]:
        """Return what the driver takes for each of the values, which are converted column by column.

        The statement must have no constants of its own.
        """
        given = dict(columns)
        for name, convert in self.converters:
            given[name] = list(map(convert, given[name]))
        if self.names is None:
            return list(by_row(given))
        return list(zip(*[given[name] for name in self.names], strict=True))
