"""Every path, its methods and their parameters."""

from enum import StrEnum
from typing import Any

from chalicelib.device_parameters.model import Change, RunStatus, Trigger
from chalicelib.openapi.responses import (
    CLOSED,
    OPEN,
    answer,
    errors,
    location,
    without_bodies,
)
from chalicelib.openapi.shapes import Schema, member, schema_ref, stored_text, text, whole
from chalicelib.paging import DEFAULT_LIMIT, MAX_LIMIT

Operation = dict[str, Any]
Parameter = dict[str, Any]

SCHEMES = ("oidc", "apiToken")
ANY_TOKEN: list[dict[str, list[str]]] = [{scheme: []} for scheme in SCHEMES]


def paths() -> dict[str, dict[str, Any]]:
    """All but the page and its assets."""
    return {
        "/health": _health(),
        "/me": _read("Me", "Who am I?", "The caller's subject and role.", schema_ref("Me")),
        "/status": _read(
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
        "/openapi.json": _read(
            "Document", "This document.", "OpenAPI 3.1.", {"type": "object"}, tag="service"
        ),
    }


def _read(
    name: str,
    summary: str,
    description: str,
    body: Schema,
    parameters: tuple[Parameter, ...] = (),
    refusals: tuple[str, ...] = CLOSED,
    tag: str = "sync",
) -> dict[str, Any]:
    """GET, and HEAD for the same without the body."""
    responses = {"200": answer(description, body), **errors(*refusals)}
    about = {"summary": summary, "description": description, "tags": [tag]}
    item = {
        "get": {"operationId": f"get{name}", **about, "responses": responses},
        "head": {
            "operationId": f"head{name}",
            **about,
            "responses": without_bodies(responses),
        },
    }
    return {"parameters": list(parameters), **item} if parameters else item


def _health() -> dict[str, Any]:
    item = _read(
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
    return _read(
        "Runs",
        "Runs, newest first.",
        "One page of runs.",
        schema_ref("RunPage"),
        (
            *_paging("WzQzXQ"),
            _filter("status", RunStatus.SUCCEEDED, "Only runs in this status."),
            _filter("trigger", Trigger.API, "Only runs that were asked for like this."),
        ),
    )


def _run() -> dict[str, Any]:
    return _read("Run", "One run.", "The run.", schema_ref("Run"), (_run_id(),), (*CLOSED, "404"))


def _run_changes() -> dict[str, Any]:
    return _read(
        "RunChanges",
        "What a run changed.",
        "One page of the run's change log, by kind and key.",
        schema_ref("ChangePage"),
        (
            _run_id(),
            *_paging("WyJhZGRlZCIsImEiLCJiIl0"),
            _filter("change", Change.REMOVED, "Only changes of this kind."),
        ),
        (*CLOSED, "404"),
    )


def _device_parameters() -> dict[str, Any]:
    return _read(
        "DeviceParameters",
        "Which device reports which parameter?",
        "One page of the table, in key order.",
        schema_ref("DeviceParameterPage"),
        (
            *_paging("WyJhIiwiYiJd"),
            _query("device_id", stored_text("Only pairs of this device."), "boiler-7"),
            _query("parameter_id", stored_text("Only pairs of this parameter."), "temperature"),
            _query("q", stored_text("Part of either name, in upper or lower case."), "boiler"),
        ),
        tag="pairs",
    )


def _device_parameter() -> dict[str, Any]:
    spelled = "a `/` in it is written `%2F`"
    return _read(
        "DeviceParameter",
        "Why is this pair in the table, or why not?",
        "What is known of the pair; it need not be in any table.",
        schema_ref("Explanation"),
        (
            _path("device_id", stored_text(f"The device; {spelled}.", minLength=1), "boiler-7"),
            _path(
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
    return _path("run_id", whole("The run's number.", minimum=1), 42)


def _paging(after: str) -> tuple[Parameter, Parameter]:
    limit = whole("How many items.", minimum=1, maximum=MAX_LIMIT, default=DEFAULT_LIMIT)
    key = text(
        "The `next` of the page before, unchanged; leave it out for the first page.",
        pattern="^[A-Za-z0-9_-]+$",
    )
    return _query("limit", limit, DEFAULT_LIMIT), _query("after", key, after)


def _filter(name: str, example: StrEnum, description: str) -> Parameter:
    return _query(name, member(type(example), description), example.value)


def _query(name: str, schema: Schema, example: object) -> Parameter:
    return _parameter("query", name, schema, example)


def _path(name: str, schema: Schema, example: object) -> Parameter:
    return {**_parameter("path", name, schema, example), "required": True}


def _parameter(place: str, name: str, schema: Schema, example: object) -> Parameter:
    rest = {key: value for key, value in schema.items() if key != "description"}
    return {
        "name": name,
        "in": place,
        "description": schema["description"],
        "schema": rest,
        "example": example,
    }
