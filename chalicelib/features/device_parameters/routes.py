"""The HTTP side of the table and of its runs."""

from typing import Annotated

from sqlalchemy import Connection

from chalicelib import database
from chalicelib.access.callers import is_known, require_role
from chalicelib.access.model import Role, Scope
from chalicelib.bodies import Meta, Text
from chalicelib.database import Deadline, schema
from chalicelib.errors import (
    ApplicationError,
    RunAlreadyActiveError,
    ServiceDownError,
    UnknownResourceError,
)
from chalicelib.features.device_parameters import aggregate, listings, pausing, run_log
from chalicelib.features.device_parameters.bodies import (
    DeviceParameter,
    Health,
    LoggedPair,
    Pause,
    Resumed,
    Run,
    RunId,
    Status,
)
from chalicelib.features.device_parameters.context import Sync
from chalicelib.features.device_parameters.explain import explain
from chalicelib.features.device_parameters.feature import (
    CHECK_INTERVAL_MINUTES,
    FEATURE,
    SYNC_FUNCTION_NAME,
)
from chalicelib.features.device_parameters.model import Trigger
from chalicelib.features.device_parameters.pair_bodies import Explanation
from chalicelib.features.device_parameters.request_bodies import (
    ChangeQuery,
    DeviceParameterQuery,
    PauseRequest,
    RunQuery,
    RunRequest,
)
from chalicelib.features.device_parameters.run_requests import sync_request
from chalicelib.features.device_parameters.settings import sync_settings
from chalicelib.features.device_parameters.start import start
from chalicelib.features.device_parameters.status import read_status
from chalicelib.http import (
    REQUEST_SECONDS,
    Answer,
    Asked,
    Nothing,
    Page,
    Routes,
    page_of,
    reading,
    writing,
)

routes = Routes(__name__, FEATURE)

_SPELLED = "a `/` in it is written `%2F`."
_DeviceId = Annotated[
    Text, Meta(min_length=1, description=f"The device; {_SPELLED}", examples=["boiler-7"])
]
_ParameterId = Annotated[
    Text, Meta(min_length=1, description=f"The parameter; {_SPELLED}", examples=["temperature"])
]


@routes.get("/health", least=None, scope=Scope.OPEN, answers=Health)
def get_health(asked: Asked[Nothing, None]) -> Health:
    """Could a run start now?

    The status is 200 if so, and 503 otherwise. Whoever sends a valid token is told the reason.
    """
    try:
        with reading() as connection:
            schema.require_head(connection)
            aggregate.require_aggregates(connection)
    except ApplicationError as error:
        if is_known(asked.request):
            raise
        raise ServiceDownError(error.message) from error
    return Health()


@routes.get("/status", least=Role.VIEWER, scope=Scope.PLATFORM, answers=Status)
def get_status(_: Asked[Nothing, None]) -> Status:
    """How is the sync doing?

    The state, the last run and its changes, and the size of the table.
    """
    configured = sync_settings()
    with reading() as connection:
        return read_status(connection, configured)


@routes.get("/runs", least=Role.VIEWER, scope=Scope.PLATFORM, query=RunQuery, answers=Page[Run])
def list_runs(asked: Asked[RunQuery, None]) -> Page[Run]:
    """Runs, newest first."""
    with reading() as connection:
        runs = listings.list_runs(connection, asked.query)
    return page_of(runs, asked.query, lambda run: (run.run_id,))


@routes.get(
    "/runs/{run_id}",
    least=Role.VIEWER,
    scope=Scope.PLATFORM,
    answers=Run,
    refuses=(UnknownResourceError,),
)
def get_run(_: Asked[Nothing, None], run_id: RunId) -> Run:
    """One run."""
    with reading() as connection:
        return _found_run(connection, run_id)


@routes.get(
    "/runs/{run_id}/changes",
    least=Role.VIEWER,
    scope=Scope.PLATFORM,
    query=ChangeQuery,
    answers=Page[LoggedPair],
    refuses=(UnknownResourceError,),
)
def list_run_changes(asked: Asked[ChangeQuery, None], run_id: RunId) -> Page[LoggedPair]:
    """What a run changed, by kind and key."""
    with reading() as connection:
        run = _found_run(connection, run_id)
        changes = listings.list_changes(connection, run.recorded_id, asked.query)
    return page_of(
        changes, asked.query, lambda pair: (pair.change, pair.device_id, pair.parameter_id)
    )


