"""Telling others that a metric has begun to behave unusually; docs/events.md says what they get."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime
from math import isfinite
from typing import Any

from sqlalchemy import Connection, Engine

from chalicelib.database import Deadline
from chalicelib.features.telemetry.anomalies import Behaviour, Finding, explain
from chalicelib.features.telemetry.model import SECOND, from_microseconds
from chalicelib.features.telemetry.weighing import Anomaly
from chalicelib.instants import instant
from chalicelib.outbox import store as outbox
from chalicelib.outbox.send import send_pending

STREAM = "telemetry"
SOURCE = "iot.telemetry"
DETAIL_TYPE = "Anomaly Detected"
# So many fit into what EventBridge bills as one event.
MOST_IN_AN_EVENT = 100


def queue(connection: Connection, now: datetime, began: Iterable[Anomaly]) -> None:
    """Queue events of the anomalies that *began*, by organization."""
    by_organization = defaultdict(list)
    for anomaly in began:
        by_organization[anomaly.device.organization_id].append(_item(anomaly))
    outbox.queue(
        connection,
        stream=STREAM,
        batch_key=instant(now),
        source=SOURCE,
        detail_type=DETAIL_TYPE,
        details=_details(now, by_organization),
        occurred_at=now,
    )


def send(engine: Engine, bus: str, deadline: Deadline) -> int | None:
    """Send what is queued; returns how many events still wait."""
    return send_pending(engine, bus, STREAM, deadline)


def _details(
    now: datetime, by_organization: dict[str, list[dict[str, Any]]]
) -> Iterator[dict[str, Any]]:
    for organization_id, items in sorted(by_organization.items()):
        parts = [
            items[start : start + MOST_IN_AN_EVENT]
            for start in range(0, len(items), MOST_IN_AN_EVENT)
        ]
        for number, part in enumerate(parts, 1):
            yield {
                "noticed_at": instant(now),
                "organization_id": organization_id,
                "chunk": number,
                "chunks": len(parts),
                "anomalies": part,
            }


def _item(anomaly: Anomaly) -> dict[str, Any]:
    metric, at = anomaly.metric, anomaly.at
    before = None if anomaly.before is None else Behaviour._make(anomaly.before)
    findings = explain(metric.rules, before, at / SECOND, anomaly.value)
    return {
        "device_id": anomaly.device.device_id,
        "metric": metric.name,
        "parameter_id": metric.parameter_id,
        "measured_at": instant(from_microseconds(at)),
        "value": anomaly.value,
        "findings": [_finding(finding) for finding in findings],
    }


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "kind": str(finding.mark.name).lower(),
        "low": finding.low,
        "high": finding.high,
        "score": finding.score if isfinite(finding.score) else None,
        "message": finding.text,
    }
