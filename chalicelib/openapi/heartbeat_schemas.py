"""The bodies of heartbeats, by name."""

from chalicelib.features.heartbeats.fields import (
    EARLIEST_INSTANT,
    MAX_DOUBLE,
    MAX_INTEGER,
    MAX_TEXT_LENGTH,
)
from chalicelib.features.heartbeats.model import MAX_BATCH, DeviceStatus
from chalicelib.openapi.shapes import (
    Schema,
    flag,
    instant,
    listed,
    member,
    nullable,
    number,
    page,
    record,
    schema_ref,
    stored_text,
    text,
    whole,
    wishes,
)

_DEVICE_ID = text("The device.", examples=["hvac-unit-001"])
_SITE_ID = text("Where it stands.", examples=["building-a"])
_LAST_SEEN = instant("The time of its newest heartbeat.")


def heartbeat_schemas() -> dict[str, Schema]:
    """All of them."""
    return {
        "Heartbeat": _heartbeat(),
        "HeartbeatBatch": _heartbeat_batch(),
        "Recorded": _recorded(),
        "RefusedHeartbeat": _refused(),
        "DeviceState": _device_state(),
        "StaleDevice": _stale_device(),
        "StaleDevicePage": page("StaleDevice", "Devices, the longest silence first."),
        "StaleSite": _stale_site(),
        "StaleSitePage": page("StaleSite", "Sites, by name."),
    }


def _heartbeat() -> Schema:
    known = wishes(
        "A sign of life, and what the device says of itself.",
        device_id=_named("The device."),
        site_id=_named("Where it stands."),
        status=nullable(member(DeviceStatus, "How it is.")),
        agent_version=nullable(
            stored_text("The version of its software.", maxLength=MAX_TEXT_LENGTH)
        ),
        cpu_pct=nullable(number("Its load.", maximum=100, examples=[25.5])),
        disk_free_gb=nullable(number("Free space.", maximum=MAX_DOUBLE, examples=[45.2])),
        queue_depth=nullable(whole("What it has not sent yet.", maximum=MAX_INTEGER)),
        poll_interval_s=nullable(whole("How often it measures.", maximum=MAX_INTEGER)),
        last_upload_ts=nullable(_device_time("When it last sent its measurements.")),
        ts=nullable(_device_time("When it said all this; the time of arrival if left out.")),
    )
    return {**known, "required": ["device_id", "site_id"]}


def _heartbeat_batch() -> Schema:
    # Any item will do: one that is no heartbeat is refused by itself.
    item: Schema = {"anyOf": [schema_ref("Heartbeat"), {}]}
    return record(
        "Heartbeats, of which the bad ones keep none of the others from being stored.",
        devices=listed(item, "A later one is newer, if they say no time.", maxItems=MAX_BATCH),
    )


def _recorded() -> Schema:
    return record(
        "What became of the heartbeats.",
        received=whole("How many came.", maximum=MAX_BATCH),
        stored=whole("How many are stored.", maximum=MAX_BATCH),
        refused=listed(schema_ref("RefusedHeartbeat"), "The others.", maxItems=MAX_BATCH),
    )


def _refused() -> Schema:
    return record(
        "Why a heartbeat is not stored.",
        index=whole("Its place in the batch, from 0.", maximum=MAX_BATCH - 1),
        device_id=nullable(text("The device, as far as it can be told.")),
        field=nullable(text("What is wrong in it; null where all of it is.")),
        reason=text("For people."),
    )


def _device_state() -> Schema:
    return record(
        "What a device last said of itself; null is what it never said, or cleared.",
        device_id=_DEVICE_ID,
        site_id=_SITE_ID,
        last_seen_ts=_LAST_SEEN,
        age_seconds=number("How long ago that was."),
        is_stale=flag("Whether it has been silent for too long."),
        status=nullable(member(DeviceStatus, "How it is.")),
        agent_version=nullable(text("The version of its software.")),
        cpu_pct=nullable(number("Its load, in percent.")),
        disk_free_gb=nullable(number("Free space.")),
        queue_depth=nullable(whole("What it has not sent yet.")),
        poll_interval_s=nullable(whole("How often it measures.")),
        last_upload_ts=nullable(instant("When it last sent its measurements.")),
        updated_at=nullable(instant("When a heartbeat of it was last stored.")),
    )


def _stale_device() -> Schema:
    return record(
        "A device that has been silent for too long.",
        device_id=_DEVICE_ID,
        site_id=_SITE_ID,
        last_seen_ts=_LAST_SEEN,
        age_seconds=number("How long ago that was."),
    )


def _stale_site() -> Schema:
    return record(
        "A site with silent devices.",
        site_id=_SITE_ID,
        stale_count=whole("How many.", minimum=1),
        oldest_last_seen_ts=instant("The newest heartbeat of the one that is silent for longest."),
        oldest_age_seconds=number("How long ago that was."),
    )


def _named(description: str) -> Schema:
    return stored_text(description, minLength=1, maxLength=MAX_TEXT_LENGTH)


def _device_time(description: str) -> Schema:
    return {
        "type": ["string", "number"],
        "description": f"{description} ISO 8601 with its zone, or milliseconds since 1970; "
        f"{EARLIEST_INSTANT:%Y} or later.",
        "examples": ["2026-11-01T10:17:03.25Z", 1793528223250],
    }