@routes.get(
    "/device-parameters",
    least=Role.VIEWER,
    scope=Scope.PLATFORM,
    query=DeviceParameterQuery,
    answers=Page[DeviceParameter],
)
def list_device_parameters(asked: Asked[DeviceParameterQuery, None]) -> Page[DeviceParameter]:
    """Which device reports which parameter? The table, in key order."""
    with reading() as connection:
        pairs = listings.list_pairs(connection, asked.query)
    return page_of(pairs, asked.query, lambda pair: (pair.device_id, pair.parameter_id))


@routes.get(
    "/device-parameters/{device_id}/{parameter_id}",
    least=Role.VIEWER,
    scope=Scope.PLATFORM,
    answers=Explanation,
)
def explain_device_parameter(
    _: Asked[Nothing, None], device_id: _DeviceId, parameter_id: _ParameterId
) -> Explanation:
    """Why is this pair in the table, or why not?

    The answer says what is known of the pair, which need not be in any table. Whoever gives a name
    in place of an id is told so, and which devices or parameters have that name.
    """
    window_minutes = CHECK_INTERVAL_MINUTES.value()
    with reading() as connection:
        return explain(connection, window_minutes, device_id, parameter_id)


@routes.post(
    "/sync",
    least=Role.OPERATOR,
    scope=Scope.PLATFORM,
    body=RunRequest,
    answers={200: Run, 202: Run},
    refuses=(RunAlreadyActiveError,),
    headers={
        "Location": "Where the run can be followed until it has ended. A dry run has no such place."
    },
    examples={
        "plan": {"dry_run": True},
        "two hours": {"window_minutes": 120},
        "remove whatever is not observed": {"force": True, "comment": "The fleet was replaced."},
    },
)
def post_sync(asked: Asked[Nothing, RunRequest]) -> Answer[Run]:
    """Start a run, or plan one.

    It takes the role `admin` to force a run, and to have a window narrower than configured remove
    anything. Where a Lambda function carries out the runs, the
    answer is 202 at once. Otherwise it comes when the run has ended, or has used up the time of a
    request. The answer to a dry run always comes when it has ended. It leaves the table as
    it is, but materializes the closed hours of its window first, as a run does.
    """
    request = sync_request(asked.body, Trigger.API, asked.actor, asked.principal.role)
    require_role(asked.principal, Role.ADMIN if request.force else Role.OPERATOR)
    configured = sync_settings()
    engine = database.engine_for(configured.database)
    context = Sync(engine, configured, Deadline.after(REQUEST_SECONDS))
    started = start(context, request, SYNC_FUNCTION_NAME.value_if_set())
    if started.run.is_dry:
        return Answer(started.run)
    status = 200 if started.is_finished else 202
    return Answer(started.run, status, {"Location": f"runs/{started.run.run_id}"})


@routes.post(
    "/sync/pause", least=Role.OPERATOR, scope=Scope.PLATFORM, body=PauseRequest, answers=Pause
)
def pause_runs(asked: Asked[Nothing, PauseRequest]) -> Pause:
    """Pause the runs that nobody asks for.

    Scheduled runs, and those after loads, are skipped until then. Runs that somebody asks for go
    on. A pause that is on already takes the new end.
    """
    body = asked.body
    return writing(lambda db: pausing.pause(db, asked.actor, body.minutes, body.comment))


@routes.delete(
    "/sync/pause",
    least=Role.OPERATOR,
    scope=Scope.PLATFORM,
    answers=Resumed,
    refuses=(UnknownResourceError,),
)
def resume_runs(asked: Asked[Nothing, None]) -> Resumed:
    """End the pause; the next scheduled run makes up for those that were skipped."""
    writing(lambda connection: pausing.resume(connection, asked.actor))
    return Resumed()


def _found_run(connection: Connection, run_id: int) -> Run:
    run = run_log.find_run(connection, run_id)
    if run is None:
        raise UnknownResourceError(f"there is no run {run_id}")
    return run
