"""The bodies of connectivity."""

from typing import Annotated

from chalicelib.bodies import UNSET, Body, Count, Instant, Meta, SerialNumber, Text, UnsetType
from chalicelib.http.organizations import OrganizationId
from chalicelib.paging import PageQuery

_Comment = Annotated[Text, Meta(max_length=1000, description="Why.", examples=["Power cut."])]


class FleetHold(Body, rename="camel"):
    """An organization of whose devices none is declared offline, as nobody's are heard of."""

    organization_id: OrganizationId
    since: Annotated[Instant, Meta(description="Since when it is held.")]
    quiet_since: Annotated[
        Instant, Meta(description="The newest reading of any device of any organization then.")
    ]
    reason: Annotated[str, Meta(description="Why.", examples=["ingestion_stopped"])]
    silent_count: Annotated[Count, Meta(description="How many of its devices were silent then.")]
    device_count: Annotated[Count, Meta(description="Of how many that could be said.")]
    resumed_at: Annotated[
        Instant | None, Meta(description="Since when readings come again; null while they do not.")
    ]
    released_at: Annotated[Instant | None, Meta(description="When a person let it go.")]
    released_by: Annotated[str | None, Meta(description="Who did.")]
    comment: Annotated[str | None, Meta(description="What they said about it.")]


class FleetHoldQuery(PageQuery):
    """Which page of what is held."""


class FleetRelease(Body, rename="camel"):
    """Why what is held is let go."""

    comment: _Comment | UnsetType = UNSET


class Transition(Body, rename="camel"):
    """A device became online, or offline."""

    transition_id: Annotated[SerialNumber, Meta(description="Later ones have higher numbers.")]
    is_online: Annotated[bool, Meta(description="Whether it is online since then.")]
    was: Annotated[
        str, Meta(description="What it was before: never, online or offline.", examples=["online"])
    ]
    happened_at: Annotated[
        Instant,
        Meta(description="The time of its reading; or when it had been silent for too long."),
    ]
    noticed_at: Annotated[Instant, Meta(description="When a check noticed it.")]
    in_maintenance: Annotated[bool, Meta(description="Whether it was in maintenance.")]


class TransitionQuery(PageQuery):
    """Which page of transitions."""
