"""A Timestream for tests and benchmarks: a real HTTP server that keeps what is written to it.

It speaks the service's JSON protocol, holds requests to the documented limits, keeps records by
version as documented, and plays the faults it is given, one a request, in their order.
"""

import json
import socket
import struct
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Barrier, Condition, Event, Lock
from typing import Any

from tests.local_http import LocalHttp

MAX_RECORDS = 100
MAX_DIMENSIONS = 128
MAX_NAME, MAX_SERIES_BYTES, MAX_TEXT = 256, 2048, 2048
RETENTION_DAYS, AHEAD_MINUTES = 73_000, 15
PREFIX = "Timestream_20181101."

Json = dict[str, Any]
Key = tuple[str, str, str, tuple[tuple[str, str], ...]]


@dataclass(frozen=True)
class Answer:
    """An answer. A fault is a wrong one; the records may have been kept before."""

    status: int = 200
    code: str = ""
    body: bytes | None = None
    keeps: bool = False
    resets: bool = False
    hangs: bool = False


THROTTLED = Answer(400, "ThrottlingException")
BROKEN = Answer(500, "InternalServerException")
WRONG_ENDPOINT = Answer(421, "InvalidEndpointException")
RESET = Answer(resets=True)
RESET_AFTER_WRITING = Answer(resets=True, keeps=True)
HANGS = Answer(hangs=True)
TRANSIENT = (THROTTLED, BROKEN, WRONG_ENDPOINT, RESET, RESET_AFTER_WRITING)


class RefusedError(Exception):
    """The whole request is invalid."""


@dataclass
class Stored:
    """A record as it is kept."""

    value: float
    version: int
    write_count: int = 1


class TimestreamStub(LocalHttp):
    """Serves while the context lasts. *rejects* gives a reason to reject a merged record."""

    def __init__(self, latency_seconds: float = 0) -> None:
        self.latency_seconds = latency_seconds
        self.tables = {"energy": {"generation", "consumption", "transmission"}}
        self.faults: deque[Answer] = deque()
        self.rejects: Callable[[Json], str | None] = lambda record: None
        self.kept: dict[Key, Stored] = {}
        self.requests: list[Json] = []
        self.describe_count = 0
        self.most_in_flight = 0
        self.connection_count = 0
        self._open_connections = 0
        self._connection_closed = Condition()
        self.released = Event()
        # Requests but the first wait here for each other.
        self.barrier: Barrier | None = None
        self._in_flight = 0
        self._lock = Lock()
        super().__init__(_handler(self), _Server)

    def let_go(self) -> None:
        """Answer the requests that are held."""
        self.released.set()

    def will(self, *faults: Answer) -> None:
        """Play these, one a request."""
        self.faults.extend(faults)

    def count_connection(self, difference: int) -> None:
        with self._connection_closed:
            self.connection_count += difference > 0
            self._open_connections += difference
            self._connection_closed.notify_all()

    def is_left_alone(self) -> bool:
        """Whether all connections are closed, or are in a moment."""
        with self._connection_closed:
            return self._connection_closed.wait_for(lambda: not self._open_connections, timeout=5)

    @property
    def values(self) -> dict[Key, float]:
        """What a query would find."""
        return {key: stored.value for key, stored in self.kept.items()}

    def answer(self, operation: str, request: Json) -> Answer | None:
        """None where the connection is to be cut."""
        if operation == "DescribeEndpoints":
            self.describe_count += 1
            endpoint = {"Address": self.url, "CachePeriodInMinutes": 1440}
            return Answer(body=_json({"Endpoints": [endpoint]}))
        with self._lock:
            self.requests.append(request)
            fault = self.faults.popleft() if self.faults else Answer()
            self._in_flight += 1
            self.most_in_flight = max(self.most_in_flight, self._in_flight)
        try:
            return self._play(fault, request)
        finally:
            with self._lock:
                self._in_flight -= 1

    def _play(self, fault: Answer, request: Json) -> Answer | None:
        time.sleep(self.latency_seconds)
        if self.barrier and len(self.requests) > 1:
            self.barrier.wait(10)
        if fault.hangs:
            self.released.wait(60)
            return None
        if fault.keeps:
            self._write(request)
        if fault.resets:
            return None
        if fault.body is not None or fault.code:
            return fault
        return self._write(request)

    def _write(self, request: Json) -> Answer:
        try:
            records = [self._merged(request, record) for record in self._records(request)]
        except RefusedError as refusal:
            code, _, message = str(refusal).partition(": ")
            return _error(400, code, message)
        with self._lock:
            rejected = [
                {"RecordIndex": index, **said}
                for index, record in enumerate(records)
                if (said := self._keep(request, record))
            ]
        if rejected:
            return _error(419, "RejectedRecordsException", "see RejectedRecords", rejected)
        total = {"Total": len(records), "MemoryStore": len(records), "MagneticStore": 0}
        return Answer(body=_json({"RecordsIngested": total}))

    def _records(self, request: Json) -> list[Json]:
        tables = self.tables.get(request["DatabaseName"], set())
        if request["TableName"] not in tables:
            raise RefusedError(f"ResourceNotFoundException: no table {request['TableName']}")
        records: list[Json] = request["Records"]
        _require(1 <= len(records) <= MAX_RECORDS, "between 1 and 100 records")
        return records

    def _merged(self, request: Json, record: Json) -> Json:
        common = request.get("CommonAttributes", {})
        dimensions = common.get("Dimensions", []) + record.get("Dimensions", [])
        merged = {**common, **record, "Dimensions": dimensions}
        _check(merged)
        return merged

    def _keep(self, request: Json, record: Json) -> Json | None:
        """What is said against *record*; None once it is kept."""
        age_seconds = time.time() - int(record["Time"]) / 1000
        if not -AHEAD_MINUTES * 60 <= age_seconds <= RETENTION_DAYS * 86_400:
            return {"Reason": "The record timestamp is outside the time range of the memory store."}
        if reason := self.rejects(record):
            return {"Reason": reason}
        key = key_of(request["TableName"], record)
        value, version = float(record["MeasureValue"]), record.get("Version", 1)
        stored = self.kept.get(key)
        if (
            stored
            and version <= stored.version
            and (value, version)
            != (
                stored.value,
                stored.version,
            )
        ):
            reason = f"The record version {version} is not higher than {stored.version}."
            return {"Reason": reason, "ExistingVersion": stored.version}
        self.kept[key] = Stored(value, version, stored.write_count + 1 if stored else 1)
        return None


