"""The bodies of device types."""

from typing import Annotated

import msgspec

from chalicelib.bodies import (
    END,
    STORABLE,
    UNSET,
    Body,
    Count,
    Instant,
    Meta,
    Text,
    UnsetType,
    spelled,
)
from chalicelib.features.device_types.metric_bodies import DeviceMetric, NewDeviceMetric, ValuePath
from chalicelib.features.device_types.model import (
    MAX_INTERVAL_SECONDS,
    MAX_METRICS,
    DeviceTypeSort,
)
from chalicelib.http.organizations import OrganizationId, OwnedListQuery

DeviceTypeId = Annotated[
    str,
    Meta(
        pattern=rf"^type-[0-9a-z]{{1,40}}{END}",
        description="The device type.",
        examples=["type-123"],
    ),
]
_TypeName = Annotated[
    str,
    Meta(
        pattern=spelled(
            rf"^(?=.{{1,64}}{END})[a-z0-9]+([._-][a-z0-9]+)*{END}",
            "must be at most 64 small letters and digits of ASCII, with single dots, dashes and "
            "underscores between them",
        ),
        description="What devices name it by. It is taken once in an organization, and once among "
        "the shared ones.",
        examples=["temperature-sensor-v2"],
    ),
]
_Owner = Annotated[OrganizationId | None, Meta(description="Whose it is; null where it is shared.")]
_IsShared = Annotated[
    bool, Meta(description="Whether it is the platform's, for every organization to use.")
]
_Description = Annotated[
    Annotated[str, Meta(pattern=STORABLE, min_length=1, max_length=1000)] | None,
    Meta(description="What is to be known of it.", examples=["Indoor sensor, firmware 2"]),
]
_Interval = Annotated[
    int,
    Meta(
        ge=1,
        le=MAX_INTERVAL_SECONDS,
        description="How often such a device reports, when all is well.",
        examples=[300],
    ),
]
_TimestampPath = Annotated[
    ValuePath | None,
    Meta(
        description="Where the time of the readings stands in what such a device sends; null for "
        "`timestamp`.",
        examples=["uplink_message.received_at"],
    ),
]
_NewMetrics = Annotated[
    list[NewDeviceMetric],
    Meta(
        max_length=MAX_METRICS,
        description="All of them. One that is left out is none any more; its readings stay.",
    ),
]
_CreatedAt = Annotated[Instant, Meta(description="Since when it is here.")]
_UpdatedAt = Annotated[Instant, Meta(description="When something of it was last changed.")]


class DeviceType(Body, rename="camel"):
    """A kind of device: how often such a device reports, and what."""

    device_type_id: DeviceTypeId
    organization_id: _Owner
    is_shared: _IsShared
    name: _TypeName
    description: _Description
    reporting_interval_seconds: _Interval
    timestamp_path: _TimestampPath
    metrics: Annotated[list[DeviceMetric], Meta(max_length=MAX_METRICS)]
    created_at: _CreatedAt
    updated_at: _UpdatedAt


class ListedDeviceType(Body, rename="camel"):
    """A kind of device, without its metrics: a page of those would be megabytes."""

    device_type_id: DeviceTypeId
    organization_id: _Owner
    is_shared: _IsShared
    name: _TypeName
    description: _Description
    reporting_interval_seconds: _Interval
    metric_count: Annotated[Count, Meta(description="How many metrics it has.")]
    created_at: _CreatedAt
    updated_at: _UpdatedAt


class NewDeviceType(Body, rename="camel"):
    """A device type that is to be."""

    name: _TypeName
    reporting_interval_seconds: _Interval
    description: _Description = None
    timestamp_path: _TimestampPath = None
    metrics: _NewMetrics = msgspec.field(default_factory=list)
    is_shared: Annotated[
        bool,
        Meta(
            description="Whether it is to be for every organization. The platform's own people may "
            "say so."
        ),
    ] = False


class DeviceTypeChange(Body, rename="camel"):
    """What is to change of a device type. A field that is left out stays as it is."""

    name: _TypeName | UnsetType = UNSET
    description: _Description | UnsetType = UNSET
    reporting_interval_seconds: _Interval | UnsetType = UNSET
    timestamp_path: _TimestampPath | UnsetType = UNSET
    metrics: _NewMetrics | UnsetType = UNSET


class RemovedDeviceType(Body, rename="camel"):
    """A device type that is none any more."""

    device_type_id: DeviceTypeId


class DeviceTypeListQuery(OwnedListQuery, rename="camel"):
    """Which device types to list."""

    name: (
        Annotated[
            Text, Meta(description="Only those with this in their name.", examples=["sensor"])
        ]
        | UnsetType
    ) = UNSET
    is_shared: (
        Annotated[
            bool,
            Meta(description="Only the platform's, or only those that are not.", examples=[True]),
        ]
        | UnsetType
    ) = UNSET
    sort_by: Annotated[
        DeviceTypeSort, Meta(description="By what they are sorted.", examples=["name"])
    ] = DeviceTypeSort.NAME
