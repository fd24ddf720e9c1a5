"""The goals of a run, and which cells of the grid meet them."""

import pytest

from bench.points import Cell, Point, Sample
from bench.table import point_rows, verdict_rows, verdict_sentence
from bench.verdict import goal_over_distinct, judge

HOUR, DAY, WEEK = 60, 24 * 60, 7 * 24 * 60
OURS = {"total_seconds": 2.0}
NOTES = {"source": "both", "reason": "estimated at 0.10 s"}


def point(window_minutes: int, readings_an_hour: int = 4, **seconds: float) -> Point:
    """A point with one sample of each contestant."""
    cells = [
        Cell(name, window_minutes, [Sample(spent, detail=OURS, notes=NOTES)])
        for name, spent in seconds.items()
    ]
    return Point(
        pairs=1000,
        readings_an_hour=readings_an_hour,
        hours=26,
        machine={},
        rows={"measurements": 1},
        load_rows_per_second=1,
        peak_growth_kb={},
        cells=cells,
    )


@pytest.mark.parametrize(
    ("window_minutes", "readings_an_hour", "goal"),
    [
        (HOUR, 60, None),
        (DAY - 1, 4, None),
        (DAY, 1, None),
        (DAY, 4, 3),
        (DAY, 60, 10),
        (WEEK, 1, 10),
        (WEEK, 4, 10),
    ],
)
def test_the_goal_over_distinct_rises_with_window_and_density(
    window_minutes: int, readings_an_hour: int, goal: float | None
) -> None:
    assert goal_over_distinct(window_minutes, readings_an_hour) == goal


def test_a_run_is_compared_with_the_best_of_the_others() -> None:
    (judged,) = judge(point(HOUR, ours=1.0, distinct=2.0, client=0.8, loop=50.0, floor=0.1))
    assert judged.times_best == pytest.approx(1.25)
    assert judged.times_faster == pytest.approx(2.0)
    assert judged.is_behind
    assert not judged.is_met


def test_the_floor_is_no_contestant() -> None:
    (judged,) = judge(point(HOUR, ours=1.0, distinct=1.0, floor=0.001))
    assert judged.is_met


def test_to_be_ahead_is_not_enough_where_the_goal_is_higher() -> None:
    (judged,) = judge(point(DAY, ours=1.0, distinct=2.9))
    assert not judged.is_behind
    assert judged.is_too_close
    (judged,) = judge(point(DAY, ours=1.0, distinct=3.0))
    assert judged.is_met


def test_tables_mark_each_ratio_that_misses() -> None:
    behind = point(DAY, ours=1.2, distinct=1.0)
    assert point_rows(behind)[0][-2:] == ["1.20 (!)", "0.8 (!)"]
    headers, rows = verdict_rows([behind, point(HOUR, ours=1.0, distinct=1.0)])
    assert headers == ["pairs", "an hour", "1 h", "24 h"]
    assert rows == [
        ["1,000", "4", "", "1.20 (!) · 0.8 (!)"],
        ["1,000", "4", "1.00 · 1.0", ""],
    ]


def test_the_sentence_counts_cells_honestly() -> None:
    said = verdict_sentence([point(DAY, ours=1.2, distinct=1.0), point(HOUR, ours=1, distinct=1)])
    assert said.startswith("1 of 2 cells meet their goals. In 1 another contestant is faster")
