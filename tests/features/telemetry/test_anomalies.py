"""Which readings are marked, and which are not."""

import random
from collections.abc import Iterable
from itertools import pairwise
from math import exp2, inf, nan, sin, tau

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.features.telemetry.anomalies import (
    HALF_LIFE,
    WARM_UP,
    Behaviour,
    Mark,
    Rules,
    explain,
    judge,
    judge_series,
)

Readings = list[tuple[float, float]]

START = 1_767_225_600.0
MINUTE, HOUR, DAY = 60.0, 3600.0, 86_400.0
STEP = 5 * MINUTE
A_DAY = int(DAY / STEP)
ANYTHING = Rules()
# Readings of two days: more than the warm-up.
LEARNING = 2 * A_DAY


def series(values: Iterable[float], interval: float = STEP, start: float = START) -> Readings:
    return [(start + number * interval, value) for number, value in enumerate(values)]


def noise(count: int, level: float = 20.0, spread: float = 1.0, seed: int = 1) -> list[float]:
    chance = random.Random(seed)  # noqa: S311 the same each time
    return [chance.gauss(level, spread) for _ in range(count)]


def marks(values: Iterable[float], rules: Rules = ANYTHING, interval: float = STEP) -> list[Mark]:
    return judge_series(rules, None, series(values, interval))[1]


def learnt(values: Iterable[float]) -> Behaviour:
    behaviour, found = judge_series(ANYTHING, None, series(values))
    assert behaviour is not None
    assert not any(found)
    return behaviour


def after(
    behaviour: Behaviour, values: Iterable[float], pause: float = STEP
) -> tuple[Behaviour, list[Mark]]:
    """What is remembered after them, and what they are; the first comes after the pause."""
    left, found = judge_series(ANYTHING, behaviour, series(values, start=behaviour.at + pause))
    assert left is not None
    return left, found


def later(behaviour: Behaviour, *values: float, rules: Rules = ANYTHING) -> list[Mark]:
    """What the readings after it are, one an interval."""
    return judge_series(rules, behaviour, series(values, start=behaviour.at + STEP))[1]


class TestLimits:
    @pytest.mark.parametrize(
        ("value", "mark"),
        [(-0.1, Mark.LIMITS), (0, Mark.GOOD), (50, Mark.GOOD), (50.1, Mark.LIMITS)],
    )
    def test_a_value_past_a_limit_is_marked_from_the_first_reading_on(
        self, value: float, mark: Mark
    ) -> None:
        assert marks([value], Rules(below=0, above=50)) == [mark]

    def test_a_limit_that_is_not_declared_marks_nothing(self) -> None:
        assert marks([-1e9], Rules(above=50)) == [Mark.GOOD]
        assert marks([1e9], Rules(below=0)) == [Mark.GOOD]

    def test_a_limit_may_be_zero(self) -> None:
        assert marks([-1.0, 1.0], Rules(below=0, above=0)) == [Mark.LIMITS, Mark.LIMITS]


class TestChange:
    RULES = Rules(change_per_minute=2, is_deviation_watched=False)

    @pytest.mark.parametrize(
        ("minutes", "change", "mark"),
        [
            (5, 10, Mark.GOOD),
            (5, 10.1, Mark.CHANGE),
            (5, -10.1, Mark.CHANGE),
            (1, 2.1, Mark.CHANGE),
            (0.1, 2, Mark.GOOD),
            (0.1, 2.1, Mark.CHANGE),
            (120, 241, Mark.CHANGE),
        ],
    )
    def test_it_goes_by_the_time_between_neighbours(
        self, minutes: float, change: float, mark: Mark
    ) -> None:
        assert marks([20, 20 + change], self.RULES, minutes * MINUTE) == [Mark.GOOD, mark]

    def test_nothing_is_known_of_what_happened_in_a_gap(self) -> None:
        assert marks([20, 500], self.RULES, 2 * HOUR + 1) == [Mark.GOOD, Mark.GOOD]

    def test_the_neighbour_may_be_of_the_batch_before(self) -> None:
        behaviour, _ = judge(self.RULES, None, START, 20)
        assert judge(self.RULES, behaviour, START + MINUTE, 30)[1] == Mark.CHANGE

    def test_a_metric_that_must_not_change(self) -> None:
        rules = Rules(change_per_minute=0)
        assert marks([20, 20, 21], rules) == [Mark.GOOD, Mark.GOOD, Mark.CHANGE]


