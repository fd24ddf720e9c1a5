"""A fleet of sites that fall silent and come back, as removals are about."""

from collections.abc import Set
from datetime import timedelta

import pytest

from chalicelib.features.device_parameters.model import Budget
from tests.fleet import Fleet
from tests.sandbox import Sandbox

MINUTE = timedelta(minutes=1)
Pair = tuple[str, str]


class Sites:
    """Devices at sites, each with one parameter `p`, and which of them report at the moment."""

    def __init__(self, sandbox: Sandbox, fleet: Fleet) -> None:
        self.sandbox = sandbox
        fleet.add_parameter("p")

    def add(self, site: str, count: int, device_type: str | None = None) -> set[Pair]:
        """Register *count* devices at *site*, named after it; returns their pairs."""
        devices = [f"{site}-{number:04}" for number in range(count)]
        self.sandbox.rows(
            "INSERT INTO iot_data.redshift_devices (device_id, location_id, device_type_id, status)"
            " SELECT device, %s, %s, true FROM unnest(%s::text[]) AS device",
            (site, device_type, devices),
        )
        return {(device, "p") for device in devices}

    def only(self, pairs: set[Pair], long_ago: Set[Pair] = frozenset()) -> None:
        """From now on these pairs report, and no others: a window holds nothing else.

        Those of *long_ago* were last measured three hours ago.
        """
        self.sandbox.rows("DELETE FROM iot_data.timescale_measurements")
        now = self.sandbox.now()
        for at, reporting in ((now - MINUTE, pairs), (now - 180 * MINUTE, long_ago)):
            self.sandbox.rows(
                "INSERT INTO iot_data.timescale_measurements (time, device_id, parameter_id) "
                "SELECT %s, device, 'p' FROM unnest(%s::text[]) AS device",
                (at, sorted(device for device, _ in reporting)),
            )

    def let_pass(self, length: timedelta) -> None:
        """What has happened so far is that much longer ago."""
        self.sandbox.rows(
            "UPDATE iot_data.sync_runs SET as_of = as_of - %(length)s, "
            "started_at = started_at - %(length)s, finished_at = finished_at - %(length)s",
            {"length": length},
        )
        self.sandbox.rows(
            "UPDATE iot_data.device_parameters SET created_at = created_at - %s", (length,)
        )

    def table(self) -> set[Pair]:
        """The pairs in the table."""
        return set(
            self.sandbox.rows("SELECT device_id, parameter_id FROM iot_data.device_parameters")
        )

    def held(self) -> dict[Pair, Budget]:
        """What waits for a person, and what it is held for."""
        rows = self.sandbox.rows(
            "SELECT device_id, parameter_id, scope FROM iot_data.held_removals "
            "WHERE released_at IS NULL"
        )
        return {(device, parameter): Budget(scope) for device, parameter, scope in rows}


@pytest.fixture
def sites(migrated: Sandbox, fleet: Fleet) -> Sites:
    """No site yet."""
    return Sites(migrated, fleet)
