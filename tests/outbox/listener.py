"""Somebody who hears everything that is said on a bus."""

import json
from typing import Any

from tests.aws import Aws


class Listener:
    """A rule that matches everything, and the queue it feeds."""

    def __init__(self, aws: Aws, bus: str) -> None:
        self._sqs = aws.client("sqs")
        events = aws.client("events")
        events.create_event_bus(Name=bus)
        self._url = self._sqs.create_queue(QueueName="heard")["QueueUrl"]
        attributes = self._sqs.get_queue_attributes(QueueUrl=self._url, AttributeNames=["QueueArn"])
        pattern = json.dumps({"account": ["123456789012"]})
        events.put_rule(Name="all", EventBusName=bus, EventPattern=pattern)
        target = {"Id": "heard", "Arn": attributes["Attributes"]["QueueArn"]}
        events.put_targets(Rule="all", EventBusName=bus, Targets=[target])

    def events(self) -> list[dict[str, Any]]:
        """What was said since the last time, in order."""
        heard: list[dict[str, Any]] = []
        while messages := self._receive():
            heard += [json.loads(message["Body"]) for message in messages]
        return heard

    def _receive(self) -> list[dict[str, Any]]:
        answer = self._sqs.receive_message(QueueUrl=self._url, MaxNumberOfMessages=10)
        messages: list[dict[str, Any]] = answer.get("Messages", [])
        for message in messages:
            handle = message["ReceiptHandle"]
            self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=handle)
        return messages
