"""The HTTP side of the sync."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from chalice.app import Blueprint, Response
from sqlalchemy import Connection

from chalicelib import database, settings
from chalicelib.access.gate import is_known, principal_of, require_role
from chalicelib.access.model import Role
from chalicelib.database import Deadline, schema
from chalicelib.errors import (
    ApplicationError,
    ServiceDownError,
    UnknownResourceError,
)
from chalicelib.features.device_parameters import (
    documents,
    explain,
    listings,
    payload,
    records,
    status,
)
from chalicelib.features.device_parameters.model import Change, Run, RunStatus, Trigger
from chalicelib.features.device_parameters.start import start
from chalicelib.features.device_parameters.sync import Sync
from chalicelib.http import (
    REQUEST_SECONDS,
    choice,
    endpoint,
    json_body,
    json_response,
    query_parameters,
)
from chalicelib.http.paging import page_document, page_request
from chalicelib.settings import Settings

routes = Blueprint(__name__)
READ = ["GET", "HEAD"]


@routes.route("/health", methods=READ)
@endpoint(routes)
def get_health() -> dict[str, Any]:
    """200 if a run could start now, else 503; the reason is for those who are let in."""
    query_parameters(routes)
    try:
        with _read() as (connection, _):
            schema.require_head(connection)
            schema.require_aggregate(connection)
    except ApplicationError as error:
        if is_known(routes.current_request):
            raise
        raise ServiceDownError(error.message) from error
    return {"status": "up"}


@routes.route("/status", methods=READ)
@endpoint(routes)
def get_status() -> dict[str, Any]:
    """The state, the last run and its deltas."""
    query_parameters(routes)
    with _read() as (connection, configured):
        return status.status_document(status.read_status(connection, configured))


@routes.route("/runs", methods=READ)
@endpoint(routes)
def list_runs() -> dict[str, Any]:
    """Runs, newest first."""
    given = query_parameters(routes, "limit", "after", "status", "trigger")
    page = page_request(given.get("limit"), given.get("after"), (int,))
    run_status = choice("status", given.get("status"), RunStatus)
    trigger = choice("trigger", given.get("trigger"), Trigger)
    with _read() as (connection, _):
        runs = listings.list_runs(connection, page, run_status, trigger)
    return page_document(runs, page, documents.run_document, lambda run: (run.run_id,))


@routes.route("/runs/{run_id}", methods=READ)
@endpoint(routes)
def get_run(run_id: str) -> dict[str, Any]:
    """One run."""
    query_parameters(routes)
    with _read() as (connection, _):
        return documents.run_document(_found_run(connection, run_id))


@routes.route("/runs/{run_id}/changes", methods=READ)
@endpoint(routes)
def list_run_changes(run_id: str) -> dict[str, Any]:
    """What a run changed, by kind and key."""
    given = query_parameters(routes, "limit", "after", "change")
    page = page_request(given.get("limit"), given.get("after"), (str, str, str))
    change = choice("change", given.get("change"), Change)
    with _read() as (connection, _):
        run = _found_run(connection, run_id)
        changes = listings.list_changes(connection, run.recorded_id, page, change)
    return page_document(
        changes,
        page,
        documents.change_document,
        lambda found: (found.change, found.device_id, found.parameter_id),
    )


@routes.route("/device-parameters", methods=READ)
@endpoint(routes)
def list_device_parameters() -> dict[str, Any]:
    """The pairs, in key order."""
    given = query_parameters(routes, "limit", "after", "device_id", "parameter_id", "q")
    page = page_request(given.get("limit"), given.get("after"), (str, str))
    with _read() as (connection, _):
        pairs = listings.list_pairs(
            connection,
            page,
            device_id=given.get("device_id"),
            parameter_id=given.get("parameter_id"),
            words=given.get("q"),
        )
    return page_document(
        pairs, page, documents.pair_document, lambda pair: (pair.device_id, pair.parameter_id)
    )


@routes.route("/device-parameters/{device_id}/{parameter_id}", methods=READ)
@endpoint(routes)
def explain_device_parameter(device_id: str, parameter_id: str) -> dict[str, Any]:
    """Why a pair is there, or absent; it need not be in any table."""
    query_parameters(routes)
    with _read() as (connection, configured):
        explanation = explain.explain(connection, configured, device_id, parameter_id)
    return explain.explanation_document(explanation)


@routes.route("/sync", methods=["POST"])
@endpoint(routes)
def post_sync() -> dict[str, Any] | Response:
    """Start a run, or plan one."""
    query_parameters(routes)
    request = payload.http_request(json_body(routes))
    require_role(
        principal_of(routes.current_request), Role.ADMIN if request.force else Role.OPERATOR
    )
    configured = settings.from_environment()
    engine = database.engine_for(configured.database)
    context = Sync(engine, configured, Deadline.after(REQUEST_SECONDS))
    started = start(context, request, settings.sync_function_name())
    document = documents.run_document(started.run)
    if started.run.is_dry:
        return document
    return json_response(
        document,
        200 if started.is_finished else 202,
        Location=f"runs/{started.run.run_id}",
    )


def _found_run(connection: Connection, run_id: str) -> Run:
    # The length first: Python refuses to read a number of thousands of digits.
    is_short = len(run_id) <= len(str(2**63))
    is_number = is_short and run_id.isascii() and run_id.isdecimal() and int(run_id) < 2**63
    run = records.find_run(connection, int(run_id)) if is_number else None
    if run is None:
        raise UnknownResourceError(f"there is no run {run_id[:40]!r}")
    return run


@contextmanager
def _read() -> Iterator[tuple[Connection, Settings]]:
    configured = settings.from_environment()
    engine = database.engine_for(configured.database)
    with database.transaction(engine, Deadline.after(REQUEST_SECONDS)) as connection:
        yield connection, configured
