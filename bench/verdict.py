"""How far this application is from its goals, in each cell of the grid."""

from dataclasses import dataclass

from bench.points import Point

DAY_MINUTES = 24 * 60
# The time to the commit over that of the best contestant, at most.
MOST_TIMES_BEST = 1.15
_ALTERNATIVES = ("distinct", "client", "loop")


@dataclass(frozen=True)
class Judged:
    """One cell: one point with one window.

    *times_best* is the time of this application over that of the best of the others, and
    *times_faster* the time of DISTINCT over that of this application.
    """

    point: Point
    window_minutes: int
    times_best: float
    times_faster: float

    @property
    def least_times_faster(self) -> float | None:
        """How much faster than DISTINCT it should be; None where there is no such goal."""
        return goal_over_distinct(self.window_minutes, self.point.readings_an_hour)

    @property
    def is_behind(self) -> bool:
        """Whether another contestant is faster by more than is allowed."""
        return self.times_best > MOST_TIMES_BEST

    @property
    def is_too_close(self) -> bool:
        """Whether it is not as much faster than DISTINCT as it should be."""
        return self.times_faster < (self.least_times_faster or 0)

    @property
    def is_met(self) -> bool:
        """Whether the cell meets all of its goals."""
        return not (self.is_behind or self.is_too_close)


def goal_over_distinct(window_minutes: int, readings_an_hour: int) -> float | None:
    """How many times as fast as DISTINCT a run should be; None where there is no such goal."""
    if window_minutes >= 7 * DAY_MINUTES:
        return 10
    if window_minutes >= DAY_MINUTES and readings_an_hour >= 60:
        return 10
    return 3 if window_minutes >= DAY_MINUTES and readings_an_hour >= 4 else None


def judge(point: Point) -> list[Judged]:
    """Every window of *point*, the shortest first."""
    return [_judge(point, minutes) for minutes in point.windows]


def _judge(point: Point, window_minutes: int) -> Judged:
    ours = point.seconds("ours", window_minutes)
    distinct = point.seconds("distinct", window_minutes)
    if ours is None or distinct is None:
        raise ValueError(
            f"{point.key} lacks a contestant with a window of {window_minutes} minutes"
        )
    others = (point.seconds(name, window_minutes) for name in _ALTERNATIVES)
    best = min(seconds for seconds in others if seconds is not None)
    return Judged(point, window_minutes, ours / best, distinct / ours)