class TestDeviation:
    def test_a_spike_is_marked_and_what_follows_is_not(self) -> None:
        behaviour = learnt(noise(LEARNING))
        assert later(behaviour, 32, 20.5, 19, 5, 21) == [4, 0, 0, 4, 0]

    def test_a_spike_does_not_hide_the_next_one(self) -> None:
        behaviour = learnt(noise(20 * A_DAY))
        for _ in range(10):
            behaviour, found = after(behaviour, [1e9, *noise(24)])
            assert found == [Mark.DEVIATION] + [Mark.GOOD] * 24
        assert behaviour.mean == pytest.approx(20, abs=0.2)
        assert later(behaviour, 30) == [Mark.DEVIATION]

    @pytest.mark.parametrize("place", [0, 2, 3, 10, 100])
    def test_an_error_value_before_anything_is_known_does_not_blind(self, place: int) -> None:
        """Many sensors begin with one."""
        values = noise(LEARNING)
        values[place] = 65_535.0
        assert later(learnt(values), 28) == [Mark.DEVIATION]

    @pytest.mark.parametrize(("level", "hours"), [(30, 5), (120, 9), (1e6, 30)])
    def test_a_new_level_is_marked_first_and_then_learnt(self, level: float, hours: int) -> None:
        behaviour = learnt(noise(20 * A_DAY))
        found = later(behaviour, *noise(10 * A_DAY, level=level))
        assert all(found[:12])
        assert not any(found[hours * 12 :])

    def test_nothing_is_marked_before_a_day_has_been_seen(self) -> None:
        count = int(WARM_UP / STEP) - 2
        behaviour = learnt(noise(count))
        assert later(behaviour, 1000) == [Mark.GOOD]
        behaviour = learnt(noise(count + 4))
        assert later(behaviour, 1000) == [Mark.DEVIATION]

    def test_after_a_long_gap_it_is_learnt_anew(self) -> None:
        behaviour = learnt(noise(20 * A_DAY))
        behaviour, found = after(behaviour, noise(LEARNING, level=80), pause=30 * DAY)
        assert not any(found)
        assert later(behaviour, 20) == [Mark.DEVIATION]

    def test_after_a_short_gap_it_is_still_known(self) -> None:
        behaviour = learnt(noise(20 * A_DAY))
        _, mark = judge(ANYTHING, behaviour, behaviour.at + 5 * DAY, 80)
        assert mark == Mark.DEVIATION

    def test_noise_is_nothing(self) -> None:
        chance = random.Random(2)  # noqa: S311 the same each time
        assert not any(marks(noise(30 * A_DAY)))
        assert not any(marks(chance.uniform(0, 1) for _ in range(30 * A_DAY)))
        assert not any(marks(chance.choice((0.0, 1.0)) for _ in range(30 * A_DAY)))

    @pytest.mark.parametrize("interval", [10, 60, 900, HOUR])
    def test_a_room_is_nothing_however_often_it_is_measured_and_however_coarsely(
        self, interval: float
    ) -> None:
        """It follows the day, wanders with the hours, and is shown in tenths."""
        chance = random.Random(6)  # noqa: S311 the same each time
        kept = 0.5 ** (interval / (4 * HOUR))
        wander, values = 0.0, []
        for number in range(int(10 * DAY / interval)):
            wander = kept * wander + (1 - kept * kept) ** 0.5 * chance.gauss(0, 1)
            day = 2 * sin(tau * number * interval / DAY)
            values.append(round(20 + day + wander + chance.gauss(0, 0.02), 1))
        assert not any(marks(values, interval=interval))

    def test_a_slow_drift_is_nothing(self) -> None:
        drift = [value + number / A_DAY for number, value in enumerate(noise(30 * A_DAY))]
        assert not any(marks(drift))

    def test_days_and_nights_are_nothing(self) -> None:
        steps = noise(30 * A_DAY, level=0)
        assert not any(
            marks(
                value + (80 if number % A_DAY > 100 else 20) for number, value in enumerate(steps)
            )
        )
        assert not any(
            marks(value + 30 * sin(tau * number / A_DAY) for number, value in enumerate(steps))
        )

    def test_what_happens_for_an_hour_each_day_is_usual_after_some_days(self) -> None:
        values = noise(30 * A_DAY, level=0)
        for number in range(len(values)):
            values[number] += 100 if number % A_DAY >= A_DAY - 12 else 0
        found = marks(values)
        assert any(found[A_DAY : 2 * A_DAY])
        assert not any(found[4 * A_DAY :])

    def test_days_of_the_week_are_remembered(self) -> None:
        values = noise(50 * A_DAY, level=20)
        for number in range(len(values)):
            values[number] += 30 if number // A_DAY % 7 == 0 else 0
        assert not any(marks(values)[21 * A_DAY :])

    def test_readings_count_by_time_and_not_by_number(self) -> None:
        """An hour in which it reports each second weighs as much as any other."""
        calm = noise(10 * A_DAY, level=20)
        busy = series(noise(3600, level=25), interval=1, start=START + len(calm) * STEP)
        behaviour, _ = judge_series(ANYTHING, None, series(calm) + busy)
        assert behaviour is not None
        assert behaviour.mean == pytest.approx(20, abs=0.2)

    def test_mean_and_variance_are_those_of_the_weighted_readings(self) -> None:
        chance = random.Random(3)  # noqa: S311 the same each time
        at, readings = START, []
        for value in noise(500):
            at += chance.uniform(1, HOUR)
            readings.append((at, value))
        behaviour, _ = judge_series(ANYTHING, None, readings)
        assert behaviour is not None

        def weight(instant: float) -> float:
            return exp2((instant - at) / HALF_LIFE)

        weights = [
            weight(instant) - weight(before) for (before, _), (instant, _) in pairwise(readings)
        ]
        values = [value for _, value in readings[1:]]
        total = sum(weights)
        mean = sum(w * v for w, v in zip(weights, values, strict=True)) / total
        variance = sum(w * (v - mean) ** 2 for w, v in zip(weights, values, strict=True)) / total
        assert behaviour.filled == pytest.approx(total)
        assert behaviour.mean == pytest.approx(mean)
        assert behaviour.variance == pytest.approx(variance)

    def test_it_can_be_switched_off(self) -> None:
        rules = Rules(is_deviation_watched=False)
        behaviour = learnt(noise(LEARNING))
        assert later(behaviour, 1000, *[7.0] * 20, rules=rules) == [Mark.GOOD] * 21


