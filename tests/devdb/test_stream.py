"""The stream of the demonstration hands its records over as Lambda does."""

import base64
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from devdb.aws import Aws
from devdb.stream import Event, EventSource, Stream
from tests.aws import moto_server


@pytest.fixture(scope="module")
def aws() -> Iterator[Aws]:
    with moto_server() as running:
        yield running


@dataclass
class Function:
    """Notes what it is given, and answers what it is told to."""

    events: list[Event] = field(default_factory=list)
    answers: list[Any] = field(default_factory=list)

    def __call__(self, event: Event) -> Mapping[str, Any]:
        self.events.append(event)
        answer = self.answers.pop(0) if self.answers else []
        if isinstance(answer, Exception):
            raise answer
        return {"batchItemFailures": [{"itemIdentifier": number} for number in answer]}

    def numbers(self) -> list[list[str]]:
        """The sequence numbers of each batch."""
        return [
            [each["kinesis"]["sequenceNumber"] for each in event["Records"]]
            for event in self.events
        ]

    def documents(self) -> list[Any]:
        """What the records hold, in the order in which they came."""
        return [
            json.loads(base64.b64decode(each["kinesis"]["data"]))
            for event in self.events
            for each in event["Records"]
        ]


@pytest.fixture
def stream(aws: Aws, request: pytest.FixtureRequest) -> Stream:
    name = request.node.name.replace("[", "-").replace("]", "")
    aws.make_stream(name)
    return Stream(aws.client("kinesis"), name)


@pytest.fixture
def function() -> Function:
    return Function()


@pytest.fixture
def source(stream: Stream, function: Function) -> EventSource:
    return EventSource(stream, function)


def put(stream: Stream, count: int, key: str = "dev-01") -> None:
    stream.put((key, {"number": number}) for number in range(1, count + 1))


def test_an_event_is_what_lambda_makes_of_records(
    stream: Stream, source: EventSource, function: Function
) -> None:
    stream.put([("dev-01", {"temperature": 21.5})])
    source.follow()
    [[record]] = [event["Records"] for event in function.events]
    assert record["eventSource"] == "aws:kinesis"
    assert record["eventID"].endswith(":1")
    kinesis = record["kinesis"]
    assert json.loads(base64.b64decode(kinesis["data"])) == {"temperature": 21.5}
    assert (kinesis["partitionKey"], kinesis["sequenceNumber"]) == ("dev-01", "1")
    assert isinstance(kinesis["approximateArrivalTimestamp"], float)


def test_a_batch_is_a_hundred_at_most_and_what_was_handled_does_not_come_again(
    stream: Stream, source: EventSource, function: Function
) -> None:
    put(stream, 730)
    source.follow()
    assert [len(batch) for batch in function.numbers()] == [100] * 7 + [30]
    assert [each["number"] for each in function.documents()] == list(range(1, 731))
    source.follow()
    assert len(function.events) == 8


def test_each_shard_is_followed(stream: Stream, source: EventSource, function: Function) -> None:
    keys = [f"dev-{number:02}" for number in range(20)]
    stream.put((key, {"key": key}) for key in keys)
    source.follow()
    assert len(function.events) == 2
    assert sorted(each["key"] for each in function.documents()) == keys


def test_it_goes_on_from_the_first_record_that_was_not_handled(
    stream: Stream, source: EventSource, function: Function
) -> None:
    """Those behind it come again as well, although they may have been handled."""
    function.answers = [["11", "10"]]
    put(stream, 12)
    source.follow()
    assert len(function.events) == 1
    source.follow()
    assert function.numbers()[1] == ["10", "11", "12"]


def test_where_the_function_fails_the_same_batch_comes_again(
    stream: Stream, source: EventSource, function: Function
) -> None:
    function.answers = [RuntimeError("the database is away"), []]
    put(stream, 3)
    with pytest.raises(RuntimeError, match="away"):
        source.follow()
    source.follow()
    source.follow()
    assert function.numbers() == [["1", "2", "3"]] * 2
