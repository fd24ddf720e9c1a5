"""The queue of dead letters, as somebody reads it, and one that refuses as SQS documents it."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

import pytest

from chalicelib.features.telemetry import gateway
from tests.aws import Aws
from tests.sandbox import Sandbox


class Letters:
    """A queue of SQS, and what it was told."""

    def __init__(self, aws: Aws) -> None:
        self._sqs = aws.client("sqs")
        self.url = self.make()

    def make(self) -> str:
        """Make the queue, which has the same address again if it was removed."""
        return str(self._sqs.create_queue(QueueName="rejects")["QueueUrl"])

    def read(self) -> list[dict[str, Any]]:
        """All letters since the last time."""
        found: list[dict[str, Any]] = []
        while messages := self._receive():
            found += [json.loads(message["Body"]) for message in messages]
        return found

    def remove(self) -> None:
        """Remove the queue."""
        self._sqs.delete_queue(QueueUrl=self.url)

    def _receive(self) -> list[dict[str, Any]]:
        answer = self._sqs.receive_message(QueueUrl=self.url, MaxNumberOfMessages=10)
        messages: list[dict[str, Any]] = answer.get("Messages", [])
        for message in messages:
            handle = message["ReceiptHandle"]
            self._sqs.delete_message(QueueUrl=self.url, ReceiptHandle=handle)
        return messages


def make_due(sandbox: Sandbox) -> None:
    """As if an hour had passed since letters were claimed."""
    sandbox.rows(
        "UPDATE iot_data.telemetry_rejects SET letter_due_at = letter_due_at - interval '1 hour' "
        "WHERE letter_due_at IS NOT NULL"
    )


def due_count(sandbox: Sandbox) -> int:
    """How many letters are still to be sent."""
    return int(
        sandbox.value(
            "SELECT count(*) FROM iot_data.telemetry_rejects WHERE letter_due_at IS NOT NULL"
        )
    )


@contextmanager
def refusing(is_refused: Callable[[dict[str, str]], bool]) -> Iterator[list[int]]:
    """The queue refuses some letters, as an answer says; yields the sizes of requests."""
    real = gateway.client()
    sizes: list[int] = []

    def send(QueueUrl: str, Entries: list[dict[str, str]]) -> dict[str, Any]:  # noqa: N803
        sizes.append(len(Entries))
        bad = [entry for entry in Entries if is_refused(entry)]
        good = [entry for entry in Entries if not is_refused(entry)]
        answer = real.send_message_batch(QueueUrl=QueueUrl, Entries=good) if good else {}
        failed = [
            {"Id": entry["Id"], "SenderFault": True, "Code": "InvalidMessageContents",
             "Message": "The message contains characters outside the allowed set."}
            for entry in bad
        ]  # fmt: skip
        return {"Successful": answer.get("Successful", []), "Failed": failed}

    refuser = mock.Mock(send_message_batch=send)
    with mock.patch.object(gateway, "client", return_value=refuser):
        yield sizes


@pytest.fixture
def letters(aws: Aws) -> Letters:
    """The queue, empty."""
    return Letters(aws)
