"""What the outbox asks of AWS."""

from functools import cache
from typing import Any

from chalicelib.outbox.model import QueuedEvent, Refusal

# All entries of one request together; `PutEvents` refuses what is larger as a whole.
MAX_REQUEST_BYTES = 256 * 1024


def put_events(bus: str, events: list[QueuedEvent]) -> list[Refusal]:
    """Hand *events* to EventBridge in one request; returns those it did not take.

    A request that fails as a whole refuses all of them. If only its answer was lost, the bus gets
    the same events again, and whoever receives them can tell by their ids.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        answer = client().put_events(Entries=[_entry(bus, event) for event in events])
    except (BotoCoreError, ClientError) as error:
        return [Refusal(event.position, str(error)) for event in events]
    return [
        Refusal(event.position, f"{entry['ErrorCode']}: {entry.get('ErrorMessage', '')}")
        for event, entry in zip(events, answer["Entries"], strict=True)
        if "ErrorCode" in entry
    ]


def _entry(bus: str, event: QueuedEvent) -> dict[str, Any]:
    entry = {
        "Source": event.source,
        "DetailType": event.detail_type,
        "Detail": event.detail,
        "EventBusName": bus,
    }
    return entry if event.occurred_at is None else {**entry, "Time": event.occurred_at}


@cache
def client() -> Any:
    """The SDK's client, kept for the life of a container."""
    # The SDK takes longer to import than most runs take; many runs have nothing to send.
    import boto3
    from botocore.config import Config

    # The sender tries again, because it knows how much time is left.
    config = Config(connect_timeout=1, read_timeout=5, retries={"total_max_attempts": 1})
    return boto3.client("events", config=config)
