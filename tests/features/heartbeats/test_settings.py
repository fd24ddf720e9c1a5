"""The variables of this feature: missing, malformed, or at their limits."""

import pytest

from chalicelib.errors import InvalidSettingError
from chalicelib.features.heartbeats.feature import CHECK_SCHEDULE, QUEUE_NAME, STALE_AFTER_SECONDS
from tests.sandbox import PROJECT


def test_what_is_not_set_has_its_documented_default() -> None:
    assert STALE_AFTER_SECONDS.value({}) == 120
    assert CHECK_SCHEDULE.value({}) == "rate(1 minute)"
    assert QUEUE_NAME.value({}) == "device-parameters-heartbeats"
    reference = (PROJECT / "docs" / "reference.md").read_text("utf-8")
    assert "| `STALE_AFTER_SECONDS` | `120` |" in reference
    assert "| `HEARTBEAT_CHECK_SCHEDULE` | `rate(1 minute)` |" in reference
    assert "| `HEARTBEAT_QUEUE` | `device-parameters-heartbeats`" in reference


@pytest.mark.parametrize("raw", ["0", "-1", "1.5", "two", "31622401"])
def test_a_limit_is_a_whole_number_of_seconds(raw: str) -> None:
    with pytest.raises(InvalidSettingError, match="STALE_AFTER_SECONDS must be a whole number"):
        STALE_AFTER_SECONDS.value({"STALE_AFTER_SECONDS": raw})


def test_a_limit_may_be_a_second_or_a_year() -> None:
    for raw in ("1", "31622400"):
        assert STALE_AFTER_SECONDS.value({"STALE_AFTER_SECONDS": raw}) == int(raw)


def test_a_schedule_is_one_of_eventbridge_s() -> None:
    with pytest.raises(InvalidSettingError, match="HEARTBEAT_CHECK_SCHEDULE must be"):
        CHECK_SCHEDULE.value({"HEARTBEAT_CHECK_SCHEDULE": "each minute"})


@pytest.mark.parametrize("raw", ["a b", "queue.fifo", "x" * 81, "https://sqs/queue"])
def test_a_queue_is_named_as_sqs_names_them(raw: str) -> None:
    with pytest.raises(InvalidSettingError, match="HEARTBEAT_QUEUE must be the name"):
        QUEUE_NAME.value({"HEARTBEAT_QUEUE": raw})
