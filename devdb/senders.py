"""Registered devices, which send what they measure by the stream of telemetry."""

from collections.abc import Set
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from zlib import crc32

from sqlalchemy import Connection, text

from chalicelib import database
from chalicelib.database import EVERY_ORGANIZATION, Deadline
from devdb.faults import spoil
from devdb.fleet import Fleet
from devdb.kinds import Document, Kind, kind_of
from devdb.life import READINGS_EVERY, WORK_SECONDS
from devdb.stream import Stream

# What is computed of a type is not sent.
_REGISTERED = text(
    "SELECT device.device_id, type.timestamp_path, json_agg(metric) AS metrics "
    "FROM iot_data.v_devices AS device "
    "JOIN iot_data.v_device_types AS type USING (device_type_id) "
    "JOIN iot_data.v_device_type_metrics AS metric USING (device_type_id) "
    "WHERE device.lifecycle <> 'deleted' AND metric.expression IS NULL "
    "GROUP BY device.device_id, type.timestamp_path"
)
_STORED = text(
    "SELECT device_id, time, json_object_agg(parameter_id, value) AS readings "
    "FROM iot_data.timescale_measurements WHERE device_id = ANY (:device_ids) "
    "GROUP BY time, device_id ORDER BY time, device_id"
)


@dataclass
class Senders:
    """The devices of *fleet* that are registered, and strangers, which are not.

    Each sends what it reports at the moment, once a minute and at a second of its own. It goes on
    after it has been deleted, as devices do.
    """

    fleet: Fleet
    stream: Stream
    _kinds: dict[str, Kind] = field(default_factory=dict)
    _welcome: set[str] = field(default_factory=set)
    _minutes: dict[str, int] = field(default_factory=dict)
    _counts: dict[str, int] = field(default_factory=dict)

    def look_round(self) -> list[str]:
        """Have devices that somebody has registered send what their type measures.

        Returns which are new.
        """
        kinds = self._registered()
        newcomers = sorted(kinds.keys() - self.fleet.reporting.keys())
        self._welcome.update(newcomers)
        self._kinds |= kinds
        self.fleet.by_stream |= kinds.keys()
        for device_id in self._welcome:
            self.fleet.reporting[device_id] = set(self._kinds[device_id].metrics)
        return newcomers

    def add_stranger(self, device_id: str, like: str) -> None:
        """Have a device send what the device *like* could, although nobody has registered it."""
        self._kinds[device_id] = self._kinds[like]

    def send(self, now: datetime, *, but: Set[str] = frozenset()) -> None:
        """Have each send whose time has come, *but* these, which leave it out."""
        due = [device_id for device_id in self._kinds if self._is_due(device_id, now)]
        records = ((each, self._measured(each, now)) for each in due if each not in but)
        self.stream.put((each, record) for each, record in records if record is not None)

    def send_again(self) -> int:
        """Have them send all that is stored of them, and return how many records these are.

        Nothing of it is new, but it tells what is usual.
        """
        with self._transaction() as connection:
            found = connection.execute(_STORED, {"device_ids": list(self._kinds)}).all()
        self.stream.put(
            (
                row.device_id,
                self._kinds[row.device_id].record(row.device_id, row.time, row.readings),
            )
            for row in found
        )
        return len(found)

    def _is_due(self, device_id: str, now: datetime) -> bool:
        """Whether the device's own second of the minute has come since it was due last."""
        interval = int(READINGS_EVERY.total_seconds())
        minute = (int(now.timestamp()) - crc32(device_id.encode()) % interval) // interval
        before, self._minutes[device_id] = self._minutes.get(device_id), minute
        return minute != before

    def _measured(self, device_id: str, now: datetime) -> Document | None:
        """The record of all that the device reports at the moment; None where that is nothing."""
        kind = self._kinds[device_id]
        values = kind.values_at(device_id, now)
        reported = self.fleet.reporting.get(device_id, values.keys()) & values.keys()
        if not reported:
            return None
        record = kind.record(device_id, now, {each: values[each] for each in reported})
        spoil(device_id, self._counts.setdefault(device_id, 0), record)
        self._counts[device_id] += 1
        return record

    def _registered(self) -> dict[str, Kind]:
        with self._transaction() as connection:
            return {
                row.device_id: kind_of(row.timestamp_path, row.metrics)
                for row in connection.execute(_REGISTERED)
            }

    def _transaction(self) -> AbstractContextManager[Connection]:
        deadline = Deadline.after(WORK_SECONDS)
        return database.transaction(self.fleet.engine, deadline, EVERY_ORGANIZATION)
