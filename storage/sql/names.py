"""The names of the values that choose the row to write: those of the others are the names of columns."""

from __future__ import annotations

#: No field can have a name that begins with an underscore.
ID_OF_ROW = "_id"
AT_VERSION = "_version"
