"""The writer against a Timestream that throttles, rejects, breaks off, hangs and refuses."""

import gc
import json
import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chalicelib.errors import ApplicationError, RunTimedOutError
from chalicelib.features.parquet_loads.timestream import gateway
from chalicelib.features.parquet_loads.timestream.errors import (
    NotForTimestreamError,
    TimestreamRefusedError,
    TimestreamThrottledError,
    TimestreamUnavailableError,
)
from chalicelib.features.parquet_loads.timestream.write_requests import RejectedRow
from chalicelib.features.parquet_loads.timestream.writer import WriteResult
from tests.features.parquet_loads.timestream.conftest import OpenWriter
from tests.features.parquet_loads.timestream.energy import START, batch, hours
from tests.features.parquet_loads.timestream.stub import (
    BROKEN,
    HANGS,
    RESET,
    RESET_AFTER_WRITING,
    THROTTLED,
    TRANSIENT,
    WRONG_ENDPOINT,
    Answer,
    TimestreamStub,
)


def load(open_writer: OpenWriter, *batches: Any, **how: Any) -> WriteResult:
    with open_writer(**how) as sink:
        for each in batches:
            sink.write(each)
        return sink.close()


def sizes(stub: TimestreamStub) -> list[int]:
    return [len(request["Records"]) for request in stub.requests]


@pytest.fixture(autouse=True)
def _no_thread_is_left() -> Any:
    before = {thread for thread in threading.enumerate() if thread.name.startswith("timestream")}
    yield
    after = {thread for thread in threading.enumerate() if thread.name.startswith("timestream")}
    assert after == before


def test_every_row_is_written(timestream: TimestreamStub, open_writer: OpenWriter) -> None:
    assert load(open_writer, hours(250)) == WriteResult(written=250, batches=3)
    assert sorted(timestream.values.values()) == [float(hour) for hour in range(250)]
    assert {request["TableName"] for request in timestream.requests} == {"generation"}


def test_for_a_file_without_rows_no_request_is_sent(
    timestream: TimestreamStub, open_writer: OpenWriter
) -> None:
    assert load(open_writer, hours(0)) == load(open_writer) == WriteResult()
    assert timestream.requests == []


def test_small_batches_fill_the_requests(
    timestream: TimestreamStub, open_writer: OpenWriter
) -> None:
    rows = hours(230)
    load(open_writer, *(rows.slice(start, 7) for start in range(0, 230, 7)))
    assert sorted(sizes(timestream)) == [30, 100, 100]


