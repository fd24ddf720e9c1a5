"""What a caller may ask of a run, field by field."""

from datetime import UTC, datetime
from typing import Any

import pytest

from chalicelib import bodies
from chalicelib.access.model import Role
from chalicelib.audit import Actor
from chalicelib.errors import InvalidRequestError
from chalicelib.features.device_parameters.model import SyncRequest, Trigger
from chalicelib.features.device_parameters.request_bodies import RunRequest
from chalicelib.features.device_parameters.run_requests import sync_request, sync_request_of_event


def pairs(field: str, *values: object) -> list[tuple[str, object]]:
    return [(field, value) for value in values]


def test_an_empty_payload_asks_for_an_ordinary_run() -> None:
    assert sync_request_of_event({}, Trigger.SCHEDULE) == SyncRequest(Trigger.SCHEDULE)


def test_every_field_is_understood() -> None:
    payload = {
        "window_minutes": 120,
        "dry_run": True,
        "force": True,
        "as_of": "2026-11-01T10:17:03.25Z",
        "run_id": 7,
    }
    assert sync_request_of_event(payload, Trigger.EVENT) == SyncRequest(
        Trigger.EVENT,
        window_minutes=120,
        as_of=datetime(2026, 11, 1, 10, 17, 3, 250_000, tzinfo=UTC),
        dry_run=True,
        force=True,
        run_id=7,
    )


@pytest.mark.parametrize(("role", "may_narrow"), [(Role.ADMIN, True), (Role.OPERATOR, False)])
def test_a_request_over_http_is_one_of_the_api_and_says_whose(role: Role, may_narrow: bool) -> None:
    asked = bodies.read(RunRequest, {"window_minutes": 120.0, "force": True, "comment": "Moved"})
    assert sync_request(asked, Trigger.API, Actor("ann", "r-1"), role) == SyncRequest(
        Trigger.API,
        window_minutes=120,
        force=True,
        may_narrow=may_narrow,
        requested_by="ann",
        request_id="r-1",
        comment="Moved",
    )


def test_null_is_as_good_as_absent() -> None:
    assert sync_request_of_event({"window_minutes": None}, Trigger.EVENT) == SyncRequest(
        Trigger.EVENT
    )


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *pairs("window_minutes", 0, -5, 527_041, 1.5, "60", True, [60], 10**30),
        *pairs("as_of", 0, "", "now", "2026-11-01", "2026-11-01T10:00:00", {}),
        *pairs("dry_run", 0, 1, "true", "", []),
        *pairs("force", 0, 1, "true", "", []),
        *pairs("run_id", 0, -1, "7", 1.5, True, 2**63),
        ("window", 60),
        ("", 1),
    ],
)
def test_a_malformed_field_is_named(field: str, value: Any) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        sync_request_of_event({field: value}, Trigger.EVENT)
    assert refused.value.details == {"parameter": field}


@pytest.mark.parametrize("payload", [[], "", "{}", 5, True, [{"dry_run": True}]])
def test_only_an_object_is_a_payload(payload: Any) -> None:
    with pytest.raises(InvalidRequestError, match="the body must be an object, not "):
        sync_request_of_event(payload, Trigger.EVENT)


@pytest.mark.parametrize("field", ["as_of", "run_id"])
def test_a_request_over_http_may_not_choose_everything(field: str) -> None:
    with pytest.raises(InvalidRequestError, match=f"unknown field '{field}'"):
        bodies.read(RunRequest, {field: 1})
