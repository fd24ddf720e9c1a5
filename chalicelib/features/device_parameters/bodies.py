"""The bodies of runs, of the table, and of what is known of a pair."""

from datetime import timedelta
from typing import Annotated

import msgspec

from chalicelib.audit import MAX_COMMENT_LENGTH
from chalicelib.bodies import (
    UNSET,
    Body,
    Count,
    Instant,
    Meta,
    SerialNumber,
    Text,
    UnsetType,
)
from chalicelib.features.device_parameters.feature import MAX_WINDOW_MINUTES
from chalicelib.features.device_parameters.model import (
    Change,
    EvidenceSource,
    GuardMode,
    Obstacle,
    RunStatus,
    State,
    Trigger,
    Window,
    observation_window,
)

CHANGES_SHOWN = 50

DeviceId = Annotated[str, Meta(description="The device.", examples=["boiler-7"])]
DeviceName = Annotated[
    str, Meta(description="Its name, or its id where it has none.", examples=["Boiler seven"])
]
ParameterId = Annotated[str, Meta(description="The parameter.", examples=["temperature"])]
ParameterName = Annotated[
    str, Meta(description="Its name, or its id where it has none.", examples=["Temperature"])
]
WindowMinutes = Annotated[int, Meta(ge=1, le=MAX_WINDOW_MINUTES)]
Comment = Annotated[Text, Meta(max_length=MAX_COMMENT_LENGTH)]
RunId = Annotated[SerialNumber, Meta(description="The run's number.", examples=[42])]
LoggedReason = Annotated[
    Obstacle | None,
    Meta(description="Why it was removed: the first of these that held. Null for other changes."),
]


class Health(Body):
    """The status is 200 if a run could start now, and 503 otherwise.

    A caller with a valid token is told the reason.
    """

    status: Annotated[str, Meta(pattern="^up$", description="Always `up`.")] = "up"


class Deltas(Body):
    """How many pairs a run changed, and what it saw."""

    added: Annotated[Count, Meta(description="Pairs that were added.")] = 0
    removed: Annotated[Count, Meta(description="Pairs that were removed.")] = 0
    renamed: Annotated[
        Count, Meta(description="Pairs whose device or parameter has a new name.")
    ] = 0
    held: Annotated[Count, Meta(description="Removals that the guard holds back.")] = 0
    observed: Annotated[
        Count,
        Meta(description="Pairs measured in the window, by active devices, of known parameters."),
    ] = 0
    unresolved: Annotated[
        Count,
        Meta(
            description="Pairs left out because the dictionary lacks the parameter, or the ids are "
            "longer than a key."
        ),
    ] = 0


class RunError(Body):
    """Why a run failed or was skipped, or what one that was applied found wrong."""

    code: Annotated[str, Meta(min_length=1, description="For programs.", examples=["abandoned"])]
    message: Annotated[str, Meta(description="For people.")]


class RunEvidence(Body):
    """Where a run read what was observed. Both sources are exact, and one of them is faster."""

    source: Annotated[
        EvidenceSource,
        Meta(
            description="`measurements`, the `aggregate`, or `both`. The hour that is not over yet "
            "is always read from the measurements."
        ),
    ]
    measurements_since: Annotated[
        Instant, Meta(description="The measurements were read from this instant on.")
    ]
    reason: Annotated[str, Meta(description="Why: what was estimated, or what is configured.")]


class NamedPair(Body):
    """A device and a parameter that it reports."""

    device_id: DeviceId
    device_name: DeviceName
    parameter_id: ParameterId
    parameter_name: ParameterName


class RemovedPair(NamedPair):
    """A pair that is gone, and why."""

    reason: Annotated[
        Obstacle, Meta(description="Why it was removed: the first of these that held.")
    ]


class Changes(Body):
    """The first changes of each kind, in key order."""

    added: Annotated[
        list[NamedPair], Meta(max_length=CHANGES_SHOWN, description="Pairs that were added.")
    ] = msgspec.field(default_factory=list)
    removed: Annotated[
        list[RemovedPair], Meta(max_length=CHANGES_SHOWN, description="Pairs that were removed.")
    ] = msgspec.field(default_factory=list)
    renamed: Annotated[
        list[NamedPair],
        Meta(max_length=CHANGES_SHOWN, description="Pairs, with the names they have now."),
    ] = msgspec.field(default_factory=list)
    held: Annotated[
        list[RemovedPair],
        Meta(
            max_length=CHANGES_SHOWN,
            description="Removals that wait for a person: `/removals` lists them all.",
        ),
    ] = msgspec.field(default_factory=list)
    truncated: Annotated[
        bool, Meta(description="Whether there were more: `/runs/{run_id}/changes` lists them all.")
    ] = False