class TestFlatLines:
    @pytest.mark.parametrize("value", [0.0, 20.0, -7e9, 1e-300])
    def test_a_flat_line_is_nothing(self, value: float) -> None:
        assert not any(marks([value] * 30 * A_DAY))

    @pytest.mark.parametrize("change", [0.1, -20.0, 1e6])
    def test_its_first_change_is_nothing(self, change: float) -> None:
        behaviour = learnt([20.0] * 10 * A_DAY)
        assert not any(later(behaviour, *[20.0 + change] * 2 * A_DAY))

    def test_a_change_by_what_the_sensor_can_tell_apart_is_nothing(self) -> None:
        values = [20.0] * 10 * A_DAY
        values[10] = 20.1
        behaviour = learnt(values)
        assert not any(later(behaviour, 20.1, 20.2, 19.8, 20.5))
        assert later(behaviour, 20.7) == [Mark.DEVIATION]

    def test_a_switch_is_nothing(self) -> None:
        values = [0.0] * 10 * A_DAY
        values[500:510] = [1.0] * 10
        assert not any(marks([*values, 1.0, 1.0, 0.0]))

    def test_rounding_is_no_change(self) -> None:
        chance = random.Random(4)  # noqa: S311 the same each time
        values = [0.1 * 3 * chance.choice((1, 1 + 2e-16)) for _ in range(LEARNING)]
        behaviour = learnt(values)
        assert later(behaviour, 0.4) == [Mark.GOOD]

    def test_a_lively_sensor_that_stands_still_is_marked_until_it_moves(self) -> None:
        behaviour = learnt(noise(LEARNING))
        found = later(behaviour, *[20.0] * 100, 20.1, *noise(10))
        assert found[:11] == [Mark.GOOD] * 11
        assert found[11:100] == [Mark.STUCK] * 89
        assert not any(found[100:])

    def test_a_coarse_sensor_may_stand_still_for_some_time(self) -> None:
        values = [round(value) + 0.0 for value in noise(10 * A_DAY, spread=0.7)]
        assert not any(marks(values))

    def test_it_is_stuck_when_it_stands_still_four_times_as_long_as_ever(self) -> None:
        values = noise(LEARNING)
        values[-6:-1] = [20.0] * 5
        found = later(learnt(values), *[20.0] * 30)
        assert found == [Mark.GOOD] * 19 + [Mark.STUCK] * 11

    @pytest.mark.parametrize(("days", "mark"), [(8, Mark.GOOD), (10, Mark.STUCK)])
    def test_how_long_it_was_stuck_is_forgotten_after_nine_days(
        self, days: int, mark: Mark
    ) -> None:
        behaviour = learnt(noise(LEARNING))
        behaviour, _ = after(behaviour, [20.0] * A_DAY)
        behaviour, found = after(behaviour, noise(days * A_DAY))
        assert not any(found)
        assert later(behaviour, *[20.0] * 30)[-1] == mark

    def test_what_stands_still_each_night_is_not_stuck(self) -> None:
        values = noise(30 * A_DAY)
        for number in range(len(values)):
            if number % A_DAY < 100:
                values[number] = 0.0
        assert not any(marks(values))

    def test_what_was_set_once_and_stays_is_not_stuck(self) -> None:
        assert not any(marks([19.0, 18.0, *[20.0] * 30 * A_DAY]))


