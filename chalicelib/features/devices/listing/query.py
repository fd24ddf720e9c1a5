"""What lists of devices are asked for."""

from typing import Annotated

import msgspec

from chalicelib.bodies import UNSET, Meta, ShortText, UnsetType
from chalicelib.features.devices.model import (
    ConnectivityStatus,
    DeviceSort,
    Included,
    Lifecycle,
    ListedStatus,
)
from chalicelib.http.organizations import OwnedListQuery

_NO_FILTERS = ("page", "pageSize", "sortOrder", "sortBy", "after", "organizationId", "include")


class DeviceListQuery(OwnedListQuery, rename="camel"):
    """Which devices to list; all that is said has to hold."""

    status: (
        Annotated[ListedStatus, Meta(description="How they are.", examples=["online"])] | UnsetType
    ) = UNSET
    lifecycle: (
        Annotated[Lifecycle, Meta(description="How far they have come.", examples=["active"])]
        | UnsetType
    ) = UNSET
    connectivity: (
        Annotated[
            ConnectivityStatus,
            Meta(
                description="Whether they are heard of, in maintenance or not.",
                examples=["offline"],
            ),
        ]
        | UnsetType
    ) = UNSET
    device_type: (
        Annotated[
            ShortText,
            Meta(description="The name of their type.", examples=["temperature-sensor-v2"]),
        ]
        | UnsetType
    ) = UNSET
    location: (
        Annotated[
            ShortText,
            Meta(
                description="Words of their address, or how they begin, in any order.",
                examples=["building a"],
            ),
        ]
        | UnsetType
    ) = UNSET
    near: (
        Annotated[
            ShortText,
            Meta(
                description="A latitude, a longitude, and how far from there they are at most, in "
                "kilometres.",
                examples=["37.7749,-122.4194,5"],
            ),
        ]
        | UnsetType
    ) = UNSET
    tags: (
        Annotated[
            ShortText,
            Meta(description="Tags of which they have any.", examples=["office,building-a"]),
        ]
        | UnsetType
    ) = UNSET
    tags_all: (
        Annotated[
            ShortText,
            Meta(description="Tags of which they have all.", examples=["office,building-a"]),
        ]
        | UnsetType
    ) = UNSET
    q: (
        Annotated[
            ShortText,
            Meta(
                description="Words of their name, serial number or id, or how they begin, in any "
                "order.",
                examples=["temp sensor"],
            ),
        ]
        | UnsetType
    ) = UNSET
    sort_by: Annotated[
        DeviceSort, Meta(description="By what they are sorted.", examples=["name"])
    ] = DeviceSort.NAME
    include: (
        Annotated[
            Included,
            Meta(description="What to show of each besides.", examples=["lastReading"]),
        ]
        | UnsetType
    ) = UNSET


def filters_in(query: DeviceListQuery) -> dict[str, str]:
    """The filters of *query*, as they were spelled."""
    given = msgspec.to_builtins(query)
    return {name: value for name, value in given.items() if name not in _NO_FILTERS}
