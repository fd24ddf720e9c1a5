"""What heartbeats add up to, said as simply as it can be, and what is stored."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from chalicelib.features.heartbeats.model import Report
from tests.sandbox import Sandbox

FIELDS = (
    *("last_upload_ts", "queue_depth", "agent_version", "poll_interval_s"),
    *("cpu_pct", "disk_free_gb", "status"),
)
State = dict[str, Any]


def expected(reports: Iterable[Report]) -> dict[str, State]:
    """Each field is what the last heartbeat that named it said; of equals, the greatest."""
    by_device: dict[str, list[Report]] = {}
    for report in reports:
        by_device.setdefault(report.device_id, []).append(report)
    return {device_id: _state(said) for device_id, said in by_device.items()}


def stored(sandbox: Sandbox) -> dict[str, State]:
    """The table, less `updated_at`."""
    columns = ("device_id", "site_id", "last_seen_ts", *FIELDS)
    rows = sandbox.rows(f"SELECT {', '.join(columns)} FROM iot_data.device_state")
    states = [dict(zip(columns, row, strict=True)) for row in rows]
    return {state.pop("device_id"): _in_utc(state) for state in states}


def _state(said: list[Report]) -> State:
    state: State = {"last_seen_ts": max(report.seen_at for report in said)}
    for name in ("site_id", *FIELDS):
        naming = [report for report in said if name in report.fields]
        last = max((report.seen_at for report in naming), default=None)
        values = [found.fields[name] for found in naming if found.seen_at == last]
        state[name] = max((v for v in values if v is not None), default=None)
    return state


def _in_utc(state: State) -> State:
    return {
        name: value.astimezone(UTC) if isinstance(value, datetime) else value
        for name, value in state.items()
    }
