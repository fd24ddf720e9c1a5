"""What telemetry adds up to, said as simply as it can be, and what is stored of it.

The type that it knows has `temperature`, which cannot be above 100, `humidity`, and `total`, which
is the sum of both.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from chalicelib.features.telemetry import write
from tests.features.telemetry.sending import Sender

TYPE = "summing"
METRICS = ("temperature", "humidity")
KNOWN = {"dev-1": "org-1", "dev-2": "org-1", "dev-3": "org-2"}
Key = tuple[str, str, datetime]
# A device, a metric, a reason, the document, and when its carrier had it, if it has no time itself.
Refused = tuple[str | None, str | None, str, str, datetime | None]


class Sent(NamedTuple):
    """A record as it arrives; *at* is when its carrier had it, if that says so."""

    document: Mapping[str, Any]
    at: datetime | None = None


class State(NamedTuple):
    """All that is stored: readings, the latest of each metric, counts by device, rejects."""

    readings: dict[Key, float]
    latest: dict[tuple[str, str], tuple[datetime, float]]
    devices: dict[str, tuple[datetime, int, int]]
    rejects: set[Refused]


@dataclass
class Oracle:
    """A dictionary of readings, and a set of what was refused; *now* is when all of it arrives."""

    now: datetime
    readings: dict[Key, float] = field(default_factory=dict)
    rejects: set[Refused] = field(default_factory=set)
    corrected: Counter[str] = field(default_factory=Counter)

    def take(self, batch: Iterable[Sent]) -> None:
        """What comes later counts, and what is computed follows from what counts."""
        before = dict(self.readings)
        for sent in batch:
            self._take_one(sent)
        for device, _, at in list(self.readings):
            both = [self.readings.get((device, name, at)) for name in METRICS]
            if None not in both:
                self.readings[device, "total", at] = sum(both)  # type: ignore[arg-type]
        for (device, *_), value, old in (
            (key, self.readings[key], before[key]) for key in before.keys() & self.readings.keys()
        ):
            self.corrected[device] += value != old

    def state(self) -> State:
        """All that should be stored."""
        latest: dict[tuple[str, str], tuple[datetime, float]] = {}
        devices: dict[str, tuple[datetime, int, int]] = {}
        for (device, metric, at), value in sorted(
            self.readings.items(), key=lambda item: item[0][2]
        ):
            latest[device, metric] = (at, value)
            _, count, _ = devices.get(device, (at, 0, 0))
            devices[device] = (at, count + 1, self.corrected[device])
        return State(dict(self.readings), latest, devices, set(self.rejects))

    def _take_one(self, sent: Sent) -> None:
        document = sent.document
        device = document.get("deviceId")
        if not isinstance(device, str):
            return self._refuse(sent, None, None, "no_device")
        if device not in KNOWN:
            return self._refuse(sent, device, None, "unknown_device")
        spelled = document.get("timestamp")
        at = sent.at if spelled is None else datetime.fromisoformat(spelled)
        if at is None:
            return self._refuse(sent, device, None, "no_time")
        if at > self.now + timedelta(seconds=90):
            return self._refuse(sent, device, None, "ahead")
        if at < self.now - timedelta(days=7):
            return self._refuse(sent, device, None, "too_late")
        said = {name: value for name, value in document["data"].items() if value is not None}
        if not said:
            return self._refuse(sent, device, None, "no_values")
        for name, value in said.items():
            if reason := _reason(name, value):
                self._refuse(sent, device, name, reason)
            else:
                self.readings[device, name, at] = float(value)
        return None

    def _refuse(self, sent: Sent, device: str | None, metric: str | None, reason: str) -> None:
        has_time = "timestamp" in sent.document
        at = None if has_time else sent.at
        self.rejects.add((device, metric, reason, _canonical(sent.document), at))


def _reason(name: str, value: object) -> str | None:
    if name not in METRICS:
        return "unknown_metric"
    if isinstance(value, bool) or not isinstance(value, int | float):
        return "wrong_type"
    return "out_of_limits" if name == "temperature" and value > 100 else None


def add_fleet(sender: Sender) -> None:
    """Register the devices that the oracle knows."""
    sender.add_type(TYPE, temperature={"maximum": 100}, humidity={}, total=_TOTAL)
    for device_id, organization_id in KNOWN.items():
        sender.add_device(device_id, TYPE, organization_id)


def forget(sender: Sender) -> None:
    """Make everything as if nothing had been sent."""
    write.plans.clear()
    sender.sandbox.rows(
        "DELETE FROM iot_data.timescale_measurements; DELETE FROM iot_data.device_readings; "
        "DELETE FROM iot_data.telemetry_rejects"
    )


def stored(sender: Sender) -> State:
    """All that is stored."""
    devices = sender.sandbox.rows(
        "SELECT device_id, last_reading_at, reading_count, corrected_count "
        "FROM iot_data.device_readings WHERE reading_count > 0"
    )
    rejects = sender.sandbox.rows(
        "SELECT device_id, metric, reason, payload, sent_at FROM iot_data.telemetry_rejects"
    )
    return State(
        sender.stored(),
        sender.latest(),
        {device: (_utc(at), *counts) for device, at, *counts in devices},
        {_refused(*row) for row in rejects},
    )


def _refused(
    device: str | None, metric: str | None, reason: str, payload: str, at: datetime | None
) -> Refused:
    document = json.loads(payload)
    sent_at = None if "timestamp" in document or at is None else _utc(at)
    return device, metric, reason, _canonical(document), sent_at


def _canonical(document: Any) -> str:
    return json.dumps(document, sort_keys=True)


def _utc(at: datetime) -> datetime:
    return at.astimezone(UTC)


_TOTAL = {"expression": "temperature + humidity"}