def test_small_batches_are_gathered_again_after_each_time_they_are_sent(
    timestream: TimestreamStub, open_writer: OpenWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chalicelib.features.parquet_loads.timestream.writer.GATHERED_ROWS", 100)
    rows = hours(300)
    load(open_writer, *(rows.slice(start, 10) for start in range(0, 300, 10)))
    assert sizes(timestream) == [100, 100, 100]


def test_a_large_batch_is_planned_in_parts(
    timestream: TimestreamStub, open_writer: OpenWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chalicelib.features.parquet_loads.timestream.writer.GATHERED_ROWS", 150)
    load(open_writer, hours(400))
    assert sorted(sizes(timestream)) == [50, 50, 100, 100, 100]


def test_a_request_holds_as_many_records_as_configured(
    timestream: TimestreamStub, open_writer: OpenWriter
) -> None:
    load(open_writer, hours(7), max_batch_size=3)
    assert sorted(sizes(timestream)) == [1, 3, 3]


@pytest.mark.parametrize("fault", TRANSIENT)
def test_a_retryable_fault_is_tried_again(
    timestream: TimestreamStub, open_writer: OpenWriter, fault: Answer
) -> None:
    timestream.will(fault, fault, fault)
    result = load(open_writer, hours(150))
    assert (result.written, result.batches, result.rejected) == (150, 2, [])
    assert len(timestream.values) == 150
    assert len(timestream.requests) == 5
    assert result.throttled == (3 if fault is THROTTLED else 0)


@pytest.mark.parametrize("fault", TRANSIENT)
def test_a_request_is_tried_as_often_as_configured_and_then_given_up(
    timestream: TimestreamStub, open_writer: OpenWriter, fault: Answer
) -> None:
    timestream.will(*[fault] * 3)
    with pytest.raises(TimestreamUnavailableError) as caught:
        load(open_writer, hours(150), max_retries=2)
    assert len(timestream.requests) == 3
    assert caught.value.details["written"] == 0


def test_without_retries_the_first_failure_is_the_last(
    timestream: TimestreamStub, open_writer: OpenWriter
) -> None:
    timestream.will(BROKEN)
    with pytest.raises(TimestreamUnavailableError, match="InternalServerException"):
        load(open_writer, hours(1), max_retries=0)
    assert len(timestream.requests) == 1


def test_written_rows_are_counted_when_the_rest_fails(
    timestream: TimestreamStub, open_writer: OpenWriter
) -> None:
    timestream.will(Answer(), *[THROTTLED] * 4)
    with pytest.raises(TimestreamThrottledError) as caught:
        load(open_writer, hours(200), in_flight=1)
    assert caught.value.details == {
        "aws_code": "ThrottlingException",
        "written": 100,
        "superseded": 0,
        "batches": 1,
        "throttled": 4,
        "rejected": 0,
    }
    assert len(timestream.values) == 100


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("ValidationException", 400),
        ("AccessDeniedException", 400),
        ("UnrecognizedClientException", 400),
        ("SomethingNewException", 403),
    ],
)
def test_a_refusal_ends_the_load_at_once(
    timestream: TimestreamStub, open_writer: OpenWriter, code: str, status: int
) -> None:
    timestream.will(Answer(status, code))
    with pytest.raises(TimestreamRefusedError, match=f"says {code}: as the test wants it"):
        load(open_writer, hours(1000))
    assert len(timestream.requests) == 1


def test_a_missing_table_is_named(timestream: TimestreamStub, open_writer: OpenWriter) -> None:
    timestream.tables = {"energy": set()}
    with pytest.raises(TimestreamRefusedError, match="ResourceNotFoundException: no table gen"):
        load(open_writer, hours(1000))
    assert len(timestream.requests) == 1


def test_a_refusal_among_others_stops_the_rest(
    timestream: TimestreamStub, open_writer: OpenWriter
) -> None:
    timestream.will(*[Answer()] * 3, Answer(400, "ValidationException"))
    with pytest.raises(TimestreamRefusedError) as caught:
        load(open_writer, hours(10_000))
    assert len(timestream.requests) < 30
    assert caught.value.details["written"] == len(timestream.values)


def test_rejected_records_are_reported_and_the_others_not_sent_again(
    timestream: TimestreamStub, open_writer: OpenWriter
) -> None:
    timestream.rejects = lambda record: "odd" if float(record["MeasureValue"]) % 50 == 7 else None
    result = load(open_writer, hours(150))
    assert result.rejected == [
        RejectedRow(7, "odd"),
        RejectedRow(57, "odd"),
        RejectedRow(107, "odd"),
    ]
    assert (result.written, result.batches) == (147, 2)
    assert len(timestream.requests) == 2
    assert {stored.write_count for stored in timestream.kept.values()} == {1}


def test_rows_are_reported_by_their_place_in_the_file(
    timestream: TimestreamStub, open_writer: OpenWriter
) -> None:
    timestream.rejects = lambda record: "far" if record["MeasureValue"] == "3" else None
    rows = [{"region": f"r{n % 3}", "value": float(n), "row_number": 1000 + n} for n in range(5)]
    mixed = batch([{**row, "time": START + timedelta(hours=n)} for n, row in enumerate(rows)])
    assert load(open_writer, mixed).rejected == [RejectedRow(1003, "far")]


def test_times_outside_of_the_retention_are_reported(
    timestream: TimestreamStub, open_writer: OpenWriter
) -> None:
    soon = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)
    result = load(open_writer, batch([{}, {"time": soon}]))
    assert [row.row_number for row in result.rejected] == [1]
    assert "outside the time range" in result.rejected[0].reason


