"""The JSON of this feature: what was stored, states, silence."""

from datetime import datetime, timedelta
from typing import Any

from chalicelib.features.heartbeats.model import (
    Check,
    DeviceState,
    Recorded,
    StaleDevice,
    StaleSite,
)
from chalicelib.instants import instant


def recorded_document(recorded: Recorded) -> dict[str, Any]:
    """What became of an event."""
    return {
        "received": recorded.received,
        "stored": recorded.stored,
        "refused": [vars(refusal) for refusal in recorded.refusals],
    }


def state_document(state: DeviceState, now: datetime, stale_after_seconds: int) -> dict[str, Any]:
    """The last state of one device, and how long ago that was."""
    age = now - state.last_seen_ts
    return {
        "device_id": state.device_id,
        "site_id": state.site_id,
        "last_seen_ts": instant(state.last_seen_ts),
        "age_seconds": _seconds(age),
        "is_stale": age > timedelta(seconds=stale_after_seconds),
        "status": state.status,
        "agent_version": state.agent_version,
        "cpu_pct": state.cpu_pct,
        "disk_free_gb": state.disk_free_gb,
        "queue_depth": state.queue_depth,
        "poll_interval_s": state.poll_interval_s,
        "last_upload_ts": instant(state.last_upload_ts) if state.last_upload_ts else None,
        "updated_at": instant(state.updated_at) if state.updated_at else None,
    }


def stale_device_document(device: StaleDevice, now: datetime) -> dict[str, Any]:
    """One silent device."""
    return {
        "device_id": device.device_id,
        "site_id": device.site_id,
        "last_seen_ts": instant(device.last_seen_ts),
        "age_seconds": _seconds(now - device.last_seen_ts),
    }


def stale_site_document(site: StaleSite, now: datetime) -> dict[str, Any]:
    """The silent devices of one site, counted."""
    return {
        "site_id": site.site_id,
        "stale_count": site.stale_count,
        "oldest_last_seen_ts": instant(site.oldest_last_seen_ts),
        "oldest_age_seconds": _seconds(now - site.oldest_last_seen_ts),
    }


def check_document(check: Check) -> dict[str, Any]:
    """What a check found."""
    return {
        "checked_at": instant(check.checked_at),
        "became_stale": check.became_stale,
        "recovered": check.recovered,
        "stale": check.stale,
        "is_skipped": check.is_skipped,
    }


def _seconds(age: timedelta) -> float:
    """Never negative: the clock of a device may be a little ahead."""
    return max(age.total_seconds(), 0.0)
