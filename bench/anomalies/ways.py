"""The ways of finding anomalies that are compared: the application's, and simpler ones."""

from collections.abc import Callable
from math import sqrt

from bench.anomalies.labelled import Judge, Judged, Readings
from chalicelib.features.telemetry.anomalies import Mark, Rules, judge_series

DAY = 86_400.0
# By what the limits are chosen: NAB leaves as much to learning.
FIRST_PART = 0.15


def ours(readings: Readings) -> Judged:
    """Without rules: what the device itself did before."""
    return [bool(mark) for mark in judge_series(Rules(), None, readings)[1]]


def only_deviation(readings: Readings) -> Judged:
    """The same, but sensors that stand still are let be."""
    return [Mark.DEVIATION in mark for mark in judge_series(Rules(), None, readings)[1]]


def z_score(distance: float) -> Judge:
    """So many standard deviations from the mean of all readings before, from a day on."""

    def judged(readings: Readings) -> Judged:
        mean, squares, marked = 0.0, 0.0, []
        for count, (at, value) in enumerate(readings):
            is_learnt = at - readings[0][0] >= DAY and squares > 0
            marked.append(is_learnt and abs(value - mean) > distance * sqrt(squares / count))
            off = value - mean
            mean += off / (count + 1)
            squares += off * (value - mean)
        return marked

    return judged


def limits(chosen: Callable[[list[float]], tuple[float, float]]) -> Judge:
    """Outside of limits that somebody chose by the first part, which is not judged itself."""

    def judged(readings: Readings) -> Judged:
        first = int(len(readings) * FIRST_PART)
        low, high = chosen(sorted(value for _, value in readings[:first]))
        return [
            number >= first and not low <= value <= high
            for number, (_, value) in enumerate(readings)
        ]

    return judged


def _around_the_mean(values: list[float]) -> tuple[float, float]:
    mean = sum(values) / len(values)
    spread = sqrt(sum((value - mean) ** 2 for value in values) / len(values))
    return mean - 3 * spread, mean + 3 * spread


def _percentiles(values: list[float]) -> tuple[float, float]:
    last = len(values) - 1
    return values[round(0.001 * last)], values[round(0.999 * last)]


WAYS: dict[str, Judge] = {
    "this application": ours,
    "its deviation only": only_deviation,
    "z-score, 3": z_score(3),
    "z-score, 6": z_score(6),
    "limits, mean ± 3 sd": limits(_around_the_mean),
    "limits, 0.1 and 99.9 %": limits(_percentiles),
}
