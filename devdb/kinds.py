"""What devices of a type send: as the type declares it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from chalicelib import paths
from chalicelib.instants import instant
from devdb.measuring import measured, step_at, within

Document = dict[str, Any]

_TIMESTAMP = "timestamp"


@dataclass(frozen=True)
class Metric:
    """Something that devices of a type send; the fields are those of `v_device_type_metrics`."""

    name: str
    parameter_id: str
    unit: str | None
    data_type: str
    minimum: float | None
    maximum: float | None
    conversion_scale: float | None
    conversion_offset: float | None
    conversion_unit: str | None
    path: str | None

    def value_at(self, device_id: str, at: datetime) -> float:
        """What the device measures then, within what is possible."""
        value = measured(device_id, self.parameter_id, at)
        low = min(value, self.maximum or value) if self.minimum is None else self.minimum
        high = max(value, low) if self.maximum is None else self.maximum
        return value if low <= value <= high else within(low, high, at)

    def spelled(self, value: float, at: datetime) -> object:
        """*value* as the device sends it."""
        if self.data_type == "boolean":
            return step_at(at) > 0
        if self.conversion_scale:
            value = round((value - (self.conversion_offset or 0.0)) / self.conversion_scale, 6)
        sent = round(value) if self.data_type == "integer" else value
        unit = self.conversion_unit or self.unit
        return sent if unit is None or self.path is not None else {"value": sent, "unit": unit}


@dataclass(frozen=True)
class Kind:
    """What devices of a type send: *metrics* by their parameters, and where the time stands."""

    metrics: Mapping[str, Metric]
    timestamp_path: str

    def values_at(self, device_id: str, at: datetime) -> dict[str, float]:
        """What the device measures then, by parameters."""
        return {each: metric.value_at(device_id, at) for each, metric in self.metrics.items()}

    def record(self, device_id: str, at: datetime, values: Mapping[str, float]) -> Document:
        """The record of those of *values*, by parameters, that the type has."""
        document: Document = {"deviceId": device_id}
        _put(document, paths.parse(self.timestamp_path), instant(at))
        for parameter_id in sorted(values.keys() & self.metrics.keys()):
            metric = self.metrics[parameter_id]
            path = ("data", metric.name) if metric.path is None else paths.parse(metric.path)
            _put(document, path, metric.spelled(values[parameter_id], at))
        return document


def kind_of(timestamp_path: str | None, metrics: Iterable[Mapping[str, Any]]) -> Kind:
    """The kind whose metrics have the fields of `v_device_type_metrics`."""
    names = Metric.__dataclass_fields__
    found = [Metric(**{name: metric[name] for name in names}) for metric in metrics]
    return Kind({metric.parameter_id: metric for metric in found}, timestamp_path or _TIMESTAMP)


def _put(document: Any, path: paths.Path, value: object) -> None:
    """Put *value* into *document* at *path*, and make what is missing on the way."""
    step, *rest = path
    if isinstance(step, int):
        step = max(step, 0)
        document += [None] * (step + 1 - len(document))
        known = document[step]
    else:
        known = document.get(step)
    if rest:
        document[step] = ([] if isinstance(rest[0], int) else {}) if known is None else known
        _put(document[step], tuple(rest), value)
    else:
        document[step] = value
