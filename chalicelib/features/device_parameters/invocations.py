"""Runs started by an event: the schedule, another EventBridge rule, or a direct invocation."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import msgspec

from chalicelib.audit import Actor
from chalicelib.database import Deadline, engine_for
from chalicelib.errors import InvalidRequestError
from chalicelib.features.device_parameters import metrics
from chalicelib.features.device_parameters.bodies import Run
from chalicelib.features.device_parameters.catch_up import catch_up
from chalicelib.features.device_parameters.context import Sync
from chalicelib.features.device_parameters.model import Trigger
from chalicelib.features.device_parameters.run_requests import sync_request_of_event
from chalicelib.features.device_parameters.settings import sync_settings
from chalicelib.features.device_parameters.sync import RUN_TIME_LIMIT, sync
from chalicelib.instants import read_instant
from chalicelib.lambda_events import DIRECT_INVOCATION, SCHEDULES

# What a loader says on the event bus once its measurements are committed.
MEASUREMENTS_LOADED = {"source": ["iot.measurements"], "detail-type": ["Measurements Loaded"]}


def run_event(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
    """Run the sync that *event* asks for and return the run.

    Raises on failure, so that Lambda counts an error and its alarms see it.
    """
    with _counting_failures():
        asked = event.get("detail", {})
        request = sync_request_of_event(asked, _trigger_of(event), _actor_of(event, context))
        doing = _sync_context(context)
        run = sync(doing, request)
    if not run.is_dry:
        metrics.publish_run(run, doing.telemetry)
    return _document(run)


def run_after_load(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
    """Run the sync because measurements were loaded, unless a run has seen them already.

    Returns that run. Raises on failure, and Lambda repeats the invocation.
    """
    with _counting_failures():
        loaded_at = read_instant("time", event.get("time"))
        doing = _sync_context(context)
        caught_up = catch_up(doing, loaded_at)
    if not caught_up.is_coalesced:
        metrics.publish_run(caught_up.run, doing.telemetry)
    return _document(caught_up.run)


@contextmanager
def _counting_failures() -> Iterator[None]:
    try:
        yield
    except InvalidRequestError:
        raise
    except Exception:
        metrics.publish_failure()
        raise


def _sync_context(context: Any) -> Sync:
    configured = sync_settings()
    deadline = Deadline.of_invocation(context, RUN_TIME_LIMIT.total_seconds())
    return Sync(engine_for(configured.database), configured, deadline)


def _trigger_of(event: Mapping[str, Any]) -> Trigger:
    return Trigger.SCHEDULE if event.get("source") in SCHEDULES else Trigger.EVENT


def _actor_of(event: Mapping[str, Any], context: Any) -> Actor | None:
    """Whoever invokes the function directly, whom AWS names in its own trail by the request id."""
    if event.get("source") != DIRECT_INVOCATION:
        return None
    return Actor("lambda", getattr(context, "aws_request_id", None))


def _document(run: Run) -> dict[str, Any]:
    document: dict[str, Any] = msgspec.to_builtins(run)
    return document