def key_of(table: str, record: Json) -> Key:
    """What identifies a record."""
    pairs = sorted((each["Name"], each["Value"]) for each in record["Dimensions"])
    return table, record["Time"], record["MeasureName"], tuple(pairs)


def _check(record: Json) -> None:
    dimensions = record["Dimensions"]
    names = [each["Name"] for each in dimensions]
    _require(len(set(names)) == len(names), "dimensions with unique names")
    _require(len(dimensions) <= MAX_DIMENSIONS, "at most 128 dimensions")
    _require(all(each["Value"] for each in dimensions), "dimension values that are not empty")
    _require(all(1 <= len(name) <= MAX_NAME for name in names), "names of 1 to 256")
    size = sum(len((each["Name"] + each["Value"]).encode()) for each in dimensions)
    _require(size <= MAX_SERIES_BYTES, "dimensions of at most 2 KB")
    _require(record["TimeUnit"] == "MILLISECONDS" and record["Time"].isdecimal(), "a time")
    _require(record["MeasureValueType"] == "DOUBLE", "a type")
    _require(1 <= len(record["MeasureValue"]) <= MAX_TEXT, "a value")
    _require(float(record["MeasureValue"]) - float(record["MeasureValue"]) == 0, "a finite value")
    _require(1 <= record.get("Version", 1) < 2**63, "a version from 1")


def _require(is_met: bool, what: str) -> None:
    if not is_met:
        raise RefusedError(f"ValidationException: a request must have {what}")


def _error(status: int, code: str, message: str, rejected: Iterable[Json] | None = None) -> Answer:
    body: Json = {"__type": f"com.amazonaws.timestream.v20181101#{code}", "Message": message}
    if rejected is not None:
        body["RejectedRecords"] = list(rejected)
    return Answer(status, code, _json(body))


def _json(document: Json) -> bytes:
    return json.dumps(document).encode()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that gave up waiting is no news."""


def _handler(stub: TimestreamStub) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = -1

        def setup(self) -> None:
            stub.count_connection(+1)
            super().setup()

        def finish(self) -> None:
            try:
                super().finish()
            finally:
                stub.count_connection(-1)

        def do_POST(self) -> None:
            operation = self.headers["X-Amz-Target"].removeprefix(PREFIX)
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            answer = stub.answer(operation, request)
            if answer is None:
                self._reset()
                return
            if answer.body is None:
                answer = _error(answer.status, answer.code, "as the test wants it")
            body = answer.body or b""
            self.send_response(answer.status)
            self.send_header("Content-Type", "application/x-amz-json-1.0")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def _reset(self) -> None:
            # Lingering for no time at all makes the kernel send RST in place of FIN.
            linger = struct.pack("ii", 1, 0)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self.close_connection = True

        def log_message(self, format: str, *args: object) -> None:
            """Quiet."""

    return Handler


def main() -> None:
    """Serve alone, with a latency, until standard input ends; for the benchmark."""
    with TimestreamStub(float(sys.argv[1])) as stub:
        print(stub.url, flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
