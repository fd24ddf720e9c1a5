"""A Kinesis stream, and what Lambda does with one: it hands the records over to a function."""

import base64
import json
from collections.abc import Callable, Iterable, Mapping
from itertools import takewhile
from typing import Any

# https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html
_MOST_PUT = 500
# How `kinesis_consumer` is set up in app.py.
BATCH_SIZE = 100

Record = Mapping[str, Any]
Event = dict[str, Any]
Handler = Callable[[Event], Mapping[str, Any]]


class Stream:
    """The stream *name*, behind a client of the SDK."""

    def __init__(self, client: Any, name: str) -> None:
        self.client = client
        self.name = name

    def put(self, documents: Iterable[tuple[str, object]]) -> None:
        """Put JSON documents into the stream, each under a key: those of a key stay in order."""
        records = [
            {"PartitionKey": key, "Data": json.dumps(each).encode()} for key, each in documents
        ]
        for first in range(0, len(records), _MOST_PUT):
            some = records[first : first + _MOST_PUT]
            self.client.put_records(StreamName=self.name, Records=some)

    def shards(self) -> list[str]:
        """The ids of its shards."""
        found = self.client.list_shards(StreamName=self.name)["Shards"]
        return [shard["ShardId"] for shard in found]

    def read(self, shard: str, after: str | None) -> list[Record]:
        """The records of *shard* behind the number *after*, or from the first one on."""
        place = (
            {"ShardIteratorType": "TRIM_HORIZON"}
            if after is None
            else {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "StartingSequenceNumber": after}
        )
        iterator = self.client.get_shard_iterator(StreamName=self.name, ShardId=shard, **place)
        found = self.client.get_records(ShardIterator=iterator["ShardIterator"], Limit=BATCH_SIZE)
        records: list[Record] = found["Records"]
        return records


class EventSource:
    """Hands what a stream holds over to *handler*, as Lambda's event source mapping does.

    Each shard goes on behind the last record that was handled. Where the answer names records that
    were not, all from the first of these on come again; where *handler* raises, all of them do.
    """

    def __init__(self, stream: Stream, handler: Handler) -> None:
        self._stream = stream
        self._handler = handler
        self._done: dict[str, str] = {}

    def follow(self) -> None:
        """Hand over all that there is, shard by shard, until there is no more or it is refused."""
        for shard in self._stream.shards():
            while (records := self._read(shard)) and self._hand_over(shard, records):
                pass

    def _read(self, shard: str) -> list[Record]:
        return self._stream.read(shard, self._done.get(shard))

    def _hand_over(self, shard: str, records: list[Record]) -> bool:
        """Whether all of *records* are handled."""
        answer = self._handler(_event(shard, records))
        failed = {each["itemIdentifier"] for each in answer.get("batchItemFailures", [])}
        handled = list(takewhile(lambda record: record["SequenceNumber"] not in failed, records))
        if handled:
            self._done[shard] = handled[-1]["SequenceNumber"]
        return len(handled) == len(records)


def _event(shard: str, records: Iterable[Record]) -> Event:
    """https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html."""
    return {
        "Records": [
            {
                "kinesis": {
                    "kinesisSchemaVersion": "1.0",
                    "partitionKey": record["PartitionKey"],
                    "sequenceNumber": record["SequenceNumber"],
                    "data": base64.b64encode(record["Data"]).decode(),
                    "approximateArrivalTimestamp": record[
                        "ApproximateArrivalTimestamp"
                    ].timestamp(),
                },
                "eventSource": "aws:kinesis",
                "eventVersion": "1.0",
                "eventID": f"{shard}:{record['SequenceNumber']}",
                "eventName": "aws:kinesis:record",
            }
            for record in records
        ]
    }
