"""A device is online for three of its intervals after its last sign of life, and offline then."""

import pytest

from tests.features.devices.connectivity.conftest import MINUTE, SECOND, START, Devices


def test_a_device_that_is_first_heard_of_becomes_online_and_active(devices: Devices) -> None:
    devices.add("a", "b")
    devices.report("a", at=START - 5 * SECOND)
    found = devices.check()
    assert (found.became_online, found.became_offline) == (1, 0)
    assert devices.transitions() == [("a", "online", -5)]
    rows = devices.sandbox.rows(
        "SELECT device_id, lifecycle, connectivity, connectivity_since, version "
        "FROM iot_data.devices ORDER BY device_id"
    )
    assert rows == [
        ("a", "active", "online", START - 5 * SECOND, 1),
        ("b", "registered", "never", None, 1),
    ]


def test_a_device_is_offline_from_the_instant_at_which_its_limit_passed(devices: Devices) -> None:
    devices.add("a")
    devices.report("a")
    devices.check()
    devices.wait(seconds=179)
    devices.check()
    assert devices.connectivity("a") == "online"
    devices.wait(seconds=41)
    assert devices.check().became_offline == 1
    assert devices.transitions()[1:] == [("a", "offline", 180)]
    assert devices.check().became_offline == 0


def test_a_device_that_comes_back_is_online_from_its_reading_on(devices: Devices) -> None:
    devices.add("a")
    devices.report("a")
    devices.check()
    devices.minutes(10)
    devices.report("a", at=devices.now + 10 * SECOND)
    devices.wait(seconds=30)
    devices.check()
    assert devices.transitions()[1:] == [("a", "offline", 180), ("a", "online", 610)]


@pytest.mark.parametrize(("interval", "limit"), [(10, 120), (40, 120), (60, 180), (900, 2700)])
def test_the_limit_follows_the_type(devices: Devices, interval: int, limit: int) -> None:
    devices.add("a", interval=interval)
    devices.report("a")
    devices.check()
    devices.wait(seconds=limit - 1)
    assert devices.check().became_offline == 0
    devices.wait(seconds=1)
    assert devices.check().became_offline == 1


def test_heartbeats_are_signs_of_life_too(devices: Devices) -> None:
    devices.add("a")
    devices.beat("a")
    assert devices.check().became_online == 1
    devices.wait(minutes=4)
    devices.beat("a", at=devices.now - MINUTE)
    assert devices.check().became_offline == 0


def test_a_reading_that_comes_late_keeps_a_device_online(devices: Devices) -> None:
    devices.add("a", interval=900)
    devices.report("a")
    devices.check()
    devices.minutes(44)
    devices.report("a", at=devices.now - 10 * MINUTE)
    devices.minutes(5)
    assert devices.connectivity("a") == "online"


def test_what_is_too_far_ahead_does_not_count(devices: Devices) -> None:
    devices.add("near", "far")
    devices.report("near", at=START + 60 * SECOND)
    devices.report("far", at=START + 61 * SECOND)
    devices.check()
    assert devices.transitions() == [("near", "online", 0)]