class Run(Body):
    """One execution of the sync.

    A dry run is recorded nowhere: it has no `run_id`, and says in `planned` what it would change.
    """

    run_id: Annotated[
        SerialNumber | None,
        Meta(
            description="Each run has a higher number than those before it; some numbers are never "
            "used. Null for a dry run.",
            examples=[42],
        ),
    ]
    trigger: Annotated[Trigger, Meta(description="What started it.")]
    status: Annotated[RunStatus, Meta(description="How it ended, or `running`.")]
    as_of: Annotated[Instant, Meta(description="The instant that it looks at.")]
    window_minutes: Annotated[WindowMinutes, Meta(description="How far the run looks back.")]
    started_at: Annotated[Instant, Meta(description="When it began.")]
    finished_at: Annotated[
        Instant | None, Meta(description="When it ended; null while it runs.")
    ] = None
    guard: Annotated[
        GuardMode,
        Meta(
            description="`on`: removals beyond a budget are held. `strict`: all are, because the "
            "window is narrower than configured. `released`: none is, because somebody forced it."
        ),
    ] = GuardMode.ON
    requested_by: Annotated[
        str | None, Meta(description="Who asked for it; null where no person did.")
    ] = None
    comment: Annotated[str | None, Meta(description="The reason that they gave.")] = None
    duration_ms: Annotated[
        Count | None, Meta(description="How long it took; null while it runs.")
    ] = None
    deltas: Deltas = msgspec.field(default_factory=Deltas)
    evidence: Annotated[
        RunEvidence | None,
        Meta(description="Where it read what was observed; null unless it was applied."),
    ] = None
    error: Annotated[
        RunError | None,
        Meta(
            description="Why it failed or was skipped. Of one that was applied: what it found "
            "wrong with the aggregate (`inconsistent`), or that this could not be brought up "
            "to date (`not_materialized`). Null otherwise."
        ),
    ] = None
    planned: Changes | UnsetType = UNSET

    def __post_init__(self) -> None:
        if self.finished_at is not None:
            milliseconds = (self.finished_at - self.started_at) // timedelta(milliseconds=1)
            msgspec.structs.force_setattr(self, "duration_ms", milliseconds)

    @property
    def has_changes(self) -> bool:
        """Whether this run adds, removes or renames anything."""
        return bool(self.deltas.added or self.deltas.removed or self.deltas.renamed)

    @property
    def window(self) -> Window:
        """The window this run looks at."""
        return observation_window(self.as_of, timedelta(minutes=self.window_minutes))

    @property
    def is_dry(self) -> bool:
        """Whether this run only plans."""
        return self.run_id is None

    @property
    def is_applied(self) -> bool:
        """Whether this run's delta is in the table."""
        return self.status in (RunStatus.SUCCEEDED, RunStatus.GUARDED)

    @property
    def recorded_id(self) -> int:
        """The id of a run that has a row; raises `ValueError` for a dry one."""
        if self.run_id is None:
            raise ValueError("a dry run is recorded nowhere")
        return self.run_id


class Totals(Body):
    """The size of the table after the last run that was applied."""

    devices: Annotated[Count, Meta(description="Devices in the table.")] = 0
    parameters: Annotated[Count, Meta(description="Parameters in the table.")] = 0
    pairs: Annotated[Count, Meta(description="Rows of the table.")] = 0


class Pause(Body):
    """A pause of the runs that nobody asks for: the scheduled ones, and those after loads."""

    paused_at: Annotated[Instant, Meta(description="When it began.")]
    paused_until: Annotated[Instant, Meta(description="When it ends by itself.")]
    paused_by: Annotated[str, Meta(description="Who paused them.")]
    comment: Annotated[str | None, Meta(description="The reason that they gave.")]


class Resumed(Body):
    """The runs go on."""

    is_paused: Annotated[bool, Meta(description="Always false.")] = False


class Status(Body):
    """The state of the sync."""

    state: Annotated[State, Meta(description="The most serious of the states that apply.")]
    last_run: Annotated[Run | None, Meta(description="The newest run, however it ended.")]
    last_success: Annotated[Run | None, Meta(description="The newest run that succeeded.")]
    changes: Changes
    held_removals: Annotated[
        Count, Meta(description="Removals that wait for a person now: `/removals` lists them.")
    ]
    pause: Annotated[
        Pause | None, Meta(description="Set while the runs that nobody asks for are paused.")
    ]
    totals: Totals
    warnings: Annotated[
        list[str],
        Meta(description="What threatens the result, each in a sentence; usually nothing does."),
    ]


class LoggedPair(NamedPair):
    """One line of a run's change log; the names are those after the change."""

    change: Annotated[Change, Meta(description="What the run did to the pair.")]
    reason: LoggedReason


class DeviceParameter(NamedPair):
    """One row of the table."""

    created_at: Annotated[Instant, Meta(description="When the pair was added.")]
    updated_at: Annotated[Instant, Meta(description="When its row last changed.")]
    last_seen_at: Annotated[
        Instant | None, Meta(description="Its newest measurement; null until its hour is over.")
    ]
