"""The bodies and the queries of what callers ask of the sync."""

from typing import Annotated

from chalicelib.bodies import UNSET, Body, Meta, SerialNumber, Text, UnsetType
from chalicelib.features.device_parameters.bodies import Comment, WindowMinutes
from chalicelib.features.device_parameters.model import Change, RunStatus, Trigger
from chalicelib.paging import PageQuery

MAX_PAUSE_MINUTES = 7 * 24 * 60


class RunRequest(Body):
    """What a caller asks of a run. Null means the same as leaving the field out."""

    window_minutes: Annotated[
        WindowMinutes | None,
        Meta(
            description="How far to look back; by default as far as is configured.",
            examples=[120],
        ),
    ] = None
    dry_run: Annotated[
        bool | None,
        Meta(
            description="Only say what a run would do. The closed hours of the window are "
            "materialized all the same."
        ),
    ] = None
    force: Annotated[
        bool | None,
        Meta(
            description="Remove whatever is not observed, held or not. It needs the role `admin`. "
            "`/removals/release` lets go of what somebody has looked at, and of nothing else."
        ),
    ] = None
    comment: Annotated[
        Comment | None, Meta(description="Why, for the audit log.", examples=["Site was closed."])
    ] = None


class EventRunRequest(RunRequest):
    """What an event, or whoever invokes the function, asks of a run."""

    as_of: Annotated[
        str | None, Meta(description="The instant to look at: ISO 8601 with its zone.")
    ] = None
    run_id: Annotated[
        SerialNumber | None, Meta(description="A run that a request has opened already.")
    ] = None


class PauseRequest(Body):
    """For how long to pause the runs that nobody asks for."""

    minutes: Annotated[
        int,
        Meta(ge=1, le=MAX_PAUSE_MINUTES, description="From now on, a week at most.", examples=[60]),
    ]
    comment: Annotated[
        Comment | None,
        Meta(description="Why, for the audit log.", examples=["Master data is being reloaded."]),
    ] = None


class RunQuery(PageQuery):
    """Which runs to list."""

    status: (
        Annotated[RunStatus, Meta(description="Only runs in this status.", examples=["succeeded"])]
        | UnsetType
    ) = UNSET
    trigger: (
        Annotated[
            Trigger, Meta(description="Only runs that were started in this way.", examples=["api"])
        ]
        | UnsetType
    ) = UNSET


class ChangeQuery(PageQuery):
    """Which changes of a run to list."""

    change: (
        Annotated[Change, Meta(description="Only changes of this kind.", examples=["removed"])]
        | UnsetType
    ) = UNSET


class DeviceParameterQuery(PageQuery):
    """Which rows of the table to list."""

    device_id: (
        Annotated[Text, Meta(description="Only pairs of this device.", examples=["boiler-7"])]
        | UnsetType
    ) = UNSET
    parameter_id: (
        Annotated[Text, Meta(description="Only pairs of this parameter.", examples=["temperature"])]
        | UnsetType
    ) = UNSET
    q: (
        Annotated[
            Text,
            Meta(
                description="Only pairs with this text in a name or an id, in either case.",
                examples=["boiler"],
            ),
        ]
        | UnsetType
    ) = UNSET
