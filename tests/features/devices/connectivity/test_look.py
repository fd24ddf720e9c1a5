"""What a check reads: all that is new, and all that comes late within a few checks."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.features.devices.connectivity.model import (
    CLOCK_TOLERANCE,
    DEVICES_A_ROUND,
    MAX_ROUNDS,
    Checkpoint,
    look,
    rounds,
    usual_count,
)
from tests.features.devices.connectivity.conftest import MINUTE, SECOND, START

LATENESS = timedelta(minutes=15)


@given(
    heard_count=st.integers(0, 200_000),
    pauses=st.lists(st.integers(1, 400), min_size=30, max_size=40),
    age=st.integers(0, 900),
)
def test_a_late_reading_is_read_within_its_turns_or_with_the_next_check(
    heard_count: int, pauses: list[int], age: int
) -> None:
    """It is stored just after the first check, and *age* seconds old by then."""
    now, read_until = START, START
    stored_at, time = now, now - age * SECOND
    for pause in pauses:
        now += pause * SECOND
        found = look(Checkpoint(read_until, heard_count=heard_count), now, LATENESS)
        read_until = found.read_until
        if any(span.since < time <= span.until for span in found.spans):
            return
        assert now - stored_at <= MAX_ROUNDS * MINUTE
    raise AssertionError("it was never read")


@given(gap=st.integers(1, 100_000), heard_count=st.integers(0, 200_000))
def test_nothing_new_is_left_out(gap: int, heard_count: int) -> None:
    """The first span of each step begins before the last one ended, and goes on to its end."""
    now, read_until = START + gap * SECOND, START
    oldest = max(START, now - timedelta(days=1))
    while True:
        found = look(Checkpoint(read_until, heard_count=heard_count), now, LATENESS)
        assert found.spans[0].since <= max(read_until, oldest)
        assert found.spans[0].until >= found.read_until
        read_until = found.read_until
        if not found.is_behind:
            break
    assert read_until == now


def test_spans_do_not_overlap() -> None:
    found = look(Checkpoint(START, heard_count=100_000), START + MINUTE, LATENESS)
    assert found.spans[0].until == START + MINUTE + CLOCK_TOLERANCE
    for newer, older in zip(found.spans, found.spans[1:], strict=False):
        assert older.until <= newer.since


@pytest.mark.parametrize(
    ("heard_count", "turns"),
    [(0, 1), (DEVICES_A_ROUND - 1, 1), (DEVICES_A_ROUND, 2), (10**6, MAX_ROUNDS)],
)
def test_large_fleets_take_turns(heard_count: int, turns: int) -> None:
    assert rounds(heard_count) == turns


def test_when_nobody_is_heard_of_any_more_the_busy_minutes_still_take_turns() -> None:
    count = 100_000
    for _ in range(5):
        count = usual_count(count, 0)
    assert rounds(count) > MAX_ROUNDS / 2
    for _ in range(60):
        count = usual_count(count, 0)
    assert rounds(count) == 1
