"""What a run must have done, worked out from the raw rows and written without the application."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tests.sandbox import Sandbox

Key = tuple[str, str]
Names = tuple[str, str]


@dataclass(frozen=True)
class Facts:
    """What the platform's tables say at a moment, for one window."""

    seen: set[Key]
    devices: dict[str, tuple[str | None, bool | None]]
    parameters: dict[str, str | None]

    @property
    def active(self) -> set[Key]:
        """Seen pairs of devices that are on."""
        return {key for key in self.seen if key[0] in self.devices and self.devices[key[0]][1]}

    @property
    def observed(self) -> dict[Key, Names]:
        """Exactly the pairs the table must hold, with their names."""
        return {
            (device, parameter): (
                _or_id(self.devices[device][0], device),
                _or_id(self.parameters[parameter], parameter),
            )
            for device, parameter in self.active
            if parameter in self.parameters and _fits_a_key(device, parameter)
        }

    @property
    def unresolved_count(self) -> int:
        """Active pairs that the dictionary does not know, or no key holds."""
        return len(self.active) - len(self.observed)

    def reason_for_removal(self, key: Key) -> str:
        """The first reason that applies."""
        device, parameter = key
        if device not in self.devices:
            return "device_unknown"
        if not self.devices[device][1]:
            return "device_inactive"
        if parameter not in self.parameters:
            return "parameter_unknown"
        return "window_expired"


@dataclass(frozen=True)
class KnownPair:
    """One row of the table; *version* changes whenever PostgreSQL writes the row."""

    names: Names
    created_at: datetime
    updated_at: datetime
    version: tuple[str, str]


@dataclass(frozen=True)
class Difference:
    """How a table differs from an earlier one."""

    added: set[Key]
    removed: set[Key]
    renamed: set[Key]


def read_facts(sandbox: Sandbox, as_of: datetime, window_minutes: int) -> Facts:
    """One plain scan of the raw rows, and the two registers."""
    seen = sandbox.rows(
        "SELECT DISTINCT device_id, parameter_id FROM iot_data.timescale_measurements "
        "WHERE time >= %(as_of)s::timestamptz - make_interval(mins => %(minutes)s) "
        "AND time < date_trunc('hour', %(as_of)s::timestamptz, 'UTC') + interval '1 hour'",
        {"as_of": as_of, "minutes": window_minutes},
    )
    devices = sandbox.rows("SELECT device_id, device_name, status FROM iot_data.redshift_devices")
    parameters = sandbox.rows(
        "SELECT parameter_id, parameter_name FROM iot_data.timescale_parameters"
    )
    return Facts(
        seen={(device, parameter) for device, parameter in seen},
        devices={device: (name, status) for device, name, status in devices},
        parameters=dict(parameters),
    )


def read_table(sandbox: Sandbox) -> dict[Key, KnownPair]:
    """The table by key."""
    return {
        (device, parameter): KnownPair((device_name, parameter_name), created, updated, (xmin, at))
        for device, parameter, device_name, parameter_name, created, updated, xmin, at in (
            sandbox.rows(
                "SELECT device_id, parameter_id, device_name, parameter_name, "
                "created_at, updated_at, xmin::text, ctid::text FROM iot_data.device_parameters"
            )
        )
    }


def read_names(sandbox: Sandbox) -> dict[Key, Names]:
    """The table by key, names only."""
    return {key: pair.names for key, pair in read_table(sandbox).items()}


def difference(before: dict[Key, KnownPair], after: dict[Key, KnownPair]) -> Difference:
    """What happened between two readings of the table."""
    return Difference(
        added=after.keys() - before.keys(),
        removed=before.keys() - after.keys(),
        renamed={
            key for key in before.keys() & after.keys() if before[key].names != after[key].names
        },
    )


def read_changes(sandbox: Sandbox, run_id: int) -> dict[tuple[str, Key], tuple[Names, str | None]]:
    """The change log of one run, by kind and key."""
    return {
        (change, (device, parameter)): ((device_name, parameter_name), reason)
        for change, device, parameter, device_name, parameter_name, reason in sandbox.rows(
            "SELECT change, device_id, parameter_id, device_name, parameter_name, reason "
            "FROM iot_data.device_parameter_changes WHERE run_id = %s",
            (run_id,),
        )
    }


def replay_changes(sandbox: Sandbox) -> dict[Key, Names]:
    """The table as the change log alone would rebuild it; an impossible step raises."""
    table: dict[Key, Names] = {}
    for change, device, parameter, *names in sandbox.rows(
        "SELECT change, device_id, parameter_id, device_name, parameter_name "
        "FROM iot_data.device_parameter_changes ORDER BY run_id"
    ):
        key = (device, parameter)
        if (key in table) is (change == "added"):
            raise AssertionError(f"{key} cannot be {change} at this point of the log")
        if change == "removed":
            del table[key]
        else:
            table[key] = (names[0], names[1])
    return table


def recorded_run(sandbox: Sandbox, run_id: int) -> dict[str, Any]:
    """The row of one run, by column."""
    row: dict[str, Any] = sandbox.value(
        "SELECT to_jsonb(run) FROM iot_data.sync_runs AS run WHERE run_id = %s", (run_id,)
    )
    return row


def _fits_a_key(device: str, parameter: str) -> bool:
    return len(device.encode()) + len(parameter.encode()) <= 2600


def _or_id(name: str | None, identifier: str) -> str:
    return identifier if name is None else name