class TestAnyOrder:
    def test_a_reading_that_comes_again_or_late_changes_nothing_that_is_remembered(self) -> None:
        readings = series(noise(LEARNING))
        behaviour, _ = judge_series(ANYTHING, None, readings)
        assert behaviour is not None
        assert judge_series(ANYTHING, behaviour, readings)[0] == behaviour
        assert judge(ANYTHING, behaviour, behaviour.at, 21.0)[0] == behaviour

    def test_a_late_reading_is_judged_by_its_value(self) -> None:
        behaviour = learnt(noise(LEARNING))
        rules = Rules(above=30, change_per_minute=0.1)
        late = behaviour.at - HOUR
        assert judge(rules, behaviour, late, 25) == (behaviour, Mark.GOOD)
        assert judge(rules, behaviour, late, 40) == (behaviour, Mark.LIMITS | Mark.DEVIATION)

    def test_no_readings_leave_what_is_known(self) -> None:
        behaviour = learnt(noise(10))
        assert judge_series(ANYTHING, behaviour, []) == (behaviour, [])
        assert judge_series(ANYTHING, None, []) == (None, [])


RULES = st.builds(
    Rules,
    st.none() | st.floats(-100, 0),
    st.none() | st.floats(0, 100),
    st.none() | st.floats(0, 10),
    st.booleans(),
)
# Few values, so that runs and flat lines are among them; all others, so that nothing is too large.
VALUES = st.sampled_from([0.0, 20.0, 20.1, 21.0, 80.0]) | st.floats(allow_nan=True)
INTERVALS = st.sampled_from([-60.0, 0.0, 1.0, 300.0, HOUR, 3 * HOUR, DAY, 30 * DAY])


def _in_time(steps: list[tuple[float, float]]) -> Readings:
    at, readings = START, []
    for interval, value in steps:
        at += interval
        readings.append((at, value))
    return readings


READINGS = st.lists(st.tuples(INTERVALS, VALUES), max_size=60).map(_in_time)


@settings(deadline=None)
@given(rules=RULES, readings=READINGS, seed=st.integers(0, 3))
def test_a_series_is_judged_like_its_readings_one_by_one(
    rules: Rules, readings: Readings, seed: int
) -> None:
    """After nothing, or after some days; and what is remembered comes back from a list."""
    past = series(noise(seed * A_DAY), start=START - seed * DAY)
    start, _ = judge_series(ANYTHING, None, past)
    expected, found = judge_series(rules, start, readings)

    behaviour, one_by_one = start, []
    for at, value in readings:
        behaviour, mark = judge(rules, behaviour, at, value)
        one_by_one.append(mark)
        if behaviour is not None:
            behaviour = Behaviour(*[float(repr(number)) for number in behaviour])
    assert one_by_one == found
    assert behaviour == expected


@settings(deadline=None)
@given(rules=RULES, readings=READINGS, seed=st.integers(0, 3))
def test_every_mark_is_explained(rules: Rules, readings: Readings, seed: int) -> None:
    past = series(noise(seed * A_DAY), start=START - seed * DAY)
    behaviour, _ = judge_series(ANYTHING, None, past)
    for at, value in readings:
        findings = explain(rules, behaviour, at, value)
        behaviour, mark = judge(rules, behaviour, at, value)
        assert [finding.mark for finding in findings] == list(mark)
        assert all(finding.text for finding in findings)


