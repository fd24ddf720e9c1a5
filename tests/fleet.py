"""A fleet that a test can talk about: devices, parameters, and what was reported when."""

from datetime import datetime

from tests.sandbox import Sandbox


class Fleet:
    """The platform's side of the database."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    def add_device(
        self, device: str, name: str | None = None, *, status: bool | None = True
    ) -> None:
        """Register *device*, or change what is registered."""
        self._sandbox.rows(
            "INSERT INTO iot_data.redshift_devices (device_id, device_name, status) "
            "VALUES (%s, %s, %s) ON CONFLICT (device_id) DO UPDATE "
            "SET device_name = excluded.device_name, status = excluded.status",
            (device, name, status),
        )

    def rename_device(self, device: str, name: str | None) -> None:
        """Change its name and nothing else."""
        self._sandbox.rows(
            "UPDATE iot_data.redshift_devices SET device_name = %s WHERE device_id = %s",
            (name, device),
        )

    def switch_off(self, device: str) -> None:
        """Its status becomes false."""
        self._switch(device, is_on=False)

    def switch_on(self, device: str) -> None:
        """Its status becomes true."""
        self._switch(device, is_on=True)

    def remove_device(self, device: str) -> None:
        """It is no longer registered; its measurements stay."""
        self._sandbox.rows("DELETE FROM iot_data.redshift_devices WHERE device_id = %s", (device,))

    def add_parameter(self, parameter: str, name: str | None = None) -> None:
        """Put *parameter* into the dictionary, or rename it there."""
        self._sandbox.rows(
            "INSERT INTO iot_data.timescale_parameters (parameter_id, parameter_name) "
            "VALUES (%s, %s) ON CONFLICT (parameter_id) DO UPDATE "
            "SET parameter_name = excluded.parameter_name",
            (parameter, name),
        )

    def remove_parameter(self, parameter: str) -> None:
        """The dictionary no longer knows it; its measurements stay."""
        self._sandbox.rows(
            "DELETE FROM iot_data.timescale_parameters WHERE parameter_id = %s", (parameter,)
        )

    def report(self, device: str, parameter: str, *instants: datetime) -> None:
        """Measurements of a pair, in one transaction."""
        self._sandbox.rows(
            "INSERT INTO iot_data.timescale_measurements (time, device_id, parameter_id, value) "
            "SELECT time, %s, %s, 20.5 FROM unnest(%s::timestamptz[]) AS time "
            "ON CONFLICT DO NOTHING",
            (device, parameter, list(instants)),
        )

    def withdraw(self, device: str, parameter: str, *instants: datetime) -> None:
        """Delete measurements of a pair: the named ones, or all of them."""
        self._sandbox.rows(
            "DELETE FROM iot_data.timescale_measurements "
            "WHERE device_id = %s AND parameter_id = %s "
            "AND (cardinality(%s::timestamptz[]) = 0 OR time = ANY (%s::timestamptz[]))",
            (device, parameter, list(instants), list(instants)),
        )

    def add_pairs(self, count: int, at: datetime) -> None:
        """*count* devices that are on, `d000` onwards, each with one measurement of `p`."""
        self.add_parameter("p")
        devices = [f"d{number:03}" for number in range(count)]
        self._sandbox.rows(
            "INSERT INTO iot_data.redshift_devices (device_id, status) "
            "SELECT device, true FROM unnest(%s) AS device",
            (devices,),
        )
        self._sandbox.rows(
            "INSERT INTO iot_data.timescale_measurements (time, device_id, parameter_id) "
            "SELECT %s, device, 'p' FROM unnest(%s) AS device",
            (at, devices),
        )

    def now(self) -> datetime:
        """The clock of the database."""
        return self._sandbox.now()

    def known_pairs(self) -> list[tuple[str, str, str, str]]:
        """The table in key order: device, its name, parameter, its name."""
        return [
            (device, device_name, parameter, parameter_name)
            for device, device_name, parameter, parameter_name in self._sandbox.rows(
                "SELECT device_id, device_name, parameter_id, parameter_name "
                'FROM iot_data.device_parameters ORDER BY device_id COLLATE "C", '
                'parameter_id COLLATE "C"'
            )
        ]

    def keys(self) -> list[tuple[str, str]]:
        """The known pairs without their names."""
        return [(device, parameter) for device, _, parameter, _ in self.known_pairs()]

    def _switch(self, device: str, *, is_on: bool) -> None:
        self._sandbox.rows(
            "UPDATE iot_data.redshift_devices SET status = %s WHERE device_id = %s",
            (is_on, device),
        )
