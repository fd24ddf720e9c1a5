"""What the environment decides about heartbeats, read and checked like every other setting."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass

from chalicelib.settings import (
    DatabaseSettings,
    between,
    change_event_bus,
    database_from_environment,
    read,
    schedule_expression,
)

MAX_STALE_AFTER_SECONDS = 366 * 24 * 60 * 60
DEFAULT_CHECK_SCHEDULE = "rate(1 minute)"
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html
_QUEUE = re.compile(r"[A-Za-z0-9_-]{1,80}")


@dataclass(frozen=True)
class HeartbeatSettings:
    """One checked value per environment variable."""

    database: DatabaseSettings
    stale_after_seconds: int
    change_event_bus: str | None


def heartbeats_from_environment(environ: Mapping[str, str] = os.environ) -> HeartbeatSettings:
    """All settings of a check or a request.

    Raises `InvalidSettingError` naming the first variable that is missing or malformed.
    """
    return HeartbeatSettings(
        database=database_from_environment(environ),
        stale_after_seconds=read(
            environ, "STALE_AFTER_SECONDS", between(1, MAX_STALE_AFTER_SECONDS), "120"
        ),
        change_event_bus=change_event_bus(environ),
    )


def check_schedule(environ: Mapping[str, str] = os.environ) -> str:
    """When the check runs; read alone, because packaging has no database."""
    return read(environ, "HEARTBEAT_CHECK_SCHEDULE", schedule_expression, DEFAULT_CHECK_SCHEDULE)


def queue_name(environ: Mapping[str, str] = os.environ) -> str:
    """The SQS queue that heartbeats may come by; read when the application is packaged."""
    return read(environ, "HEARTBEAT_QUEUE", _queue, "device-parameters-heartbeats")


def _queue(raw: str) -> str:
    if not _QUEUE.fullmatch(raw):
        raise ValueError(f"must be the name of a standard SQS queue, not {raw[:80]!r}")
    return raw
