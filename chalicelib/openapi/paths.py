"""Every path, its methods and their parameters."""

from typing import Any

from chalicelib.features.device_parameters.model import Change, RunStatus, Trigger
from chalicelib.openapi.heartbeat_paths import heartbeat_paths
from chalicelib.openapi.load_paths import load_paths
from chalicelib.openapi.operations import (
    Operation,
    Parameter,
    filtering,
    in_path,
    in_query,
    paging,
    reading,
)
from chalicelib.openapi.responses import CLOSED, OPEN, answer, errors, location
from chalicelib.openapi.shapes import schema_ref, stored_text, whole

SCHEMES = ("oidc", "apiToken")
ANY_TOKEN: list[dict[str, list[str]]] = [{scheme: []} for scheme in SCHEMES]


def paths() -> dict[str, dict[str, Any]]:
    """All but the page and its assets."""
    return {
        "/health": _health(),
        "/me": reading("Me", "Who am I?", "The caller's subject and role.", schema_ref("Me")),
        "/status": reading(
            "Status",
            "How is the sync?",
            "The state, the last run and its changes, and the size of the table.",
            schema_ref("Status"),
        ),
        "/runs": _runs(),
        "/runs/{run_id}": _run(),
        "/runs/{run_id}/changes": _run_changes(),
        "/device-parameters": _device_parameters(),
        "/device-parameters/{device_id}/{parameter_id}": _device_parameter(),
        "/sync": {"post": _sync()},
        **heartbeat_paths(),
        **load_paths(),
        "/openapi.json": reading(
            "Document", "This document.", "OpenAPI 3.1.", {"type": "object"}, tag="service"
        ),
    }


def _health() -> dict[str, Any]:
    item = reading(
        "Health",
        "Could a run start now?",
        "200 if so, else 503. Open to all; who sends a good token is told the reason.",
        schema_ref("Health"),
        refusals=OPEN,
        tag="service",
    )
    for operation in item.values():
        operation["security"] = [{}, *ANY_TOKEN]
    return item


def _runs() -> dict[str, Any]:
    return reading(
        "Runs",
        "Runs, newest first.",
        "One page of runs.",
        schema_ref("RunPage"),
        (
            *paging("WzQzXQ"),
            filtering("status", RunStatus.SUCCEEDED, "Only runs in this status."),
            filtering("trigger", Trigger.API, "Only runs that were asked for like this."),
        ),
    )


def _run() -> dict[str, Any]:
    return reading("Run", "One run.", "The run.", schema_ref("Run"), (_run_id(),), (*CLOSED, "404"))


def _run_changes() -> dict[str, Any]:
    return reading(
        "RunChanges",
        "What a run changed.",
        "One page of the run's change log, by kind and key.",
        schema_ref("ChangePage"),
        (
            _run_id(),
            *paging("WyJhZGRlZCIsImEiLCJiIl0"),
            filtering("change", Change.REMOVED, "Only changes of this kind."),
        ),
        (*CLOSED, "404"),
    )


def _device_parameters() -> dict[str, Any]:
    return reading(
        "DeviceParameters",
        "Which device reports which parameter?",
        "One page of the table, in key order.",
        schema_ref("DeviceParameterPage"),
        (
            *paging("WyJhIiwiYiJd"),
            in_query("device_id", stored_text("Only pairs of this device."), "boiler-7"),
            in_query("parameter_id", stored_text("Only pairs of this parameter."), "temperature"),
            in_query("q", stored_text("Part of either name, in upper or lower case."), "boiler"),
        ),
        tag="pairs",
    )


def _device_parameter() -> dict[str, Any]:
    spelled = "a `/` in it is written `%2F`"
    return reading(
        "DeviceParameter",
        "Why is this pair in the table, or why not?",
        "What is known of the pair; it need not be in any table.",
        schema_ref("Explanation"),
        (
            in_path("device_id", stored_text(f"The device; {spelled}.", minLength=1), "boiler-7"),
            in_path(
                "parameter_id",
                stored_text(f"The parameter; {spelled}.", minLength=1),
                "temperature",
            ),
        ),
        tag="pairs",
    )


def _sync() -> Operation:
    there = "Where the run can be read"
    return {
        "operationId": "postSync",
        "summary": "Start a run, or plan one.",
        "description": (
            "Needs the role `operator`, and `admin` to force. Where a function of its own carries "
            "out runs, the answer is 202 at once; else it comes when the run has ended, or has "
            "used up the time of a request. A dry run is always waited for."
        ),
        "tags": ["sync"],
        "requestBody": {
            "description": "Nothing, or what to ask of the run.",
            "required": False,
            "content": {
                "application/json": {
                    "schema": schema_ref("SyncRequest"),
                    "examples": {
                        "plan": {"value": {"dry_run": True}},
                        "two hours": {"value": {"window_minutes": 120}},
                        "release": {"value": {"force": True}},
                    },
                }
            },
        },
        "responses": {
            "200": answer(
                "The run as it ended, or the plan of a dry run.",
                {"oneOf": [schema_ref("Run"), schema_ref("PlannedRun")]},
                Location=location(required=False, description=f"{there}; a dry run cannot."),
            ),
            "202": answer(
                "The run has been opened, and is under way.",
                schema_ref("Run"),
                Location=location(required=True, description=f"{there}, until it has ended."),
            ),
            **errors(*CLOSED, "409"),
        },
    }


def _run_id() -> Parameter:
    return in_path("run_id", whole("The run's number.", minimum=1), 42)
