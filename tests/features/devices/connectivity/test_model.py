"""Whatever is stored, and whenever it is looked at: the transitions are those of a plain model."""

from dataclasses import replace
from datetime import timedelta

import hypothesis
from hypothesis import strategies as st
from sqlalchemy import Engine

from chalicelib.features.devices.connectivity.model import Rules
from tests.features.devices.connectivity.conftest import RULES, SECOND, Devices
from tests.features.devices.connectivity.oracle import Device, Oracle
from tests.sandbox import Sandbox

NAMES = ("a", "b", "c", "d")
INTERVALS = (60, 60, 300, 900)

_EMPTY = "; ".join(
    f"DELETE FROM iot_data.{table}"
    for table in (
        "device_transitions",
        "connectivity_holds",
        "connectivity_rechecks",
        "connectivity_checkpoint",
        "device_presence",
        "devices",
        "device_state",
        "timescale_measurements",
    )
)
ages = st.integers(-90, 1500)
names = st.sampled_from(NAMES)
actions = st.one_of(
    st.tuples(st.just("report"), names, ages),
    st.tuples(st.just("beat"), names, ages),
    # Nobody looks for a while: minutes mostly, and at times hours.
    st.tuples(st.just("check"), st.just(""), st.sampled_from([0, 60, 60, 60, 130, 240, 900])),
    st.tuples(st.just("check"), st.just(""), st.sampled_from([60, 4000, 30_000])),
    st.tuples(st.just("delete"), names, st.just(0)),
    st.tuples(st.just("maintain"), names, st.just(0)),
    st.tuples(st.just("retype"), names, st.sampled_from([60, 300, 900])),
)


# A fleet whose silence is guarded, however small it is.
GUARDED = replace(RULES, guard_min_devices=2)
of_everybody = st.one_of(
    actions,
    # Most of what a guard sees: all report, or nobody does, minute by minute.
    st.tuples(st.just("report all"), st.just(""), st.sampled_from([0, 0, 20, 100])),
    st.tuples(st.just("check"), st.just(""), st.sampled_from([60, 60, 60, 130, 300])),
    st.tuples(st.just("silence"), st.just(""), st.integers(3, 9)),
)


def limit_of(interval: int) -> timedelta:
    return timedelta(seconds=max(RULES.intervals * interval, RULES.at_least_seconds))


quickly = hypothesis.settings(
    max_examples=12,
    suppress_health_check=[
        hypothesis.HealthCheck.function_scoped_fixture,
        hypothesis.HealthCheck.too_slow,
    ],
)


@quickly
@hypothesis.given(script=st.lists(actions, min_size=5, max_size=16))
def test_checks_find_what_a_plain_model_finds(
    migrated: Sandbox, engine: Engine, script: list[tuple[str, str, int]]
) -> None:
    """Reports come late, ahead and out of order; checks come twice, and not at all for hours."""
    devices, oracle = _fleet(migrated, engine, RULES)
    for action, name, value in script:
        _act(devices, oracle, action, name, value)
    _act(devices, oracle, "check", "", 60)
    _compare(devices, oracle)


@quickly
@hypothesis.given(script=st.lists(of_everybody, min_size=5, max_size=14))
def test_a_fleet_is_held_when_a_plain_model_holds_it(
    migrated: Sandbox, engine: Engine, script: list[tuple[str, str, int]]
) -> None:
    """All report, and fall silent together; some come back, and some of them for a moment."""
    devices, oracle = _fleet(migrated, engine, GUARDED)
    _act(devices, oracle, "report all", "", 0)
    for action, name, value in script:
        _act(devices, oracle, action, name, value)
        held = devices.sandbox.value("SELECT count(*) FROM iot_data.connectivity_holds")
        assert bool(held) is (oracle.hold is not None)
    _act(devices, oracle, "check", "", 60)
    _compare(devices, oracle)


def _fleet(migrated: Sandbox, engine: Engine, rules: Rules) -> tuple[Devices, Oracle]:
    migrated.rows(_EMPTY)
    devices, oracle = Devices(migrated, engine, rules), Oracle(rules)
    for name, interval in zip(NAMES, INTERVALS, strict=True):
        devices.add(name, interval=interval)
        oracle.devices[name] = Device(limit_of(interval))
    return devices, oracle


def _compare(devices: Devices, oracle: Oracle) -> None:
    assert _written(devices) == oracle.transitions
    for name, known in oracle.devices.items():
        assert devices.connectivity(name) == known.state


def _act(devices: Devices, oracle: Oracle, action: str, name: str, value: int) -> None:
    if action == "check":
        devices.wait(seconds=value)
        # Steps weigh what is left, each for itself, where a fleet may be held.
        first = 2 if devices.rules == RULES else 10
        found = [devices.check(batch=first), devices.check(batch=first - 1)]
        assert (found[1].became_online, found[1].became_offline) == (0, 0)
        oracle.check(devices.now)
        return
    if action == "silence":
        for _ in range(value):
            _act(devices, oracle, "check", "", 60)
        return
    if action == "report all":
        for each in NAMES:
            _act(devices, oracle, "report", each, value)
        return
    known = oracle.devices[name]
    at = devices.now - value * SECOND
    if action == "report":
        devices.report(name, at=at)
        known.signs.append(at)
    elif action == "beat":
        devices.beat(name, at=at)
        # A state has the latest heartbeat only.
        known.beats = max(at, known.beats or at)
    elif action == "delete":
        devices.delete(name)
        known.is_deleted = True
    elif action == "maintain":
        devices.sandbox.rows(
            "UPDATE iot_data.devices SET maintenance_until = 'infinity' WHERE device_id = %s",
            (name,),
        )
        known.in_maintenance = True
    else:
        devices.retype(name, interval=value)
        known.limit = limit_of(value)


def _written(devices: Devices) -> list[tuple[str, str, object, bool]]:
    return [
        (device, "online" if is_online else "offline", at, in_maintenance)
        for device, is_online, at, in_maintenance in devices.sandbox.rows(
            "SELECT device_id, is_online, happened_at, in_maintenance "
            "FROM iot_data.device_transitions ORDER BY noticed_at, device_id"
        )
    ]
