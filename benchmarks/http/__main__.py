"""``python -m benchmarks.http [URL …]``: each row is one path on one database, in requests a second."""

from __future__ import annotations

import sys

from benchmarks.http.measure import measure

for row in measure(*sys.argv[1:]):
    low, high = row.spread
    met = "met" if row.ratio >= row.goal else "not met"
    print(  # noqa: T201
        f"{row.name:32} ours {row.ours:7.0f}/s  peer {row.peer:7.0f}/s  "
        f"ratio {row.ratio:.2f} ({low:.2f} to {high:.2f})  goal {row.goal:.1f}: {met}"
    )
