"""What the suite over all features cannot read from the declarations of telemetry."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from chalicelib import database
from chalicelib.database import Deadline
from chalicelib.features.telemetry import gateway, write
from chalicelib.features.telemetry.invocations import (
    consume_queue,
    consume_stream,
    process_rule,
    tidy_telemetry,
)
from chalicelib.settings import database_from_environment
from tests.features.devices.uses import make_device
from tests.features.telemetry.sending import kinesis_event
from tests.isolation.probes import Probe, Probes
from tests.roles.doing import invocation, request
from tests.sandbox import Sandbox

NEVER_MADE = {
    ("api_handler", "sqs.send_message_batch"): "whoever asks over HTTP waits for no queue",
}
# Nobody is there: what is due stays due, and that is written down.
_ENVIRONMENT = {
    "TELEMETRY_REJECTS_QUEUE": "http://127.0.0.1:1/123456789012/rejects",
    "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
    "AWS_DEFAULT_REGION": "eu-west-1",
    "AWS_ACCESS_KEY_ID": "none",
    "AWS_SECRET_ACCESS_KEY": "none",
}


def everything(sandbox: Sandbox) -> Iterator[str]:
    """Readings that are new, corrected and unusual; rejects that are kept, told and tried again."""
    write.plans.clear()
    _registered(sandbox)
    one, another = (_record(sandbox, level=value) for value in (1, 20))
    wrong = {**one, "data": {"surprise": 1}}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in _ENVIRONMENT.items():
            patch.setenv(name, value)
        gateway.client.cache_clear()
        yield from invocation(lambda: process_rule(one, None))
        yield from invocation(lambda: process_rule(another, None))
        yield from invocation(lambda: consume_queue({"Records": [_message(one)]}, None))
        yield from invocation(lambda: process_rule(wrong, None))
    gateway.client.cache_clear()
    if consume_stream(kinesis_event(one), None)["batchItemFailures"]:
        yield "DATABASE_REFUSED: a batch was not stored"
    yield from request("POST", "/telemetry", _record(sandbox, level=1, twice=None, minutes=3))
    yield from _looked_at()
    sandbox.rows(
        "UPDATE iot_data.device_type_metrics SET name = 'surprise' WHERE name = 'other'; "
        "UPDATE iot_data.device_types SET version = version + 1 WHERE device_type_id = 'measures'"
    )
    yield from request("POST", "/telemetry/rejects/replay", {"reason": "unknown_metric"})
    sandbox.rows("UPDATE iot_data.telemetry_rejects SET rejected_at = now() - interval '1 year'")
    yield from invocation(lambda: tidy_telemetry(None))


def _looked_at() -> Iterator[str]:
    yield from request("GET", "/telemetry/latest?deviceId=measures-1")
    yield from request("GET", "/telemetry/rejects?reason=unknown_metric")
    yield from request("GET", "/telemetry/rejects/reasons")
    yield from invocation(_read_what_others_may)


def _read_what_others_may() -> None:
    engine = database.engine_for(database_from_environment())
    with database.transaction(engine, Deadline.after(30)) as connection:
        connection.exec_driver_sql("SELECT * FROM iot_data.latest_readings").all()


def _registered(sandbox: Sandbox) -> None:
    sandbox.rows(
        "INSERT INTO iot_data.organizations (organization_id, name) VALUES ('measures', 'M'); "
        "INSERT INTO iot_data.device_types (device_type_id, name, reporting_interval_seconds) "
        "VALUES ('measures', 'measures', 60); "
        "INSERT INTO iot_data.device_type_metrics (device_type_id, name, position, parameter_id, "
        "is_own_parameter, data_type, expression, usual_maximum, is_deviation_watched) VALUES "
        "('measures', 'level', 1, 'measures.level', true, 'number', NULL, 10, true), "
        "('measures', 'other', 2, 'measures.other', true, 'number', NULL, NULL, true), "
        "('measures', 'twice', 3, 'measures.twice', true, 'number', 'level + other', NULL, true); "
        "INSERT INTO iot_data.devices (device_id, organization_id, device_type_id, name) "
        "VALUES ('measures-1', 'measures', 'measures', 'M')"
    )


def _record(sandbox: Sandbox, *, minutes: int = 2, **data: float | None) -> dict[str, object]:
    at = sandbox.now().astimezone(UTC).replace(second=0, microsecond=0)
    return {
        "deviceId": "measures-1",
        "timestamp": (at - timedelta(minutes=minutes)).isoformat(),
        "data": data,
    }


def _message(record: dict[str, object]) -> dict[str, object]:
    return {"body": json.dumps(record), "attributes": {}}


USES = {"runtime": everything}


def _same_organization(_: Sandbox, organization_id: str) -> str:
    return organization_id


def _measuring(sandbox: Sandbox, organization_id: str) -> str:
    """A device of the organization that has measured something."""
    device_id = make_device(sandbox, organization_id)
    sandbox.rows(
        "INSERT INTO iot_data.device_readings (device_id, organization_id, latest, "
        "last_reading_at, reading_count) VALUES (%s, %s, '{}', now(), 1) ON CONFLICT DO NOTHING",
        [device_id, organization_id],
    )
    return device_id


def _rejecting(sandbox: Sandbox, organization_id: str) -> str:
    """A device of the organization, of which something was not stored."""
    device_id = make_device(sandbox, organization_id)
    _reject(sandbox, organization_id, device_id)
    return device_id


def _rejected(sandbox: Sandbox, organization_id: str) -> str:
    """Something of the organization that was not stored."""
    return _reject(sandbox, organization_id, f"dev-{organization_id}")


def _reject(sandbox: Sandbox, organization_id: str, device_id: str) -> str:
    reject_id = f"rej-{organization_id}"
    sandbox.rows(
        "INSERT INTO iot_data.telemetry_rejects (reject_id, organization_id, device_id, reason, "
        "message, way, payload, is_cut, is_quarantined, sent_at) VALUES (%s, %s, %s, "
        "'unknown_device', 'no device', 'kinesis', %s, false, true, NULL) ON CONFLICT DO NOTHING",
        [reject_id, organization_id, device_id, json.dumps({"deviceId": device_id})],
    )
    return reject_id


def _listed(variable: str, target: str, make: object, missing: str) -> Probe:
    """A filter: what it does not find makes an empty list."""
    return Probe(variable, target, make, missing, status=200)  # type: ignore[arg-type]


def _of_organization(target: str, body: object = None) -> Probe:
    return Probe("organizationId", target, _same_organization, "org-missing", body)


_DEVICE, _REJECT = "dev-org-missing", "rej-org-missing"
_REPLAY = "/telemetry/rejects/replay"
_NOW = datetime.now(UTC).isoformat()
PROBES = {
    "post_telemetry": Probes(
        (
            Probe(
                "deviceId",
                "/telemetry",
                _measuring,
                _DEVICE,
                {"deviceId": "{id}", "timestamp": _NOW, "data": {"level": 1}},
                status=200,
            ),
        ),
        why_repeatable="a reading that is sent again is there already",
    ),
    "list_latest_readings": Probes(
        (
            _of_organization("/telemetry/latest?organizationId={id}"),
            _listed("deviceId", "/telemetry/latest?deviceId={id}", _measuring, _DEVICE),
        )
    ),
    "list_telemetry_rejects": Probes(
        (
            _of_organization("/telemetry/rejects?organizationId={id}"),
            _listed("deviceId", "/telemetry/rejects?deviceId={id}", _rejecting, _DEVICE),
        )
    ),
    "count_telemetry_rejects": Probes(
        (_of_organization("/telemetry/rejects/reasons?organizationId={id}"),)
    ),
    "replay_telemetry_rejects": Probes(
        (
            _of_organization(f"{_REPLAY}?organizationId={{id}}", {}),
            Probe("deviceId", _REPLAY, _rejecting, _DEVICE, {"deviceId": "{id}"}, status=200),
            Probe("rejectIds", _REPLAY, _rejected, _REJECT, {"rejectIds": ["{id}"]}, status=200),
        ),
        why_repeatable="what has been stored is no reject any more",
    ),
}
