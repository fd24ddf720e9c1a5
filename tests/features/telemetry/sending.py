"""What devices send, and what of it is stored, as tests ask for both."""

import base64
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Engine

from chalicelib.database import EVERY_ORGANIZATION, Deadline
from chalicelib.features.telemetry.arriving import Arrived, from_payload
from chalicelib.features.telemetry.context import Ingestion, Outcome
from chalicelib.features.telemetry.ingest import ingest
from chalicelib.features.telemetry.model import Admission, Way
from tests.sandbox import Sandbox

TYPE = "sensor"
_COLUMNS = (
    "unit",
    "data_type",
    "minimum",
    "maximum",
    "conversion_scale",
    "conversion_offset",
    "conversion_unit",
    "expression",
    "path",
    "usual_minimum",
    "usual_maximum",
    "usual_change_per_minute",
    "is_deviation_watched",
)
_ADD_METRIC = f"""
INSERT INTO iot_data.device_type_metrics (
    device_type_id, name, organization_id, position, parameter_id, is_own_parameter,
    {", ".join(_COLUMNS)}
)
VALUES (%(type)s, %(name)s, NULL, %(position)s, %(parameter)s, true,
        {", ".join(f"%({column})s" for column in _COLUMNS)})
"""
_STORED = """
SELECT device_id, parameter_id, time, value, quality
FROM iot_data.timescale_measurements
ORDER BY device_id, parameter_id, time
"""


@dataclass
class Sender:
    """Devices that send, and the database that it is stored in."""

    sandbox: Sandbox
    engine: Engine
    admission: Admission = field(default_factory=Admission)
    organization: str = EVERY_ORGANIZATION
    bus: str | None = None
    letter_queue: str | None = None

    def add_organization(self, organization_id: str) -> None:
        self.sandbox.rows(
            "INSERT INTO iot_data.organizations (organization_id, name) VALUES (%s, %s)",
            [organization_id, organization_id],
        )

    def add_type(
        self, type_id: str, *, timestamp_path: str | None = None, **metrics: dict[str, Any]
    ) -> None:
        """A type that is shared; each of *metrics* by what is declared of it."""
        self.sandbox.rows(
            "INSERT INTO iot_data.device_types (device_type_id, name, reporting_interval_seconds, "
            "timestamp_path) VALUES (%s, %s, 60, %s)",
            [type_id, type_id, timestamp_path],
        )
        for position, (name, declared) in enumerate(metrics.items()):
            self._add_metric(type_id, name, position, declared)

    def _add_metric(self, type_id: str, name: str, position: int, declared: dict[str, Any]) -> None:
        values = {
            **dict.fromkeys(_COLUMNS),
            "data_type": "number",
            "is_deviation_watched": True,
            "type": type_id,
            "name": name,
            "position": position,
            "parameter": f"{type_id}.{name}",
            **declared,
        }
        self.sandbox.rows(_ADD_METRIC, values)

    def add_device(
        self, device_id: str, type_id: str = TYPE, organization_id: str = "org-1"
    ) -> None:
        self.sandbox.rows(
            "INSERT INTO iot_data.devices (device_id, organization_id, device_type_id, name) "
            "VALUES (%s, %s, %s, %s)",
            [device_id, organization_id, type_id, device_id],
        )

    def now(self) -> datetime:
        """The database's clock, to the second."""
        return self.sandbox.now().astimezone(UTC).replace(microsecond=0)

    def ago(self, **spans: float) -> str:
        """An instant in the past, as devices spell it."""
        return (self.now() - timedelta(**spans)).isoformat()

    def ingestion(self, way: Way = Way.RULE) -> Ingestion:
        return Ingestion(
            self.engine,
            Deadline.after(60),
            way,
            admission=self.admission,
            organization=self.organization,
            bus=self.bus,
            letter_queue=self.letter_queue,
        )

    def take(self, arrived: Arrived, way: Way = Way.RULE) -> Outcome:
        return ingest(self.ingestion(way), arrived)

    def send(self, *records: Any) -> Outcome:
        """Have the records arrive together."""
        return self.take(from_payload(list(records)))

    def report(self, device_id: str, at: str, **data: Any) -> Outcome:
        """Have one record arrive, as the requirement spells it."""
        return self.send({"deviceId": device_id, "timestamp": at, "data": data})

    def stored(self) -> dict[tuple[str, str, datetime], float]:
        """All measurements: the values by device, metric and time."""
        rows = self.sandbox.rows(_STORED)
        return {(device, _metric(name), at): value for device, name, at, value, _ in rows}

    def qualities(self) -> list[int]:
        return [row[4] for row in self.sandbox.rows(_STORED)]

    def latest(self) -> dict[tuple[str, str], tuple[datetime, float]]:
        """The newest readings: time and value by device and metric."""
        rows = self.sandbox.rows(
            "SELECT device_id, parameter_id, time, value FROM iot_data.latest_readings"
        )
        return {(device, _metric(name)): (at, value) for device, name, at, value in rows}

    def rejects(self) -> list[tuple[str | None, str | None, str]]:
        """What is kept of what is not stored: device, metric, and reason, in order."""
        rows = self.sandbox.rows(
            "SELECT device_id, metric, reason FROM iot_data.telemetry_rejects "
            "ORDER BY device_id, metric, reason"
        )
        return [(device, metric, reason) for device, metric, reason in rows]


def kinesis_event(*records: Any, first: int = 1) -> dict[str, Any]:
    """A batch as Kinesis hands it over: bytes, or what is spelled as JSON."""
    return {
        "Records": [
            {
                "kinesis": {
                    "data": base64.b64encode(_spelled(record)).decode(),
                    "sequenceNumber": str(first + number),
                    "approximateArrivalTimestamp": 1700056800.25,
                    "partitionKey": "key",
                },
                "eventSource": "aws:kinesis",
            }
            for number, record in enumerate(records)
        ]
    }


def _spelled(record: Any) -> bytes:
    return record if isinstance(record, bytes) else json.dumps(record).encode()


def _metric(parameter_id: str) -> str:
    return parameter_id.partition(".")[2]