@pytest.mark.parametrize("said", [{}, {"RejectedRecords": []}, {"RejectedRecords": [{}]}])
def test_a_rejection_that_does_not_name_its_record_is_an_error(
    timestream: TimestreamStub, open_writer: OpenWriter, said: dict[str, Any]
) -> None:
    body = json.dumps({"__type": "x#RejectedRecordsException", **said})
    timestream.will(Answer(419, body=body.encode()))
    with pytest.raises(TimestreamRefusedError, match="without saying which"):
        load(open_writer, hours(3))


def test_a_load_that_is_repeated_changes_nothing(
    timestream: TimestreamStub, open_writer: OpenWriter
) -> None:
    first = load(open_writer, hours(120), version=5)
    values = timestream.values
    assert load(open_writer, hours(120), version=5) == first
    assert timestream.values == values


def test_a_changed_file_replaces_what_it_said_before(
    timestream: TimestreamStub, open_writer: OpenWriter
) -> None:
    load(open_writer, batch([{"value": 1.0}]), version=5)
    assert load(open_writer, batch([{"value": 2.0}]), version=6).written == 1
    assert list(timestream.values.values()) == [2.0]


def test_an_old_load_repeated_after_a_newer_one_is_superseded(
    timestream: TimestreamStub, open_writer: OpenWriter
) -> None:
    load(open_writer, batch([{"value": 2.0}]), version=6)
    result = load(open_writer, batch([{"value": 1.0}, {"region": "NO"}]), version=5)
    assert result == WriteResult(written=1, superseded=1, batches=1)
    assert sorted(timestream.values.values()) == [2.0, 100.5]


def test_rows_that_only_their_unit_tells_apart_are_not_lost_silently(
    timestream: TimestreamStub, open_writer: OpenWriter
) -> None:
    rows = batch([{"unit": "MW", "value": 1.0}, {"unit": "kW", "value": 1000.0}])
    result = load(open_writer, rows)
    assert (result.written, result.rejected) == (1, [RejectedRow(1, "conflicting_row")])


def test_requests_are_in_flight_at_the_same_time_and_never_too_many(
    timestream: TimestreamStub, open_writer: OpenWriter
) -> None:
    timestream.barrier = threading.Barrier(4)
    load(open_writer, hours(4100), in_flight=4)
    assert timestream.most_in_flight == timestream.connection_count == 4


def test_the_first_request_goes_alone(timestream: TimestreamStub, open_writer: OpenWriter) -> None:
    timestream.will(THROTTLED, BROKEN, RESET, THROTTLED)
    with pytest.raises(TimestreamThrottledError):
        load(open_writer, hours(4000))
    assert timestream.most_in_flight == 1
    assert len(timestream.requests) == 4


def test_no_connection_stays_open(timestream: TimestreamStub, open_writer: OpenWriter) -> None:
    load(open_writer, hours(1000))
    assert timestream.is_left_alone()


@pytest.mark.parametrize("fault", [Answer(400, "ValidationException"), BROKEN, RESET])
def test_no_connection_stays_open_while_somebody_holds_the_error(
    timestream: TimestreamStub, open_writer: OpenWriter, fault: Answer
) -> None:
    timestream.will(Answer(), fault)
    sink = open_writer(max_retries=0)
    sink.write(hours(1000))
    with pytest.raises(ApplicationError) as caught:
        sink.close()
    # The SDK's own errors and frames refer to each other.
    gc.collect()
    assert timestream.is_left_alone()
    assert caught.value.details["batches"] >= 1


def test_a_request_that_hangs_is_tried_again(
    timestream: TimestreamStub, open_writer: OpenWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gateway, "READ_TIMEOUT_SECONDS", 0.2)
    timestream.will(HANGS)
    assert load(open_writer, hours(3)).written == 3
    assert len(timestream.requests) == 2


