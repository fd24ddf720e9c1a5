"""What heartbeats declare fits what they do."""

from chalicelib.features.heartbeats.feature import FEATURE


def test_a_check_that_never_starts_is_an_alarm() -> None:
    """It would notice no silence, and report none: the number of reports is what is watched."""
    [alarm] = [alarm for alarm in FEATURE.alarms if alarm.name == "no-heartbeat-check"]
    assert (alarm.statistic, alarm.threshold) == ("SampleCount", 1)
    assert (alarm.comparison, alarm.missing) == ("LessThanThreshold", "breaching")


def test_one_check_is_under_way_at_a_time() -> None:
    [check] = [one for one in FEATURE.functions if one.name == "check_heartbeats"]
    assert check.concurrency == 1
