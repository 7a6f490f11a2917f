"""Engine Room against the drivers and against other libraries, side by side in one run on one machine.

``make bench`` measures everything and writes ``docs/performance.json``, of which ``docs/performance.md`` is made;
``make bench-quick`` shows in under a minute that all of it still runs.
"""