@pytest.mark.parametrize("body", [b"", b"<html>busy</html>", b'{"__type": "x#Thrott', b"\xff\xfe"])
@pytest.mark.parametrize("status", [500, 502, 503, 429])
def test_an_answer_from_something_in_between_is_not_final(
    timestream: TimestreamStub, open_writer: OpenWriter, status: int, body: bytes
) -> None:
    timestream.will(Answer(status, body=body))
    assert load(open_writer, hours(3)).written == 3


@pytest.mark.parametrize("body", [b"", b"<html>welcome</html>", b'{"RecordsIng', b"\xff"])
def test_a_good_status_without_an_answer_is_not_taken_for_one(
    timestream: TimestreamStub, open_writer: OpenWriter, body: bytes
) -> None:
    timestream.will(Answer(200, body=body))
    assert load(open_writer, hours(3)).written == 3
    assert len(timestream.values) == 3


def test_nothing_is_started_that_could_outlast_the_deadline(
    timestream: TimestreamStub, open_writer: OpenWriter
) -> None:
    with pytest.raises(RunTimedOutError) as caught:
        load(open_writer, hours(200), seconds=gateway.READ_TIMEOUT_SECONDS)
    assert timestream.requests == []
    assert caught.value.details["written"] == 0


def test_no_retry_is_waited_for_beyond_the_deadline(
    timestream: TimestreamStub, open_writer: OpenWriter
) -> None:
    timestream.will(*[THROTTLED] * 9)
    with pytest.raises(TimestreamThrottledError):
        load(open_writer, hours(1), seconds=13, backoff_seconds=3, max_retries=9)
    assert len(timestream.requests) == 1


def test_a_thread_that_waits_for_a_retry_is_woken_when_another_request_fails(
    timestream: TimestreamStub, open_writer: OpenWriter
) -> None:
    timestream.will(Answer(), THROTTLED, Answer(400, "ValidationException"))
    started = datetime.now(UTC)
    with pytest.raises(TimestreamRefusedError):
        load(open_writer, hours(300), backoff_seconds=9, in_flight=2)
    assert datetime.now(UTC) - started < timedelta(seconds=5)


def test_leaving_early_waits_only_for_requests_in_flight(
    timestream: TimestreamStub, open_writer: OpenWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chalicelib.features.parquet_loads.timestream.writer.GATHERED_ROWS", 100)
    timestream.will(Answer(), *[THROTTLED] * 50)
    with open_writer(backoff_seconds=9) as sink:
        sink.write(hours(400))
        started = datetime.now(UTC)
    assert datetime.now(UTC) - started < timedelta(seconds=5)
    assert 2 <= len(timestream.requests) <= 4


def test_nobody_listening_is_reported_as_unavailable(
    timestream: TimestreamStub, open_writer: OpenWriter
) -> None:
    timestream.url = "http://127.0.0.1:1"
    with pytest.raises(TimestreamUnavailableError, match="Could not connect"):
        load(open_writer, hours(1), max_retries=1)


def test_readings_of_devices_are_not_for_timestream(open_writer: OpenWriter) -> None:
    with pytest.raises(NotForTimestreamError, match="generation, consumption, transmission, not"):
        open_writer("measurements")


def test_a_client_that_cannot_be_created_is_a_refusal(
    open_writer: OpenWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    with pytest.raises(TimestreamRefusedError, match="You must specify a region"):
        load(open_writer, hours(1))


def test_lost_answers_write_nothing_twice(
    timestream: TimestreamStub, open_writer: OpenWriter
) -> None:
    timestream.will(RESET_AFTER_WRITING, WRONG_ENDPOINT)
    result = load(open_writer, hours(100))
    assert (result.written, len(timestream.values)) == (100, 100)


def test_each_dataset_has_its_table(timestream: TimestreamStub, open_writer: OpenWriter) -> None:
    load(open_writer, hours(1), dataset="transmission")
    ((table, *_, dimensions),) = timestream.values
    assert table == "transmission"
    assert ("dataset_type", "transmission") in dimensions
