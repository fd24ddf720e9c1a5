"""Which readings of a metric are unusual: by its rules, and by what its device did before.

Of each metric of a device eight numbers are remembered, however long it reports. Mean and variance
are weighted: a reading counts by the time since the one before it, and half as much `HALF_LIFE`
later. They are updated by increments (West 1979, Finch 2009), and a deviation enters them through
Huber's psi (1964): what is unusual hardly moves them, and what stays is learnt. docs/anomalies.md
has the formulas, the sources, and what is missed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntFlag
from math import copysign, exp, inf, log, sqrt
from typing import NamedTuple

_MINUTE, _HOUR, _DAY = 60.0, 3_600.0, 86_400.0
# What a metric does on one day of the week should be remembered when that day comes again: of all
# half-lives this one gives most weight to a day of a week ago, 2^(-6/h) - 2^(-7/h) of the memory.
HALF_LIFE = 4.5 * _DAY
# Most of what is measured follows the day: before one has been seen nothing counts as unusual.
WARM_UP = _DAY
# Readings further apart than this are no neighbours: what lies between them was not seen.
LONGEST_GAP = 2 * _HOUR
# In spreads. Of a billion normal readings two are further off, and a million devices that send four
# metrics each five minutes send a billion a day.
FARTHEST = 6.0
# Further off than twice that counts as twice that: an hour of error values about doubles the
# variance, however large they are, and a level that stays is learnt within a day or two.
CLIPPED = 2.0
# So many equal readings in a row are a fault, if it is also four times the longest such run that is
# remembered. Only of metrics that are lively: others are still by nature.
STUCK_RUN, STUCK_TIMES, LIVELY_RUN = 12.0, 4.0, 6.0
# A longer run is remembered as one of this length, so that it is forgotten after two half-lives.
LONGEST_RUN = STUCK_TIMES * LIVELY_RUN
# Nothing measured is as large, and the square of anything smaller is a number.
HUGE = 1e150
# Readings that differ by less differ by rounding only.
_ROUNDING = 1e-12

_DECAY = log(2) / HALF_LIFE
_LEARNT = 1 - exp(-WARM_UP * _DECAY)
_KEPT_OVER_GAP = exp(-LONGEST_GAP * _DECAY)
_FARTHEST_SQUARED = FARTHEST**2

Bounds = tuple[float, float, float, int]


class Mark(IntFlag):
    """What is unusual about a reading; nothing is, where it is 0."""

    GOOD = 0
    LIMITS = 1
    CHANGE = 2
    DEVIATION = 4
    STUCK = 8


# A lookup: to make a flag of a number takes as long as half of judging a reading.
_MARKS = tuple(Mark(bits) for bits in range(16))
_LIMITS, _CHANGE, _DEVIATION, _STUCK = map(int, Mark)


@dataclass(frozen=True, slots=True)
class Rules:
    """What is declared of a metric: what is unusual whatever the device did before.

    `change_per_minute` is the most by which it may change in a minute. Readings that are closer
    together may differ by as much, or noise would look like speed.
    """

    below: float | None = None
    above: float | None = None
    change_per_minute: float | None = None
    is_deviation_watched: bool = True


class Behaviour(NamedTuple):
    """What is remembered of a metric of a device, as of its newest reading.

    `filled` is the share of the memory that readings have filled: 0 at first, 1 in the end, and
    less after a gap. `step` is the smallest change ever seen, which is what a sensor can tell
    apart; 0 while there was none. `run` counts the equal readings up to the newest, and
    `longest_run` is the longest run before, which fades as the value goes on changing.
    """

    at: float
    value: float
    filled: float
    mean: float
    variance: float
    step: float
    run: float
    longest_run: float


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is unusual about a reading, and what was expected instead.

    The score counts for LIMITS how far the value is past the limit, for CHANGE how many times the
    allowed change it was, for DEVIATION the spreads from the mean, for STUCK the equal readings.
    """

    mark: Mark
    value: float
    low: float | None
    high: float | None
    score: float
    text: str


def judge(
    rules: Rules, behaviour: Behaviour | None, at: float, value: float
) -> tuple[Behaviour | None, Mark]:
    """What is unusual about one reading, and what is remembered after it."""
    behaviour, (mark,) = judge_series(rules, behaviour, ((at, value),))
    return behaviour, mark


def judge_series(
    rules: Rules, behaviour: Behaviour | None, readings: Sequence[tuple[float, float]]
) -> tuple[Behaviour | None, list[Mark]]:
    """Judge readings in the order of time, each by what was before it.

    A reading that is not newer than what is remembered is judged by its value, and changes
    nothing: it may be late, or delivered again. Neither does one that is no number, or none that
    anything measures.
    """
    bounds = bounds_of(rules)
    memory: Sequence[float] | None = behaviour
    marks = []
    for at, value in readings:
        memory, bits = judge_one(bounds, memory, at, value)
        marks.append(_MARKS[bits])
    return None if memory is None else Behaviour._make(memory), marks


def bounds_of(rules: Rules) -> Bounds:
    """*rules* as `judge_one` takes them."""
    return (
        -inf if rules.below is None else rules.below,
        inf if rules.above is None else rules.above,
        inf if rules.change_per_minute is None else rules.change_per_minute,
        _LIMITS | _CHANGE | (_DEVIATION | _STUCK if rules.is_deviation_watched else 0),
    )


