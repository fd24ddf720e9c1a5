"""What the labelled series do not show: made series, a day of which is 288 readings around 20."""

import random
from collections.abc import Callable

from bench.anomalies.labelled import Judge, Readings

A_DAY, DAYS = 288, 30
INTERVAL = 300.0


def spike_after_an_error_value(judge: Judge) -> str:
    """A spike of ten spreads, a week after one reading of 65 535."""
    values = _noise()
    values[10 * A_DAY], values[17 * A_DAY] = 65_535.0, 30.0
    return _word(judge(_readings(values))[17 * A_DAY])


def new_level(judge: Judge) -> str:
    """For how long a level ten spreads higher is marked, of the twenty days in which it stays."""
    marked = judge(_readings(_raised_by(10)))
    return f"{sum(marked) * INTERVAL / 3600:.0f} h"


def spikes_at_a_new_level(judge: Judge) -> str:
    """Spikes as large as the change, and twice as large, at the end of those days."""
    values = _raised_by(50)
    values[-10] += 50
    values[-1] += 100
    marked = judge(_readings(values))
    return f"{_word(marked[-10])}, {_word(marked[-1])}"


def drift(judge: Judge) -> str:
    """How many readings are marked of one that rises by a spread a day."""
    values = [value + number / A_DAY for number, value in enumerate(_noise())]
    return str(sum(judge(_readings(values))))


def tail(judge: Judge) -> str:
    """How many readings are marked of an exponential distribution, where none is unusual."""
    chance = random.Random(1)  # noqa: S311 the same readings each time
    values = [chance.expovariate(1) for _ in range(DAYS * A_DAY)]
    return str(sum(judge(_readings(values))))


def _raised_by(step: float) -> list[float]:
    after = 10 * A_DAY
    return [value + step * (number >= after) for number, value in enumerate(_noise())]


def _word(is_marked: bool) -> str:
    return "found" if is_marked else "missed"


def _noise() -> list[float]:
    chance = random.Random(1)  # noqa: S311 the same readings each time
    return [chance.gauss(20, 1) for _ in range(DAYS * A_DAY)]


def _readings(values: list[float]) -> Readings:
    return [(INTERVAL * number, value) for number, value in enumerate(values)]


MADE: dict[str, Callable[[Judge], str]] = {
    "a spike of 10, a week after an error value": spike_after_an_error_value,
    "a level 10 higher is marked for": new_level,
    "spikes of 50 and 100, 20 days after a step of 50": spikes_at_a_new_level,
    "readings marked of a drift by 1 a day": drift,
    "readings marked of 8 640 with a long tail": tail,
}
