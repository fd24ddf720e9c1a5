"""Nobody is declared offline because ingestion has stopped; and a real silence is not hidden."""

import pytest

from tests.features.devices.connectivity.conftest import MINUTE, Devices

FLEET = [f"d{number:02}" for number in range(30)]
OTHERS = ["x1", "x2"]


@pytest.fixture
def fleet(devices: Devices) -> Devices:
    """Thirty devices of one organization, two of another, all of them online."""
    devices.add(*FLEET)
    devices.add(*OTHERS, organization="other")
    devices.report(*FLEET, *OTHERS)
    devices.check()
    devices.minutes(3, *FLEET, *OTHERS)
    return devices


def holds(devices: Devices) -> list[tuple[str, int, int]]:
    return devices.sandbox.rows(
        "SELECT organization_id, silent_count, device_count FROM iot_data.connectivity_holds"
    )


def offline(devices: Devices) -> set[str]:
    rows = devices.sandbox.rows(
        "SELECT device_id FROM iot_data.devices WHERE connectivity = 'offline'"
    )
    return {name for [name] in rows}


def test_a_fleet_that_falls_silent_with_everybody_is_held(fleet: Devices) -> None:
    fleet.minutes(5)
    assert holds(fleet) == [("o", 30, 30)]
    # Two devices are too few to tell.
    assert offline(fleet) == set(OTHERS)


def test_time_alone_lets_nothing_go(fleet: Devices) -> None:
    fleet.minutes(5)
    for _ in range(4):
        fleet.wait(hours=5)
        fleet.check()
    assert len(holds(fleet)) == 1
    assert offline(fleet) == set(OTHERS)


def test_a_fleet_that_falls_silent_by_itself_is_offline(fleet: Devices) -> None:
    fleet.minutes(5, *OTHERS)
    assert holds(fleet) == []
    assert offline(fleet) == set(FLEET)


def test_devices_that_report_again_were_never_offline(fleet: Devices) -> None:
    fleet.silence()
    fleet.minutes(3, *FLEET)
    assert holds(fleet) == []
    assert offline(fleet) == set(OTHERS)
    assert not [one for one in fleet.transitions() if one[0] in FLEET and one[1] == "offline"]


def test_those_still_silent_when_readings_come_again_are_declared_offline(fleet: Devices) -> None:
    fleet.silence()
    back, gone = FLEET[:20], FLEET[20:]
    fleet.minutes(1, *back)
    assert offline(fleet) == set(OTHERS)
    assert len(holds(fleet)) == 1
    fleet.minutes(2, *back)
    assert offline(fleet) == {*OTHERS, *gone}
    assert holds(fleet) == []
    # They were silent since long ago.
    assert {at for name, _, at in fleet.transitions() if name in gone and at > 0} == {360.0}


def test_one_reading_is_no_end_of_the_silence(fleet: Devices) -> None:
    fleet.silence()
    fleet.minutes(1, FLEET[0])
    fleet.silence()
    assert len(holds(fleet)) == 1
    assert offline(fleet) == set(OTHERS)


def test_one_reading_is_no_end_of_the_silence_of_slow_devices_either(devices: Devices) -> None:
    devices.add(*FLEET, interval=300)
    devices.report(*FLEET)
    devices.check()
    devices.wait(minutes=14)
    devices.minutes(2)
    assert holds(devices) == [("o", 30, 30)]
    devices.minutes(1, FLEET[0])
    devices.minutes(10)
    assert holds(devices) == [("o", 30, 30)]
    assert offline(devices) == set()


def test_slow_devices_that_are_still_silent_after_two_readings_are_offline(
    devices: Devices,
) -> None:
    devices.add(*FLEET, interval=300)
    devices.report(*FLEET)
    devices.check()
    devices.wait(minutes=14)
    devices.minutes(2)
    for _ in range(2):
        devices.minutes(1, FLEET[0])
        devices.minutes(4)
    assert offline(devices) == set(FLEET[1:])
    assert holds(devices) == []


def test_a_clock_that_is_ahead_lets_nothing_go(fleet: Devices) -> None:
    """Its readings were there before the silence began, and their times come during it."""
    for minute in range(2, 16):
        fleet.report(OTHERS[0], at=fleet.now + minute * MINUTE)
    fleet.minutes(22)
    assert holds(fleet) == [("o", 30, 30)]
    assert offline(fleet) == set(OTHERS)


def test_what_a_person_lets_go_is_declared_offline_and_not_held_again(fleet: Devices) -> None:
    fleet.silence()
    fleet.sandbox.rows("UPDATE iot_data.connectivity_holds SET released_at = now()")
    fleet.minutes(1)
    assert offline(fleet) == {*FLEET, *OTHERS}
    fleet.silence()
    assert len(holds(fleet)) == 1
    fleet.minutes(2, *FLEET)
    assert holds(fleet) == []
    fleet.minutes(5)
    assert len(holds(fleet)) == 1


def test_what_is_let_go_while_readings_come_again_is_declared_offline(fleet: Devices) -> None:
    fleet.silence()
    fleet.sandbox.rows("UPDATE iot_data.connectivity_holds SET released_at = now()")
    fleet.minutes(2, *FLEET[:5])
    assert offline(fleet) == {*OTHERS, *FLEET[5:]}
    assert holds(fleet) == []


def test_a_device_that_is_deleted_meanwhile_lets_nothing_go(fleet: Devices) -> None:
    fleet.minutes(5)
    fleet.sandbox.rows(
        "UPDATE iot_data.devices SET lifecycle = 'deleted' WHERE device_id = ANY (%s)",
        (FLEET[:25],),
    )
    fleet.minutes(5)
    assert offline(fleet) == set(OTHERS)


def test_nobody_waits_for_devices_that_are_deleted(fleet: Devices) -> None:
    fleet.silence()
    for name in FLEET[5:]:
        fleet.delete(name)
    fleet.minutes(1, *FLEET[:5])
    assert holds(fleet) == []
    assert offline(fleet) == set(OTHERS)


def test_a_fast_type_is_held_in_a_fleet_of_slow_ones(devices: Devices) -> None:
    fast, slow = FLEET[:20], [f"slow-{number}" for number in range(80)]
    devices.add(*fast)
    devices.add(*slow, interval=3600)
    devices.report(*fast, *slow)
    devices.check()
    devices.minutes(3, *fast)
    devices.silence()
    assert holds(devices) == [("o", 20, 20)]
    assert offline(devices) == set()


def test_a_silence_that_spreads_is_held_from_its_first_device_on(devices: Devices) -> None:
    """Devices report every fifteen minutes, each in a minute of its own."""
    devices.add(*FLEET, interval=900)
    for minute in range(15):
        devices.report(*FLEET[minute::15], at=devices.now - minute * MINUTE)
    devices.check()
    devices.wait(minutes=29)
    devices.minutes(20)
    assert offline(devices) == set()
    assert holds(devices) == [("o", 30, 30)]


def test_the_guard_can_be_turned_off(fleet: Devices) -> None:
    fleet.wait(minutes=5)
    fleet.check(guard_percent=100)
    assert offline(fleet) == {*FLEET, *OTHERS}