def judge_one(
    bounds: Bounds, memory: Sequence[float] | None, at: float, value: float
) -> tuple[Sequence[float] | None, int]:
    """What is remembered after a reading, as a `Behaviour` has it, and what is unusual about it.

    The same as `judge`, for a caller that judges thousands of readings. It takes and returns tuples
    and numbers, and it is one long function: objects and calls would take most of the time.
    """
    below, above, most, watched = bounds
    bits = _LIMITS if value < below or value > above else 0
    is_number = -HUGE < value < HUGE
    if memory is None:
        return _first(at, value) if is_number else None, bits
    last_at, last, filled, mean, variance, step, run, longest = memory
    elapsed, off, change = at - last_at, value - mean, abs(value - last)
    if elapsed <= 0 or not is_number:
        bits |= _deviates(filled, off, _far(variance, step))
        return memory, bits & watched
    if change > most and elapsed <= LONGEST_GAP and change > most * elapsed / _MINUTE:
        bits |= _CHANGE
    kept = exp(-elapsed * _DECAY)
    filled = filled * kept if kept >= _LEARNT else 0.0
    if filled and off * off > _FARTHEST_SQUARED * variance:
        far = _far(variance, step)
        bits |= _deviates(filled, off, far)
        off = copysign(min(abs(off), CLIPPED * far), off)
    if change:
        longest *= kept
        if run > longest:
            longest = run if run < LONGEST_RUN else LONGEST_RUN
        run = 1.0
        if (change < step or not step) and change > _ROUNDING * abs(value):
            step = change
    else:
        run += 1.0
        if filled < _LEARNT:
            longest = max(longest, min(run, LONGEST_RUN))
        bits |= _stillness(run, longest)
    weight = 1.0 - (kept if elapsed <= LONGEST_GAP else _KEPT_OVER_GAP)
    filled += weight
    share = weight / filled
    increment = share * off
    variance = (1.0 - share) * (variance + off * increment)
    return (at, value, filled, mean + increment, variance, step, run, longest), bits & watched


def _first(at: float, value: float) -> Sequence[float]:
    return (at, value, 0.0, value, 0.0, 0.0, 1.0, 0.0)


def _far(variance: float, step: float) -> float:
    """How far from the mean is too far; 0 while nothing says that.

    The spread is at least what the sensor can tell apart. While nothing ever changed there is none:
    the first change says how large changes are, so that it cannot itself be too large.
    """
    return FARTHEST * max(sqrt(variance), step) if step else 0.0


def _deviates(filled: float, off: float, far: float) -> int:
    return _DEVIATION if filled >= _LEARNT and 0 < far < abs(off) else 0


def _stillness(run: float, longest: float) -> int:
    is_stuck = run >= STUCK_RUN and longest <= LIVELY_RUN and run >= STUCK_TIMES * longest
    return _STUCK if is_stuck else 0


def explain(rules: Rules, behaviour: Behaviour | None, at: float, value: float) -> list[Finding]:
    """What was expected of a reading instead, by what was remembered before it.

    `judge_series` of the readings before it gives that.
    """
    _, mark = judge(rules, behaviour, at, value)
    return [_EXPLAINED[kind](rules, behaviour or _NOTHING, at, value) for kind in mark]


def _limits(rules: Rules, _: Behaviour, __: float, value: float) -> Finding:
    is_low = rules.below is not None and value < rules.below
    limit = (rules.below if is_low else rules.above) or 0.0
    text = f"{_short(value)} is {'below' if is_low else 'above'} {_short(limit)}"
    return Finding(Mark.LIMITS, value, rules.below, rules.above, abs(value - limit), text)


def _change(rules: Rules, was: Behaviour, at: float, value: float) -> Finding:
    elapsed, change = at - was.at, abs(value - was.value)
    allowed = (rules.change_per_minute or 0.0) * max(elapsed / _MINUTE, 1.0)
    low, high = was.value - allowed, was.value + allowed
    text = (
        f"{_short(value)} came {_short(elapsed)} s after {_short(was.value)}; "
        f"{_short(low)} to {_short(high)} was possible"
    )
    return Finding(Mark.CHANGE, value, low, high, change / allowed if allowed else inf, text)


def _deviation(_: Rules, was: Behaviour, __: float, value: float) -> Finding:
    far = _far(was.variance, was.step)
    low, high = was.mean - far, was.mean + far
    score = abs(value - was.mean) / far * FARTHEST
    text = (
        f"{_short(value)} is {_short(score)} spreads from the mean of {_short(was.mean)}; "
        f"{_short(low)} to {_short(high)} was usual"
    )
    return Finding(Mark.DEVIATION, value, low, high, score, text)


def _stuck(_: Rules, was: Behaviour, at: float, value: float) -> Finding:
    usual = max(was.longest_run, 1.0)
    text = f"{_short(value)} came {was.run + 1:.0f} times in a row; at most {usual:.0f} was usual"
    return Finding(Mark.STUCK, value, None, None, was.run + 1, text)


def _short(number: float) -> str:
    return f"{number:.6g}"


_NOTHING = Behaviour._make(_first(0.0, 0.0))
_EXPLAINED = {
    Mark.LIMITS: _limits,
    Mark.CHANGE: _change,
    Mark.DEVIATION: _deviation,
    Mark.STUCK: _stuck,
}
