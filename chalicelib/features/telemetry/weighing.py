"""What the readings of a batch add up to: computed values, marks, and the newest of each metric."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from chalicelib.features.telemetry.anomalies import judge_one
from chalicelib.features.telemetry.judging import RefusedError, within_limits
from chalicelib.features.telemetry.model import SECOND, Record, Reject
from chalicelib.features.telemetry.plans import Metric, Plan

# The newest reading of a metric, as it is stored: when it was measured, in microseconds since 1970,
# its value, what is unusual about it, and how the metric has behaved until then. Thousands are read
# and written with each batch, and none is an object for longer than it takes to judge it.
Latest = list[Any]
_AT, _VALUE, _QUALITY, _BEHAVIOUR = range(4)


@dataclass
class Device:
    """A device that readings have come of; *latest* is by parameter.

    *last_at* is the time of the last reading that has come, in microseconds since 1970.
    """

    device_id: str
    organization_id: str
    plan: Plan
    latest: dict[str, Latest] = field(default_factory=dict)
    last_at: int = 0


@dataclass
class Moment:
    """What a device reported of one time, by the names of metrics.

    *record* is the last one that said something. *known* is what was stored of the same time
    before, as far as something is computed from it. *withdrawn* are the metrics that have no value
    any more, if they had one: it was computed from what has been corrected.
    """

    device: Device
    at: int
    record: Record
    values: dict[str, float]
    known: dict[str, float] = field(default_factory=dict)
    withdrawn: list[str] = field(default_factory=list)


class Anomaly(NamedTuple):
    """A reading with which a metric began to behave unusually."""

    device: Device
    metric: Metric
    at: int
    value: float
    before: Sequence[float] | None


@dataclass
class Columns:
    """Readings as the columns in which they are written; *ats* in microseconds since 1970."""

    ats: list[int] = field(default_factory=list)
    device_ids: list[str] = field(default_factory=list)
    parameter_ids: list[str] = field(default_factory=list)
    values: list[float] = field(default_factory=list)
    qualities: list[int] = field(default_factory=list)


@dataclass
class Weighed:
    """What is to be written of a batch; *marked_count* are the readings that are unusual.

    *withdrawn* are device, parameter and time of values that are none any more.
    """

    columns: Columns = field(default_factory=Columns)
    withdrawn: list[tuple[str, str, int]] = field(default_factory=list)
    began: list[Anomaly] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    marked_count: int = 0


def wanted(moments: Iterable[Moment]) -> Iterator[tuple[Moment, str]]:
    """What has to be looked up: what is not in a moment and something is computed from.

    Devices may send what they know of one time in several records.
    """
    for moment in moments:
        touched = {*moment.values, *moment.known}
        for computed in moment.device.plan.computed:
            names = computed.expression.names
            if names & touched:
                yield from ((moment, name) for name in names - touched)
                touched.add(computed.metric.name)


def compute(moment: Moment) -> list[Reject]:
    """Add to *moment* what is computed from its values; returns what cannot be.

    A value that has none, such as one that is divided by zero, is left out.
    """
    rejects = []
    for computed in moment.device.plan.computed:
        metric, names = computed.metric, computed.expression.names
        values = {**moment.known, **moment.values}
        if names.isdisjoint(values):
            continue
        value = computed.expression.evaluate(values)
        if value is None:
            moment.withdrawn += [metric.name] if names <= values.keys() else []
            continue
        try:
            moment.values[metric.name] = within_limits(metric, value)
        except RefusedError as error:
            moment.withdrawn.append(metric.name)
            device = moment.device
            facts = (device.device_id, device.organization_id, metric.name)
            rejects.append(Reject(moment.record, error.reason, error.message, *facts))
    return rejects


def weigh(moments: Mapping[tuple[str, int], Moment]) -> Weighed:
    """Judge the readings of *moments*, by device and time, and bring their devices up to date."""
    weighed = Weighed()
    for key in sorted(moments):
        moment = moments[key]
        if moment.device.plan.computed:
            weighed.rejects += compute(moment)
        _weigh_moment(moment, weighed)
    return weighed


def _weigh_moment(moment: Moment, weighed: Weighed) -> None:
    device, at, columns = moment.device, moment.at, weighed.columns
    metrics, latest = device.plan.metrics, device.latest
    # They are judged in the order of time.
    device.last_at = at
    _withdraw(moment, weighed)
    for name, value in moment.values.items():
        metric = metrics[name]
        parameter_id = metric.parameter_id
        known = latest.get(parameter_id)
        before = known and known[_BEHAVIOUR]
        behaviour, quality = judge_one(metric.bounds, before, at / SECOND, value)
        if known is None or at > known[_AT]:
            latest[parameter_id] = [at, value, quality, behaviour]
            if quality and not (known and known[_QUALITY]):
                weighed.began.append(Anomaly(device, metric, at, value, before))
        elif at == known[_AT] and value != known[_VALUE]:
            # A correction; how the metric behaves was learnt from the first value.
            latest[parameter_id] = [at, value, quality, known[_BEHAVIOUR]]
        if quality:
            weighed.marked_count += 1
        columns.ats.append(at)
        columns.device_ids.append(device.device_id)
        columns.parameter_ids.append(parameter_id)
        columns.values.append(value)
        columns.qualities.append(quality)


def _withdraw(moment: Moment, weighed: Weighed) -> None:
    device = moment.device
    for name in moment.withdrawn:
        parameter_id = device.plan.metrics[name].parameter_id
        weighed.withdrawn.append((device.device_id, parameter_id, moment.at))
        if device.latest.get(parameter_id, [None])[_AT] == moment.at:
            del device.latest[parameter_id]
