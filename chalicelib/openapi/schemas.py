"""The bodies of requests and answers, by name."""

from chalicelib.access.model import Role
from chalicelib.features.device_parameters import explain, status, sync
from chalicelib.features.device_parameters.explain import Obstacle
from chalicelib.features.device_parameters.model import Change, RunStatus, State, Trigger
from chalicelib.openapi.heartbeat_schemas import heartbeat_schemas
from chalicelib.openapi.load_schemas import load_schemas
from chalicelib.openapi.shapes import (
    Schema,
    flag,
    instant,
    listed,
    member,
    nullable,
    page,
    record,
    schema_ref,
    text,
    whole,
    wishes,
)
from chalicelib.settings import MAX_WINDOW_MINUTES

_NAMES = {
    "device_id": text("The device.", examples=["boiler-7"]),
    "device_name": text("Its name, or its id where it has none.", examples=["Boiler seven"]),
    "parameter_id": text("The parameter.", examples=["temperature"]),
    "parameter_name": text("Its name, or its id where it has none.", examples=["Temperature"]),
}
_REASON = member(Obstacle, "Why the pair was removed: the first of these that held.")
_WINDOW_MINUTES = whole("How far the run looked back.", minimum=1, maximum=MAX_WINDOW_MINUTES)


def schemas() -> dict[str, Schema]:
    """All of them."""
    return {
        "Health": record("The service is up.", status=text("Always `up`.", const="up")),
        "Me": _me(),
        "Status": _status(),
        "Run": record("One execution of the sync.", **_run()),
        "PlannedRun": _planned_run(),
        "RunError": _run_error(),
        "Deltas": _deltas(),
        "Changes": _changes(),
        "Pair": record("A device and a parameter it reports.", **_NAMES),
        "RemovedPair": record("A pair that is gone, and why.", **_NAMES, reason=_REASON),
        "Totals": _totals(),
        "Change": _change(),
        "DeviceParameter": _device_parameter(),
        "Explanation": _explanation(),
        "LoggedChange": _logged_change(),
        "SyncRequest": _sync_request(),
        "RunPage": page("Run", "Runs, newest first."),
        "ChangePage": page("Change", "Changes, by kind and key."),
        "DeviceParameterPage": page("DeviceParameter", "Pairs, in key order."),
        **heartbeat_schemas(),
        **load_schemas(),
        "Error": _error(),
    }


def _me() -> Schema:
    return record(
        "Who calls.",
        subject=text("The `sub` of the token, or `api-token` for the static one."),
        role=member(Role, "What the caller may do."),
    )


def _status() -> Schema:
    run = nullable(schema_ref("Run"))
    return record(
        "The state of the sync.",
        state=member(State, "The worst that is true."),
        last_run={**run, "description": "The newest run, whatever became of it."},
        last_success={**run, "description": "The newest run that succeeded."},
        changes=schema_ref("Changes"),
        totals=schema_ref("Totals"),
        warnings=listed(text("A sentence."), "What threatens the result; usually nothing."),
    )


def _run() -> dict[str, Schema]:
    return {
        "run_id": whole("Rises with each run; some are never used.", minimum=1, examples=[42]),
        "trigger": member(Trigger, "Who asked for it."),
        "status": member(RunStatus, "How it ended, or `running`."),
        "as_of": instant("The instant it looks at."),
        "window_minutes": _WINDOW_MINUTES,
        "started_at": instant("When it began."),
        "finished_at": nullable(instant("When it ended; null while it runs.")),
        "duration_ms": nullable(whole("How long it took; null while it runs.")),
        "deltas": schema_ref("Deltas"),
        "error": {
            **nullable(schema_ref("RunError")),
            "description": "Why it failed or was skipped; null otherwise.",
        },
    }


def _planned_run() -> Schema:
    changed = {
        "run_id": {"type": "null", "description": "A dry run is recorded nowhere."},
        "trigger": text("Who asked for it.", const=Trigger.API.value),
        "status": text("How it would end.", enum=["succeeded", "guarded"]),
        "finished_at": instant("When it ended."),
        "duration_ms": whole("How long it took."),
        "error": {"type": "null", "description": "A plan that fails is an error."},
        "planned": schema_ref("Changes"),
    }
    return record("What a run would do: a dry run.", **{**_run(), **changed})


