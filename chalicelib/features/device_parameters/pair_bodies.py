"""The bodies of what is known of a pair."""

from typing import Annotated

from chalicelib.bodies import Body, Instant, Meta
from chalicelib.features.device_parameters.bodies import LoggedReason, RunId, WindowMinutes
from chalicelib.features.device_parameters.model import Change

CANDIDATES_SHOWN = 10
LOGGED_CHANGES_SHOWN = 10


class KnownDevice(Body):
    """What the master data says of the device."""

    known: Annotated[bool, Meta(description="Whether the master data has the device.")]
    name: Annotated[str | None, Meta(description="Its name; null where it has none.")]
    status: Annotated[bool | None, Meta(description="Whether the device is active.")]


class KnownParameter(Body):
    """What the dictionary says of the parameter."""

    known: Annotated[bool, Meta(description="Whether the dictionary has the parameter.")]
    name: Annotated[str | None, Meta(description="Its name; null where it has none.")]


class Candidate(Body):
    """A device or a parameter that may have been meant."""

    id: Annotated[str, Meta(description="What to ask for.")]
    name: Annotated[str, Meta(description="Its name; the id where it has none.")]


class Candidates(Body):
    """The devices and parameters whose name is what was asked for as an id, in either case."""

    devices: Annotated[
        list[Candidate],
        Meta(max_length=CANDIDATES_SHOWN, description="Empty where a device has that id."),
    ]
    parameters: Annotated[
        list[Candidate],
        Meta(max_length=CANDIDATES_SHOWN, description="Empty where a parameter has that id."),
    ]


class WindowNow(Body):
    """The window of a run at this instant. It includes `start` and excludes `end`."""

    start: Annotated[Instant, Meta(description="The first instant in the window.")]
    end: Annotated[Instant, Meta(description="The first instant after it: the end of this hour.")]
    minutes: Annotated[WindowMinutes, Meta(description="How far a run looks back.")]


class LoggedChange(Body):
    """One change of a pair, and the run that made it."""

    run_id: RunId
    change: Annotated[Change, Meta(description="What it did.")]
    reason: LoggedReason
    as_of: Annotated[Instant, Meta(description="The instant that the run looked at.")]
    finished_at: Annotated[Instant | None, Meta(description="When the run ended.")]


class Explanation(Body):
    """Why a pair is in the table, or why it is not."""

    device_id: Annotated[str, Meta(description="The device that was asked about.")]
    parameter_id: Annotated[str, Meta(description="The parameter that was asked about.")]
    present: Annotated[bool, Meta(description="Whether the table holds the pair.")]
    observed: Annotated[
        bool, Meta(description="Whether a run at this instant would have it in the table.")
    ]
    last_seen_at: Annotated[
        Instant | None, Meta(description="Its newest measurement; null where there is none.")
    ]
    device: KnownDevice
    parameter: KnownParameter
    window: WindowNow
    changes: Annotated[
        list[LoggedChange],
        Meta(
            max_length=LOGGED_CHANGES_SHOWN,
            description="What runs did to the pair lately, newest first.",
        ),
    ]
    candidates: Candidates
    explanation: Annotated[str, Meta(description="All of this, put into a sentence.")]
