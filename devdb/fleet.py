"""A small fleet of imaginary devices that live through a day, for the demonstration."""

from collections.abc import Iterator, Set
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Engine, TextClause, text

from chalicelib import database
from devdb.measuring import measured

READING_INTERVAL = timedelta(minutes=15)
PARAMETERS = {"temp": "Temperature", "hum": "Humidity", "co2": "CO2", "bat": "Battery"}
LATE_PARAMETER = ("vib", "Vibration")

Values = dict[str, Any]
Reading = tuple[datetime, str, str]

_ADD_DEVICE = text(
    "INSERT INTO iot_data.redshift_devices (device_id, device_name, status) "
    "VALUES (:device_id, :device_name, true) ON CONFLICT DO NOTHING"
)
_ADD_PARAMETER = text(
    "INSERT INTO iot_data.timescale_parameters (parameter_id, parameter_name) "
    "VALUES (:parameter_id, :parameter_name) ON CONFLICT DO NOTHING"
)
_SWITCH = text("UPDATE iot_data.redshift_devices SET status = :status WHERE device_id = :device_id")
_RENAME = text(
    "UPDATE iot_data.redshift_devices SET device_name = :device_name WHERE device_id = :device_id"
)
# One statement for all of them: the embedded database serves one session at a time.
_REPORT = text(
    "INSERT INTO iot_data.timescale_measurements (time, device_id, parameter_id, value) "
    "SELECT * FROM unnest(CAST(:times AS timestamptz[]), CAST(:device_ids AS text[]), "
    "CAST(:parameter_ids AS text[]), CAST(:values AS float8[])) "
    "ON CONFLICT DO NOTHING"
)


@dataclass
class Fleet:
    """Which device reports what at the moment; the database holds what was reported.

    What the devices of *by_stream* report comes by the stream of telemetry; what others report is
    written as the platform's own loader would.
    """

    engine: Engine
    reporting: dict[str, set[str]] = field(default_factory=dict)
    by_stream: set[str] = field(default_factory=set)
    names: dict[str, str] = field(default_factory=dict)
    is_ingesting: bool = True

    def install(self) -> None:
        """The dictionary and the first twelve devices."""
        for parameter_id, parameter_name in PARAMETERS.items():
            self.describe(parameter_id, parameter_name)
        for number in range(1, 13):
            self.add_device(f"dev-{number:02}", f"Office {number}")

    def describe(self, parameter_id: str, parameter_name: str) -> None:
        """Enter a parameter into the dictionary."""
        values = {"parameter_id": parameter_id, "parameter_name": parameter_name}
        self._execute(_ADD_PARAMETER, values)

    def enter(self, device_id: str, device_name: str) -> None:
        """Enter a device into the master data, whatever it does."""
        self._execute(_ADD_DEVICE, {"device_id": device_id, "device_name": device_name})

    def add_device(self, device_id: str, device_name: str) -> None:
        """A new device that reports everything."""
        self.enter(device_id, device_name)
        self.reporting[device_id] = set(PARAMETERS)
        self.names[device_id] = device_name

    def switch(self, device_id: str, *, is_on: bool) -> None:
        """Set the device's status in the master data; it goes on reporting all the same."""
        self._execute(_SWITCH, {"device_id": device_id, "status": is_on})

    def rename(self, device_id: str, device_name: str) -> None:
        """Give the device another name in the master data."""
        self._execute(_RENAME, {"device_id": device_id, "device_name": device_name})
        self.names[device_id] = device_name

    def report(self, device_id: str, at: datetime) -> None:
        """One reading of everything the platform knows to measure, at any time."""
        self._store((at, device_id, parameter_id) for parameter_id in PARAMETERS)

    def live(self, start: datetime, end: datetime) -> None:
        """Every regular reading in `[start, end)`, unless ingestion is down."""
        if self.is_ingesting:
            self._store(reading for time in _ticks(start, end) for reading in self._readings(time))

    def report_all(self, at: datetime, *, but: Set[str] = frozenset()) -> None:
        """One reading of all that is reported otherwise than by stream, *but* by these devices."""
        others = but | self.by_stream
        self._store(reading for reading in self._readings(at) if reading[1] not in others)

    def _readings(self, at: datetime) -> Iterator[Reading]:
        for device_id, parameter_ids in self.reporting.items():
            yield from ((at, device_id, parameter_id) for parameter_id in sorted(parameter_ids))

    def _store(self, readings: Iterator[Reading]) -> None:
        rows = (
            (at, device, parameter, measured(device, parameter, at))
            for at, device, parameter in readings
        )
        columns = list(zip(*rows, strict=True))
        if columns:
            names = ("times", "device_ids", "parameter_ids", "values")
            self._execute(_REPORT, {n: list(c) for n, c in zip(names, columns, strict=True)})

    def _execute(self, statement: TextClause, values: Values) -> None:
        with database.translated_errors(), self.engine.begin() as connection:
            connection.execute(statement, values)


def _ticks(start: datetime, end: datetime) -> Iterator[datetime]:
    time = start
    while time < end:
        yield time
        time += READING_INTERVAL
