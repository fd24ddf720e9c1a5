"""What telemetry asks of AWS."""

import logging
from collections.abc import Mapping
from functools import cache
from typing import Any

logger = logging.getLogger(__name__)


def send_letters(queue: str, bodies: Mapping[str, str]) -> list[str]:
    """Put *bodies*, by their ids, into the queue in one request; returns the ids it has taken."""
    from botocore.exceptions import BotoCoreError, ClientError

    entries = [{"Id": letter_id, "MessageBody": body} for letter_id, body in bodies.items()]
    try:
        answer = client().send_message_batch(QueueUrl=queue, Entries=entries)
    except (BotoCoreError, ClientError) as error:
        logger.warning("letters_not_sent", extra={"reason": str(error)})
        return []
    if refused := answer.get("Failed"):
        logger.warning("letters_not_sent", extra={"reason": refused[0].get("Message", "")})
    return [entry["Id"] for entry in answer.get("Successful", [])]


@cache
def client() -> Any:
    """The SDK's client, kept for the life of a container."""
    # The SDK takes long to import, and most batches have nothing to send.
    import boto3
    from botocore.config import Config

    # What is not sent is tried again a minute later.
    config = Config(connect_timeout=1, read_timeout=5, retries={"total_max_attempts": 1})
    return boto3.client("sqs", config=config)
