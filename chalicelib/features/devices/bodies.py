"""The bodies of devices."""

from typing import Annotated, Any

import msgspec

from chalicelib.bodies import UNSET, Body, Instant, Meta, SerialNumber, Text, UnsetType
from chalicelib.features.devices.certificates.bodies import (
    Csr,
    Provisioning,
    ProvisioningCredentials,
)
from chalicelib.features.devices.fields import (
    Address,
    ConnectionType,
    CreatedAt,
    DeviceId,
    DeviceName,
    IpAddress,
    Latitude,
    Longitude,
    MaintenanceUntil,
    Metadata,
    MetadataChange,
    SignalStrength,
    SimId,
    Tags,
    TypeName,
)
from chalicelib.features.devices.model import (
    Action,
    ConnectivityStatus,
    Lifecycle,
    Override,
    Status,
)
from chalicelib.http.organizations import OrganizationId
from chalicelib.listing import Listing
from chalicelib.paging import PageQuery


class Location(Body, rename="camel"):
    """Where a device is. What is left out is not known; in a change, it stays, and null clears."""

    lat: Latitude | UnsetType = UNSET
    lon: Longitude | UnsetType = UNSET
    address: Address | UnsetType = UNSET


class Connectivity(Body, rename="camel"):
    """How a device is connected. In a change, what is left out stays, and null clears."""

    type: ConnectionType | UnsetType = UNSET
    sim_id: SimId | UnsetType = UNSET
    signal_strength: SignalStrength | UnsetType = UNSET
    ip_address: IpAddress | UnsetType = UNSET


class NewDevice(Body, rename="camel"):
    """A device that is to be registered."""

    device_type: TypeName
    name: DeviceName
    location: Location | None = None
    connectivity: Connectivity | None = None
    metadata: Metadata = msgspec.field(default_factory=dict)
    tags: Tags = msgspec.field(default_factory=list)
    device_id: (
        Annotated[
            DeviceId,
            Meta(
                description="The id of a device that the platform's master table knows already. "
                "Admins of the platform may name it."
            ),
        ]
        | UnsetType
    ) = UNSET
    csr: Csr | UnsetType = UNSET


class Registered(Body, rename="camel"):
    """A device that has been registered."""

    device_id: DeviceId
    name: DeviceName
    status: Annotated[Status, Meta(description="How it is.", examples=["registered"])]
    provisioning: Provisioning
    provisioning_credentials: ProvisioningCredentials | None
    created_at: CreatedAt


_Percent = Annotated[float, Meta(ge=0, le=100, examples=[98.5])]


class Health(Body, rename="camel"):
    """How well a device has done over 30 days, or since it was registered."""

    uptime: Annotated[
        _Percent | None,
        Meta(description="For how much of the time it was online, in percent."),
    ]
    data_quality: Annotated[
        _Percent | None,
        Meta(
            description="In how many of the hours each of its metrics was measured, in percent; "
            "null where its type has no metrics, and in its first hour.",
        ),
    ]


_LastReading = Annotated[
    dict[str, Any] | None,
    Meta(
        description="Its newest values, by the names of its type's metrics, and the `timestamp` of "
        "the newest; null where there is none.",
        examples=[{"temperature": 23.5, "humidity": 45, "timestamp": "2025-11-15T10:05:00Z"}],
    ),
]

_LastReadingUnits = Annotated[
    dict[str, str] | None,
    Meta(
        description="The units of those values, as far as its type says them, by the names of the "
        "metrics; null where there is no reading.",
        examples=[{"temperature": "°C", "humidity": "%"}],
    ),
]


class Device(Body, rename="camel"):
    """A device of an organization."""

    device_id: DeviceId
    name: DeviceName
    organization_id: OrganizationId
    type: TypeName
    status: Annotated[Status, Meta(description="How it is.", examples=["online"])]
    lifecycle: Annotated[Lifecycle, Meta(description="How far it has come.")]
    connectivity_status: Annotated[
        ConnectivityStatus, Meta(description="Whether it is heard of, in maintenance or not.")
    ]
    location: Annotated[Location | None, Meta(description="Where it is.")]
    last_seen: Annotated[Instant | None, Meta(description="When it was last heard of.")]
    firmware_version: Annotated[
        str | None, Meta(description="The version of its software.", examples=["v2.1.0"])
    ]
    connectivity: Annotated[Connectivity | None, Meta(description="How it is connected.")]
    metadata: Metadata
    tags: Tags
    maintenance_until: MaintenanceUntil
    created_at: CreatedAt
    updated_at: Annotated[Instant, Meta(description="When something of it was last changed.")]
    last_reading: _LastReading | UnsetType = UNSET
    last_reading_units: _LastReadingUnits | UnsetType = UNSET
    health: Health | UnsetType = UNSET


class DeviceChange(Body, rename="camel"):
    """What is to change of a device. A field that is left out stays as it is."""

    name: DeviceName | UnsetType = UNSET
    device_type: TypeName | UnsetType = UNSET
    location: Location | UnsetType | None = UNSET
    connectivity: Connectivity | UnsetType | None = UNSET
    metadata: MetadataChange | UnsetType = UNSET
    tags: Tags | UnsetType = UNSET
    status: (
        Annotated[
            Override,
            Meta(description="`maintenance` until told otherwise; `active` ends that."),
        ]
        | UnsetType
    ) = UNSET
    maintenance_until: (
        Annotated[
            Text | None,
            Meta(
                description="When the maintenance ends, which must be in the future; null for "
                "until further notice.",
                examples=["2030-01-31T18:00:00Z"],
            ),
        ]
        | UnsetType
    ) = UNSET


class Deleted(Body, rename="camel"):
    """A device that is one no more."""

    device_id: DeviceId
    status: Annotated[Status, Meta(description="How it is.", examples=["deleted"])]
    deleted_at: Annotated[Instant, Meta(description="When that was done.")]


class DeviceListing(Listing[Device], rename="camel"):
    """One page of devices, how many there are, and by what they were found."""

    filters: Annotated[
        dict[str, str],
        Meta(
            description="What was asked for, by the names of the parameters.",
            examples=[{"status": "online"}],
        ),
    ]


class Change(Body, rename="camel"):
    """One thing that was done to a device, with what of it was not the same afterwards."""

    change_id: Annotated[SerialNumber, Meta(description="Later changes have higher numbers.")]
    changed_at: Annotated[Instant, Meta(description="When it was done.")]
    action: Annotated[Action, Meta(description="What was done.", examples=["changed"])]
    actor: Annotated[str, Meta(description="Who did it.", examples=["token:oncall"])]
    before: Annotated[dict[str, Any], Meta(description="What it was before.")]
    after: Annotated[dict[str, Any], Meta(description="What it has been since.")]


class ChangeQuery(PageQuery):
    """Which page of changes."""


class Parameter(Body, rename="camel"):
    """Something that a device reports."""

    parameter_id: Annotated[str, Meta(description="The parameter.", examples=["temperature"])]
    name: Annotated[str, Meta(description="What it is called.", examples=["Temperature"])]
    since: Annotated[Instant, Meta(description="Since when that is known.")]


class ParameterQuery(PageQuery):
    """Which page of what a device reports."""