def _run_error() -> Schema:
    return record(
        "Why a run failed or was skipped.",
        code=text("For programs.", minLength=1, examples=["abandoned"]),
        message=text("For people."),
    )


def _deltas() -> Schema:
    return record(
        "How many pairs a run changed, and what it saw.",
        added=whole("Pairs that came."),
        removed=whole("Pairs that went."),
        renamed=whole("Pairs of which a name changed."),
        held=whole("Removals that the guard keeps back."),
        observed=whole("Pairs measured in the window, by active devices, of known parameters."),
        unresolved=whole("Pairs left out because the dictionary lacks the parameter."),
    )


def _changes() -> Schema:
    limit = max(status.CHANGES_SHOWN, sync.PLANNED_CHANGES_SHOWN)
    pairs = schema_ref("Pair")
    return record(
        f"The first changes of each kind in key order, at most {limit}.",
        added=listed(pairs, "Pairs that came.", maxItems=limit),
        removed=listed(schema_ref("RemovedPair"), "Pairs that went.", maxItems=limit),
        renamed=listed(pairs, "Pairs with the names they have now.", maxItems=limit),
        truncated=flag("Whether there were more: `/runs/{run_id}/changes` lists them all."),
    )


def _totals() -> Schema:
    return record(
        "The size of the table after the last run that was applied.",
        devices=whole("Devices in the table."),
        parameters=whole("Parameters in the table."),
        pairs=whole("Rows of the table."),
    )


def _change() -> Schema:
    return record(
        "One line of a run's change log; the names are those after the change.",
        change=member(Change, "What the run did to the pair."),
        **_NAMES,
        reason=nullable({**_REASON, "description": "Why it was removed; null for other changes."}),
    )


def _device_parameter() -> Schema:
    return record(
        "One row of the table.",
        **_NAMES,
        created_at=instant("When the pair came."),
        updated_at=instant("When its row last changed."),
        last_seen_at=nullable(instant("Its newest measurement; null until its hour is over.")),
    )


def _explanation() -> Schema:
    name = nullable(text("Its name; null where it has none."))
    return record(
        "Why a pair is in the table, or why it is not.",
        device_id=text("As asked for."),
        parameter_id=text("As asked for."),
        present=flag("Whether the table holds the pair."),
        observed=flag("Whether a run at this instant would want it there."),
        last_seen_at=nullable(instant("Its newest measurement; null where there is none.")),
        device=record(
            "What the master data says.",
            known=flag("Whether it has the device."),
            name=name,
            status=nullable(flag("Whether the device is active.")),
        ),
        parameter=record(
            "What the dictionary says.", known=flag("Whether it has the parameter."), name=name
        ),
        window=record(
            "What a run at this instant would look at: from `start` on, up to but without `end`.",
            start=instant("Where it opens."),
            end=instant("Where it closes: the end of this hour."),
            minutes=_WINDOW_MINUTES,
        ),
        changes=listed(
            schema_ref("LoggedChange"),
            "What runs did to the pair lately, newest first.",
            maxItems=explain.CHANGES_SHOWN,
        ),
        explanation=text("All of this as one sentence."),
    )


def _logged_change() -> Schema:
    return record(
        "One change of a pair, and the run that made it.",
        run_id=whole("The run.", minimum=1),
        change=member(Change, "What it did."),
        reason=nullable({**_REASON, "description": "Why it was removed; null for other changes."}),
        as_of=instant("The instant the run looked at."),
        finished_at=nullable(instant("When the run ended.")),
    )


def _sync_request() -> Schema:
    return wishes(
        "What to ask of a run. Null means the same as to leave a field out.",
        window_minutes=nullable(
            whole(
                "How far to look back; as configured where left out.",
                minimum=1,
                maximum=MAX_WINDOW_MINUTES,
                examples=[120],
            )
        ),
        dry_run=nullable(flag("Only say what a run would do.")),
        force=nullable(flag("Release the removals that the guard holds; needs the role `admin`.")),
    )


def _error() -> Schema:
    return record(
        "What every error looks like.",
        error=record(
            "What went wrong.",
            code=text("For programs; stable, but there may be new ones.", pattern="^[A-Z0-9_]+$"),
            message=text("For people."),
            details={
                "type": "object",
                "description": "Facts; `parameter` names what is wrong in the request.",
                "additionalProperties": True,
            },
            requestId=text("Find the request in the log by it.", minLength=1),
        ),
    )
