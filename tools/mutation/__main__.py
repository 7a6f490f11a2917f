"""Run a sample of the mutants and print the score: ``make mutate SAMPLE=300 SEED=1``."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from queue import SimpleQueue

from tools.mutation.journal import Journal
from tools.mutation.mutants import Change, all_mutants, sample
from tools.mutation.outcome import Outcome, try_change
from tools.mutation.recording import fingerprint, record
from tools.mutation.selection import Selection
from tools.mutation.tree import Tree, trees

ROOT = Path(__file__).parents[2]
#: Ignored by Git: the recording and the outcomes of a state of the code, to be used again, and the report.
FOLDER = ROOT / ".mutation"


def main() -> None:
    """Read the arguments, run the mutants, and write the report."""
    parser = argparse.ArgumentParser(prog="python -m tools.mutation", description=__doc__)
    parser.add_argument("--sample", type=int, default=300, help="how many mutants (%(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="what draws them (%(default)s)")
    parser.add_argument("--workers", type=int, default=2, help="how many run at a time (%(default)s)")
    parser.add_argument("--budget", type=float, default=20, help="seconds of tests for each (%(default)s)")
    parser.add_argument("--confirm", type=float, default=120, help="seconds of tests for a survivor (%(default)s)")
    options = parser.parse_args()
    started = time.monotonic()
    # A time limit ends the run as an interrupt does, with its servers.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with trees(ROOT, options.workers) as copies:
        say("recording which tests execute which lines")
        FOLDER.mkdir(exist_ok=True)
        kept = FOLDER / f"{fingerprint(copies[0])}.json"
        selection = Selection(ROOT, record(copies[0], kept))
        journal = Journal(kept.with_suffix(".jsonl"))
        mutants = list(all_mutants(ROOT))
        drawn = sample(ROOT, mutants, options.sample, options.seed)
        say(f"{len(drawn)} of {len(mutants)} mutants, after {time.monotonic() - started:.0f} s")
        outcomes = run(copies, selection, journal, drawn, options.budget)
        again = [number for number, one in enumerate(outcomes) if one.survived and one.tried < one.executing]
        say(f"trying {len(again)} survivors again with more tests")
        confirmed = run(copies, selection, journal, [drawn[number] for number in again], options.confirm)
        for number, outcome in zip(again, confirmed, strict=True):
            outcomes[number] = outcome
    (FOLDER / "report.json").write_text(json.dumps([asdict(outcome) for outcome in outcomes], indent=2) + "\n")
    report(outcomes)
    say(f"seed {options.seed}, {time.monotonic() - started:.0f} s")


def run(
    copies: list[Tree], selection: Selection, journal: Journal, changes: list[Change], budget: float
) -> list[Outcome]:
    """Try each mutant in a copy that no other one uses, and print the survivors as they come."""
    free: SimpleQueue[Tree] = SimpleQueue()
    for copy in copies:
        free.put(copy)

    def attempt(change: Change) -> Outcome:
        if known := journal.find(change, budget):
            return known
        tree = free.get()
        try:
            outcome = try_change(tree, change, selection, budget)
        finally:
            free.put(tree)
        journal.add(change, budget, outcome)
        if outcome.survived:
            say(f"survived: {outcome}")
        return outcome

    pool = ThreadPoolExecutor(len(copies))
    try:
        return list(pool.map(attempt, changes))
    finally:
        # After an interrupt, the mutants that run are the last.
        pool.shutdown(cancel_futures=True)


def report(outcomes: list[Outcome]) -> None:
    """Print the survivors by file, and the score."""
    survivors = sorted((outcome for outcome in outcomes if outcome.survived), key=lambda one: (one.file, one.line))
    for outcome in survivors:
        say(str(outcome))
    verdicts = Counter(outcome.verdict for outcome in outcomes)
    killed = len(outcomes) - len(survivors)
    say(f"score: {killed} of {len(outcomes)} killed, {killed / max(len(outcomes), 1):.1%} ({dict(verdicts)})")


def say(line: str) -> None:
    """Write a line at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