@settings(deadline=None)
@given(readings=READINGS)
def test_what_is_remembered_are_numbers(readings: Readings) -> None:
    """Whatever comes: a device may send what is no measurement at all."""
    behaviour, _ = judge_series(ANYTHING, None, readings)
    assert behaviour is None or all(-inf < number < inf for number in behaviour)


@pytest.mark.parametrize("value", [1e308, -1e308, inf, -inf])
def test_what_nothing_measures_is_marked_and_not_learnt(value: float) -> None:
    behaviour = learnt(noise(LEARNING))
    assert judge(ANYTHING, behaviour, behaviour.at + STEP, value) == (behaviour, Mark.DEVIATION)
    assert judge(Rules(-1, 1), None, START, value) == (None, Mark.LIMITS)


def test_no_number_is_not_judged() -> None:
    behaviour = learnt(noise(LEARNING))
    assert judge(Rules(-1, 100, 1), behaviour, behaviour.at + STEP, nan) == (behaviour, Mark.GOOD)
    assert judge(ANYTHING, None, START, nan) == (None, Mark.GOOD)


@pytest.mark.parametrize("scale", [1e6, 1e-6, 2.0**100, -1.0])
def test_the_unit_does_not_matter(scale: float) -> None:
    still = [21.0] * 30
    values = [*noise(LEARNING), 35.0, 20.0, *still, *noise(20), *noise(A_DAY, level=60)]
    found = marks(values)
    assert Mark.DEVIATION in found
    assert Mark.STUCK in found
    assert marks(value * scale for value in values) == found


class TestExplained:
    def test_a_limit(self) -> None:
        (finding,) = explain(Rules(below=0, above=30), None, START, 31.5)
        assert (finding.mark, finding.value, finding.low, finding.high) == (
            Mark.LIMITS,
            31.5,
            0,
            30,
        )
        assert finding.score == 1.5
        assert finding.text == "31.5 is above 30"
        assert explain(Rules(below=0), None, START, -2)[0].text == "-2 is below 0"

    def test_a_change(self) -> None:
        rules = Rules(change_per_minute=2)
        behaviour, _ = judge(rules, None, START, 20)
        (finding,) = explain(rules, behaviour, START + 300, 40)
        assert (finding.low, finding.high, finding.score) == (10, 30, 2)
        assert finding.text == "40 came 300 s after 20; 10 to 30 was possible"

    def test_a_deviation(self) -> None:
        behaviour = learnt(noise(30 * A_DAY))
        (finding,) = explain(ANYTHING, behaviour, behaviour.at + STEP, 30)
        assert finding.low == pytest.approx(14, abs=0.5)
        assert finding.high == pytest.approx(26, abs=0.5)
        assert finding.score == pytest.approx(10, abs=0.5)
        assert "spreads from the mean of" in finding.text

    def test_a_sensor_that_is_stuck(self) -> None:
        behaviour, _ = judge_series(ANYTHING, None, series([*noise(LEARNING), *[20.0] * 11]))
        assert behaviour is not None
        (finding,) = explain(ANYTHING, behaviour, behaviour.at + STEP, 20.0)
        assert (finding.mark, finding.score) == (Mark.STUCK, 12)
        assert finding.text == "20 came 12 times in a row; at most 1 was usual"

    def test_all_at_once(self) -> None:
        behaviour = learnt(noise(LEARNING))
        findings = explain(Rules(0, 50, 1), behaviour, behaviour.at + STEP, 100)
        assert [found.mark for found in findings] == [Mark.LIMITS, Mark.CHANGE, Mark.DEVIATION]

    def test_nothing(self) -> None:
        behaviour = learnt(noise(LEARNING))
        assert explain(Rules(0, 50, 1), behaviour, behaviour.at + STEP, 20) == []


class TestSpans:
    """How much of what is remembered a second state must be, to be usual: 1 of 37 readings."""

    @pytest.mark.parametrize(("share", "is_usual"), [(0.04, True), (0.015, False)])
    def test_a_rare_state(self, share: float, is_usual: bool) -> None:
        chance = random.Random(5)  # noqa: S311 the same each time
        values = [chance.gauss(100 if chance.random() < share else 0, 1) for _ in range(60 * A_DAY)]
        found = marks(values)[30 * A_DAY :]
        assert any(found) is not is_usual
