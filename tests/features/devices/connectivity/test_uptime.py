"""For how much of thirty days a device was online."""

from datetime import datetime, timedelta

import pytest

from chalicelib import database
from chalicelib.database import EVERY_ORGANIZATION, Deadline
from chalicelib.features.devices.connectivity import store
from tests.features.devices.connectivity.conftest import START, Devices

DAY = timedelta(days=1)
NOW = START + 100 * DAY


def uptime(devices: Devices, now: datetime = NOW) -> float | None:
    with database.transaction(devices.engine, Deadline.after(60), EVERY_ORGANIZATION) as connection:
        return store.find_uptime(connection, "a", now)


def became(devices: Devices, *transitions: tuple[str, datetime]) -> None:
    """The device has become these, one after the other."""
    was = "never"
    for became, at in transitions:
        devices.sandbox.rows(
            "INSERT INTO iot_data.device_transitions (device_id, organization_id, was, is_online, "
            "happened_at, noticed_at, in_maintenance) "
            "VALUES ('a', 'o', %(was)s, %(became)s = 'online', %(at)s, %(at)s, false); "
            "UPDATE iot_data.devices SET connectivity = %(became)s, connectivity_since = %(at)s",
            {"was": was, "became": became, "at": at},
        )
        was = became


@pytest.mark.parametrize(
    ("transitions", "expected"),
    [
        pytest.param([], 0.0, id="never heard of"),
        pytest.param([("online", START)], 100.0, id="online since before"),
        pytest.param([("online", START), ("offline", START + DAY)], 0.0, id="offline since before"),
        pytest.param([("online", START), ("offline", NOW - 15 * DAY)], 50.0, id="half of it"),
        pytest.param([("online", NOW - 3 * DAY)], 10.0, id="heard of late"),
        pytest.param([("offline", NOW - 3 * DAY)], 0.0, id="first heard of too late"),
        pytest.param(
            [
                ("online", START),
                ("offline", NOW - 20 * DAY),
                ("online", NOW - 17 * DAY),
                ("offline", NOW - 3 * DAY),
            ],
            80.0,
            id="there and back",
        ),
    ],
)
def test_uptime_is_the_share_of_the_last_thirty_days(
    devices: Devices, transitions: list[tuple[str, datetime]], expected: float
) -> None:
    devices.add("a")
    became(devices, *transitions)
    assert uptime(devices) == expected


def test_the_time_before_it_was_registered_does_not_count(devices: Devices) -> None:
    devices.add("a")
    became(devices, ("online", START + DAY))
    assert uptime(devices, START + 4 * DAY) == 75.0


def test_a_device_that_has_just_been_registered_has_none(devices: Devices) -> None:
    devices.add("a")
    assert uptime(devices, START) is None


def test_what_is_forgotten_changes_nothing(devices: Devices) -> None:
    devices.add("a")
    became(devices, ("online", START), ("offline", START + DAY), ("online", NOW - 15 * DAY))
    with database.transaction(devices.engine, Deadline.after(60), EVERY_ORGANIZATION) as connection:
        forgotten = [
            store.prune_transitions(connection, NOW, retention_days=90, batch=size)
            for size in (1, 10)
        ]
    assert forgotten == [1, 1]
    assert uptime(devices) == 50.0
