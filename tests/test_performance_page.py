"""The page of figures is what the figures make, and the table knows what it says."""

from benchmarks.goals import GOALS, at_least, at_most
from benchmarks.page import FIGURES, PAGE, page
from benchmarks.results import Report, Row, read_report
from benchmarks.rounds import Times, cost, speed


def row(**changes):
    kept = {"place": "SQLite", "work": "get", "peer": "sqlite3", "compared": "time", "unit": "µs"}
    return Row(**{**kept, "ours": 12.0, "theirs": 6.0, "ratio": 0.5, "low": 0.4, "high": 0.6, **changes})


def test_the_page_is_what_the_figures_make():
    assert PAGE.read_text() == page(read_report(FIGURES))


def test_every_row_that_falls_short_is_named_and_every_goal_without_a_row():
    made = page(Report("", "", {}, (row(ratio=0.4),)))
    assert "* SQLite, get against sqlite3: 0.40, the goal is ≥ 0.5" in made
    assert "* SQLite: add against sqlite3, ≥ 0.5" in made


def test_figures_are_read_as_they_were_written(tmp_path):
    kept = Report("2026-01-31", "2 cores", {"SQLite": "3"}, (row(),))
    kept.write(tmp_path / "figures.json")
    assert read_report(tmp_path / "figures.json") == kept


def test_what_is_measured_again_takes_the_place_of_what_was():
    kept = Report("", "", {}, (row(ratio=0.9),))
    assert kept.merged([row(ratio=0.1), row(work="add")]) == (row(work="add"), row(ratio=0.9))


def test_a_goal_is_met_at_its_very_ratio():
    assert row(ratio=0.5).verdict == "met"
    assert at_least(0.5).is_met(0.5)
    assert not at_least(0.5).is_met(0.49)
    assert at_most(1.2).is_met(1.2)
    assert not at_most(1.2).is_met(1.21)


def test_speed_is_the_peer_s_time_by_ours_and_cost_is_ours_by_the_peer_s():
    ours, theirs = Times([2.0, 2.0, 9.0], [1.0, 1.0, 1.0]), Times([1.0, 1.0, 1.0], [3.0, 3.0, 3.0])
    assert speed("SQLite", "get", "sqlite3", ours, theirs).ratio == 0.5
    assert speed("SQLite", "get", "sqlite3", ours, theirs, "CPU time").ratio == 3
    assert cost("SQLite", "get", "sqlite3", ours, theirs).ratio == 2


def test_no_goal_is_of_a_ratio_that_says_nothing():
    assert all(goal.ratio > 0 for goal in GOALS.values())
