"""What other parameters would find, and what judging a reading costs."""

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import exp, log
from typing import Any
from unittest.mock import patch

from bench.anomalies.labelled import Readings, Score, Series, scored
from bench.anomalies.ways import DAY, ours
from chalicelib.features.telemetry import anomalies
from chalicelib.features.telemetry.anomalies import Rules, judge, judge_series

HALF_LIVES, DISTANCES = (1.0, 2.0, 4.5, 7.0, 14.0), (4.0, 5.0, 6.0, 7.0, 8.0)
COUNT = 100_000


def sensitivity(series: list[Series]) -> list[dict[str, float]]:
    """The same with other half-lives, in days, and other distances, in spreads."""
    cells = []
    for half_life in HALF_LIVES:
        for distance in DISTANCES:
            with _set(half_life * DAY, distance):
                score = sum((scored(one, ours) for one in series), Score())
            cells.append(
                {
                    "half_life": half_life,
                    "distance": distance,
                    "found": score.found,
                    "false": score.false,
                }
            )
    return cells


@contextmanager
def _set(half_life: float, distance: float) -> Iterator[None]:
    """Other parameters, with what is derived from them."""
    decay = log(2) / half_life
    with patch.multiple(
        anomalies,
        FARTHEST=distance,
        _FARTHEST_SQUARED=distance**2,
        _DECAY=decay,
        _LEARNT=1 - exp(-anomalies.WARM_UP * decay),
        _KEPT_OVER_GAP=exp(-anomalies.LONGEST_GAP * decay),
    ):
        yield


def costs() -> dict[str, float]:
    """Microseconds of a processor a reading, in the best of five runs."""
    chance = random.Random(1)  # noqa: S311 the same readings each time
    readings = [(300.0 * number, chance.gauss(20, 1)) for number in range(COUNT)]
    rules = Rules(below=0, above=50, change_per_minute=5)
    return {
        "a series": _best(lambda: judge_series(rules, None, readings)),
        "four readings at a time": _best(lambda: _in_parts(rules, readings, 4)),
        "one by one": _best(lambda: _one_by_one(rules, readings)),
    }


def _in_parts(rules: Rules, readings: Readings, size: int) -> None:
    behaviour = None
    for start in range(0, len(readings), size):
        behaviour, _ = judge_series(rules, behaviour, readings[start : start + size])


def _one_by_one(rules: Rules, readings: Readings) -> None:
    behaviour = None
    for at, value in readings:
        behaviour, _ = judge(rules, behaviour, at, value)


def _best(run: Callable[[], Any]) -> float:
    taken = []
    for _ in range(5):
        started = time.process_time()
        run()
        taken.append(time.process_time() - started)
    return round(min(taken) / COUNT * 1e6, 2)
