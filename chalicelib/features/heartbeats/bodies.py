"""The bodies of heartbeats."""

import sys
from typing import Annotated, Any

from chalicelib.bodies import (
    UNSET,
    Body,
    Count,
    Id,
    Instant,
    Meta,
    ShortText,
    Text,
    UnsetType,
    WholeNumber,
)
from chalicelib.features.heartbeats.feature import MAX_STALE_AFTER_SECONDS
from chalicelib.features.heartbeats.model import MAX_BATCH, DeviceStatus
from chalicelib.instants import EARLIEST_INSTANT, SpelledInstant
from chalicelib.paging import PageQuery

DeviceId = Annotated[Id, Meta(description="The device.", examples=["hvac-unit-001"])]
SiteId = Annotated[Id, Meta(description="The site on which it stands.", examples=["building-a"])]
_Percent = Annotated[float, Meta(ge=0, le=100, examples=[25.5])]
_Gigabytes = Annotated[float, Meta(ge=0, le=sys.float_info.max, examples=[45.2])]
_AgentVersion = Annotated[ShortText | None, Meta(description="The version of its software.")]
_CpuPct = Annotated[_Percent | None, Meta(description="The load of its processor, in percent.")]
_DiskFreeGb = Annotated[_Gigabytes | None, Meta(description="Its free disk space, in gigabytes.")]
_QueueDepth = Annotated[
    WholeNumber | None, Meta(description="How many measurements it has not sent yet.")
]
_PollIntervalS = Annotated[
    WholeNumber | None, Meta(description="How often it measures, in seconds.")
]
_Status = Annotated[DeviceStatus | None, Meta(description="How the device says it is.")]
_SPELLED = (
    f"ISO 8601 with its zone, or milliseconds since 1970; not before {EARLIEST_INSTANT:%Y-%m-%d}."
)


class Heartbeat(Body, gc=False):
    """A sign of life, and what the device says of itself.

    A field that is left out keeps what is stored; null clears it.
    """

    device_id: DeviceId
    site_id: SiteId
    status: _Status | UnsetType = UNSET
    agent_version: _AgentVersion | UnsetType = UNSET
    cpu_pct: _CpuPct | UnsetType = UNSET
    disk_free_gb: _DiskFreeGb | UnsetType = UNSET
    queue_depth: _QueueDepth | UnsetType = UNSET
    poll_interval_s: _PollIntervalS | UnsetType = UNSET
    last_upload_ts: (
        Annotated[
            SpelledInstant | None,
            Meta(description=f"When it last sent its measurements. {_SPELLED}"),
        ]
        | UnsetType
    ) = UNSET
    ts: (
        Annotated[
            SpelledInstant | None,
            Meta(description=f"When it said all this; by default the time of arrival. {_SPELLED}"),
        ]
        | UnsetType
    ) = UNSET


class HeartbeatBatch(Body):
    """Several heartbeats. A bad one keeps none of the others from being stored."""

    devices: Annotated[
        list[Any],
        Meta(
            max_length=MAX_BATCH,
            description="Each is judged by itself. Without times, a later one is newer.",
            extra_json_schema={
                "items": {"anyOf": [{"$ref": "#/components/schemas/Heartbeat"}, {}]}
            },
        ),
    ]


class RefusedHeartbeat(Body):
    """Why a heartbeat is not stored."""

    index: Annotated[int, Meta(ge=0, lt=MAX_BATCH, description="Its place in the batch, from 0.")]
    device_id: Annotated[str | None, Meta(description="The device, as far as it can be told.")]
    field: Annotated[
        str | None,
        Meta(description="The field that is wrong; null where it is the whole heartbeat."),
    ]
    reason: Annotated[str, Meta(description="For people.")]


class Recorded(Body):
    """What became of the heartbeats of a request."""

    received: Annotated[Count, Meta(description="How many heartbeats came.")]
    stored: Annotated[Count, Meta(description="How many of them are stored.")]
    quarantined: Annotated[
        Count, Meta(description="How many are of unknown devices, and therefore set apart.")
    ]
    refused: Annotated[
        list[RefusedHeartbeat], Meta(max_length=MAX_BATCH, description="The others.")
    ]


class SilenceCheck(Body):
    """What a check for silent devices found.

    `is_skipped` says that another check was under way. `pending_event_count` is null where no bus
    is configured, or where the queue of events could not be read.
    """

    checked_at: Instant
    became_stale: Count = 0
    recovered: Count = 0
    stale: Count = 0
    is_skipped: bool = False
    pending_event_count: Count | None = None


class DeviceState(Body):
    """What a device last said of itself. Null means that it never said so, or cleared it."""

    device_id: DeviceId
    site_id: SiteId
    last_seen_ts: Annotated[Instant, Meta(description="The time of its newest heartbeat.")]
    age_seconds: Annotated[float, Meta(ge=0, description="How long ago that was.")]
    is_stale: Annotated[bool, Meta(description="Whether it has been silent for too long.")]
    status: _Status
    agent_version: _AgentVersion
    cpu_pct: _CpuPct
    disk_free_gb: _DiskFreeGb
    queue_depth: _QueueDepth
    poll_interval_s: _PollIntervalS
    last_upload_ts: Annotated[
        Instant | None, Meta(description="When it last sent its measurements.")
    ]
    updated_at: Annotated[
        Instant | None, Meta(description="When a heartbeat of it was last stored.")
    ]


class StaleDevice(Body):
    """A device that has been silent for too long."""

    device_id: DeviceId
    site_id: SiteId
    last_seen_ts: Annotated[Instant, Meta(description="The time of its newest heartbeat.")]
    age_seconds: Annotated[float, Meta(ge=0, description="How long ago that was.")]


class StaleSite(Body):
    """A site with silent devices."""

    site_id: SiteId
    stale_count: Annotated[int, Meta(ge=1, description="How many of its devices are silent.")]
    oldest_last_seen_ts: Annotated[
        Instant,
        Meta(description="The newest heartbeat of the device that has been silent for longest."),
    ]
    oldest_age_seconds: Annotated[float, Meta(ge=0, description="How long ago that was.")]


class UnknownDevice(Body):
    """A device that nobody knows and that sends heartbeats."""

    device_id: DeviceId
    site_id: Annotated[SiteId, Meta(description="The site that its last heartbeat named.")]
    first_seen_at: Annotated[Instant, Meta(description="When its first heartbeat came.")]
    last_seen_at: Annotated[Instant, Meta(description="When its last heartbeat came.")]
    heartbeat_count: Annotated[int, Meta(ge=1, description="How many came, about.")]
    last_heartbeat: Annotated[
        dict[str, Any], Meta(description="What it said last; `ts` is its own time.")
    ]


class UnknownDeviceQuery(PageQuery):
    """Which unknown devices to list."""

    site_id: (
        Annotated[Text, Meta(description="Only devices of this site.", examples=["building-b"])]
        | UnsetType
    ) = UNSET


class Forgotten(Body):
    """A device of which nothing is left."""

    device_id: DeviceId


class StaleSiteQuery(PageQuery):
    """Which sites to list."""

    min_age_seconds: Annotated[
        int,
        Meta(
            ge=0,
            le=MAX_STALE_AFTER_SECONDS,
            description="Only devices that have been silent for longer than this, in seconds.",
            examples=[300],
        ),
    ] = 0


class StaleDeviceQuery(StaleSiteQuery):
    """Which devices to list."""

    site_id: (
        Annotated[Text, Meta(description="Only devices of this site.", examples=["building-b"])]
        | UnsetType
    ) = UNSET
