"""The bodies of removals that wait for a person."""

from typing import Annotated

from chalicelib.bodies import UNSET, Body, Count, Id, Instant, Meta, SerialNumber, Text, UnsetType
from chalicelib.features.device_parameters.bodies import Comment, RemovedPair
from chalicelib.features.device_parameters.model import Budget, Obstacle
from chalicelib.paging import PageQuery

GROUPS_SHOWN = 50
MAX_PAIRS = 500
# A filter may name the longest ids that there are.
MAX_TOKEN = 32_768

SiteId = Annotated[
    str | None,
    Meta(description="`location_id` of the device, where it is known.", examples=["north"]),
]
DeviceTypeId = Annotated[
    str | None, Meta(description="Its `device_type_id`, where it is known.", examples=["meter"])
]


class HeldRemoval(RemovedPair):
    """A pair that is in the table still, although it is no longer observed."""

    scope: Annotated[
        Budget, Meta(description="What it is held for: too much of this had fallen silent at once.")
    ]
    site_id: SiteId
    device_type_id: DeviceTypeId
    last_seen_at: Annotated[
        Instant | None,
        Meta(
            description="Its newest measurement when it was held, in the hours that had been "
            "materialized; null where there was none."
        ),
    ]
    held_at: Annotated[Instant, Meta(description="Since when it is held.")]
    run_id: Annotated[SerialNumber, Meta(description="The run that held it.")]
    released_at: Annotated[
        Instant | None, Meta(description="When it was released; the next run removes it then.")
    ]
    released_by: Annotated[str | None, Meta(description="Who released it.")]


_Reason = (
    Annotated[
        Obstacle, Meta(description="Only those with this reason.", examples=["window_expired"])
    ]
    | UnsetType
)
_Scope = (
    Annotated[Budget, Meta(description="Only those held for this.", examples=["table"])] | UnsetType
)
_Site = (
    Annotated[Text, Meta(description="Only those of this site.", examples=["north"])] | UnsetType
)
_DeviceType = (
    Annotated[Text, Meta(description="Only those of this device type.", examples=["meter"])]
    | UnsetType
)
_Device = (
    Annotated[Text, Meta(description="Only those of this device.", examples=["boiler-7"])]
    | UnsetType
)
_Parameter = (
    Annotated[Text, Meta(description="Only those of this parameter.", examples=["temperature"])]
    | UnsetType
)


class RemovalFilter(Body):
    """Which of the held removals are meant; all of them, where nothing is said."""

    reason: _Reason = UNSET
    scope: _Scope = UNSET
    site_id: _Site = UNSET
    device_type_id: _DeviceType = UNSET
    device_id: _Device = UNSET
    parameter_id: _Parameter = UNSET


class RemovalQuery(PageQuery):
    """Which of the held removals to list; the fields are those of `RemovalFilter`."""

    reason: _Reason = UNSET
    scope: _Scope = UNSET
    site_id: _Site = UNSET
    device_type_id: _DeviceType = UNSET
    device_id: _Device = UNSET
    parameter_id: _Parameter = UNSET


class GroupCount(Body):
    """How many of the removals are of one kind."""

    value: Annotated[str | None, Meta(description="Null for those of which it is not known.")]
    count: Annotated[Count, Meta(description="How many there are.")]


_Groups = Annotated[list[GroupCount], Meta(max_length=GROUPS_SHOWN)]


class RemovalReview(Body):
    """What a person has to know before releasing removals, and the token to release them with."""

    count: Annotated[Count, Meta(description="Removals that wait and are meant by the filter.")]
    reasons: Annotated[_Groups, Meta(description="How many for each reason, most first.")]
    scopes: Annotated[_Groups, Meta(description="How many are held for what.")]
    sites: Annotated[_Groups, Meta(description="How many at each site, the first 50.")]
    device_types: Annotated[_Groups, Meta(description="How many of each type, the first 50.")]
    parameters: Annotated[_Groups, Meta(description="How many of each parameter, the first 50.")]
    last_seen_from: Annotated[
        Instant | None, Meta(description="The oldest of their newest measurements.")
    ]
    last_seen_until: Annotated[
        Instant | None, Meta(description="The newest of their newest measurements.")
    ]
    newest_measurement_at: Annotated[
        Instant | None,
        Meta(
            description="The newest measurement of any device, up to now. Where that is old, "
            "ingestion is down, and nothing should be released."
        ),
    ]
    token: Annotated[
        str, Meta(description="Releases what is counted here, and nothing that is held later.")
    ]


class NamedKey(Body):
    """A pair by its ids."""

    device_id: Annotated[Id, Meta(description="The device.", examples=["boiler-7"])]
    parameter_id: Annotated[Id, Meta(description="The parameter.", examples=["temperature"])]


class ReleaseRequest(Body):
    """What somebody has reviewed and lets go."""

    token: Annotated[
        str,
        Meta(
            max_length=MAX_TOKEN,
            description="The `token` of the review, unchanged.",
            # The pattern is for the document only: what does not match is refused in a sentence.
            extra_json_schema={"pattern": "^[A-Za-z0-9_-]+$"},
        ),
    ]
    pairs: (
        Annotated[
            list[NamedKey],
            Meta(max_length=MAX_PAIRS, description="Only these of what was reviewed."),
        ]
        | None
    ) = None
    comment: Annotated[
        Comment | None, Meta(description="Why, for the audit log.", examples=["Site was closed."])
    ] = None


class Release(Body):
    """What became of a release. The next run removes what is not observed by then."""

    reviewed: Annotated[Count, Meta(description="How many had been counted in the review.")]
    released: Annotated[
        Count,
        Meta(
            description="How many of them are released now. The others are observed again, or "
            "are held for another reason by now."
        ),
    ]
    held: Annotated[Count, Meta(description="How many removals wait still.")]
