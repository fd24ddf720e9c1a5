"""What every function that EventBridge invokes shares: the envelope."""

import json
from collections.abc import Callable, Mapping
from typing import Any

LambdaHandler = Callable[[Any, Any], Any]
DIRECT_INVOCATION = "direct"
_SCHEDULER = "aws.scheduler"
# A rule of EventBridge with a schedule, and EventBridge Scheduler.
SCHEDULES = frozenset({"aws.events", _SCHEDULER})
_ENVELOPE = ("version", "account", "region", "time", "id", "detail-type")


def accepting_bare_payload(handler: LambdaHandler) -> LambdaHandler:
    """Let *handler* be invoked with a payload of its own as well as with an EventBridge event.

    Chalice builds its event object before the handler runs, and fails on any other shape.
    """

    def handle(event: Any, context: Any) -> Any:
        return handler(_completed(event), context)

    return handle


def _completed(event: object) -> dict[str, Any]:
    """*event* with every field of EventBridge's envelope, or in an envelope of its own."""
    envelope: dict[str, Any] = dict.fromkeys(_ENVELOPE, "")
    if isinstance(event, Mapping) and {"source", "detail-type"} <= event.keys():
        return {**envelope, "resources": [], **event, "detail": _detail(event)}
    return {**envelope, "source": DIRECT_INVOCATION, "resources": [], "detail": event}


def _detail(event: Mapping[str, Any]) -> Any:
    """The detail of *event*, which EventBridge Scheduler spells as text: `"{}"`."""
    detail = event.get("detail", {})
    if event["source"] != _SCHEDULER or not isinstance(detail, str):
        return detail
    try:
        return json.loads(detail)
    except ValueError:
        return detail
