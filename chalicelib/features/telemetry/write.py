"""Writing a batch of records, in one transaction."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import Connection

from chalicelib.features.telemetry import anomaly_events, rejects, store
from chalicelib.features.telemetry.addressing import Addressed
from chalicelib.features.telemetry.context import Ingestion, Outcome
from chalicelib.features.telemetry.judging import judged
from chalicelib.features.telemetry.model import Clock, Reason, Record, Reject, Way, clock
from chalicelib.features.telemetry.plans import Plan, plan_of
from chalicelib.features.telemetry.store import Found
from chalicelib.features.telemetry.weighing import Device, Moment, wanted, weigh

Moments = dict[tuple[str, int], Moment]

# A container keeps the plans of so many types, by type and version.
_MOST_PLANS = 1_000
plans: dict[tuple[str, int], Plan] = {}


class NewDevicesError(Exception):
    """Nothing is stored of some devices as yet, and so they have no row that could be locked."""


def write(
    connection: Connection,
    context: Ingestion,
    addressed: Sequence[Addressed],
    rejected: Sequence[Reject],
) -> Outcome:
    """Store what is right in *addressed*, and keep what is not, with what is *rejected* already.

    Raises `NewDevicesError` where `store.begin_devices` has to come first.
    """
    now = store.database_clock(connection)
    outcome = Outcome(rejects=list(rejected))
    moments = _moments(connection, context, now, addressed, outcome)
    if moments:
        _write_readings(connection, context, now, moments, outcome)
    if outcome.rejects:
        rejects.keep(connection, context, now, outcome.rejects)
    return outcome


def _moments(
    connection: Connection,
    context: Ingestion,
    now: datetime,
    addressed: Sequence[Addressed],
    outcome: Outcome,
) -> Moments:
    """What is right in the records, by device and time."""
    if not addressed:
        return {}
    device_ids = [device_id for device_id, _ in addressed]
    found = store.find_devices(connection, device_ids, context.organization_id)
    plan_of_type = _plans_of(connection, found.values())
    times = clock(now, context.admission)
    moments: Moments = {}
    for device_id, records in addressed:
        known = found.get(device_id)
        if known is None:
            outcome.rejects += _unknown(device_id, records)
            continue
        plan = plan_of_type[known.device_type_id, known.version]
        device = Device(device_id, known.organization_id, plan)
        for record in records:
            _take(device, record, times, moments, outcome)
    return moments


def _unknown(device_id: str, records: Sequence[Record]) -> list[Reject]:
    message = "no device is registered by this id"
    return [Reject(record, Reason.UNKNOWN_DEVICE, message, device_id) for record in records]


def _take(device: Device, record: Record, times: Clock, moments: Moments, outcome: Outcome) -> None:
    """Of two values of the same metric and time the one that comes later counts."""
    values, refused = judged(record, device.plan, times)
    outcome.rejects += [
        reject._replace(device_id=device.device_id, organization_id=device.organization_id)
        for reject in refused
    ]
    if values is None or not values.by_name:
        return
    outcome.measured_ats.append(values.at)
    key = (device.device_id, values.at)
    moment = moments.get(key)
    if moment is None:
        moments[key] = Moment(device, values.at, record, values.by_name)
    else:
        moment.record = record
        moment.values |= values.by_name


def _write_readings(
    connection: Connection,
    context: Ingestion,
    now: datetime,
    moments: Moments,
    outcome: Outcome,
) -> None:
    devices = {moment.device.device_id: moment.device for moment in moments.values()}
    latest = store.lock_devices(connection, sorted(devices))
    if len(latest) < len(devices):
        raise NewDevicesError
    for device_id, device in devices.items():
        device.latest = latest[device_id]
    if context.way is Way.REPLAY:
        _leave_stored(connection, moments)
    if missing := list(wanted(moments.values())):
        store.find_values(connection, missing)
    weighed = weigh(moments)
    written = store.store_readings(connection, weighed.columns, devices.values())
    if weighed.withdrawn:
        store.withdraw_values(connection, weighed.withdrawn)
    outcome.readings = len(weighed.columns.ats)
    outcome.stored, outcome.corrected = written
    outcome.marked, outcome.anomaly_count = weighed.marked_count, len(weighed.began)
    outcome.rejects += weighed.rejects
    if context.bus is not None and weighed.began:
        anomaly_events.queue(connection, now, weighed.began)


def _leave_stored(connection: Connection, moments: Moments) -> None:
    """Take out of *moments* what is stored already.

    What is tried again came before whatever was stored since: that may be a correction.
    """
    named = [(moment, name) for moment in moments.values() for name in moment.values]
    store.find_values(connection, named)
    for moment in moments.values():
        for name in moment.known.keys() & moment.values.keys():
            del moment.values[name]


def _plans_of(connection: Connection, found: Collection[Found]) -> dict[tuple[str, int], Plan]:
    """The plans of the types of devices: a change of a type is another version of it."""
    versions = {(one.device_type_id, one.version): one.timestamp_path for one in found}
    missing = {type_id for type_id, version in versions if (type_id, version) not in plans}
    if missing:
        if len(plans) > _MOST_PLANS:
            plans.clear()
            missing = {type_id for type_id, _ in versions}
        metrics = store.list_metrics(connection, missing)
        for (type_id, version), timestamp_path in versions.items():
            if type_id in missing:
                plans[type_id, version] = plan_of(timestamp_path, metrics.get(type_id, []))
    return {key: plans[key] for key in versions}
