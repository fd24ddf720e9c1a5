"""What is refused, with its name and its reason; and what is not, although it looks odd."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from chalicelib.errors import InvalidRequestError
from chalicelib.features.heartbeats import batch as batches
from chalicelib.features.heartbeats.batch import Arrival, dated, read_batch
from chalicelib.features.heartbeats.bodies import RefusedHeartbeat
from chalicelib.features.heartbeats.model import MAX_BATCH, Report

NOW = datetime(2026, 11, 1, 10, 17, 3, 250_000, tzinfo=UTC)
ARRIVAL = Arrival(NOW, NOW)
MICROSECOND = timedelta(microseconds=1)
NO_NUMBERS = ("NaN", "Infinity", "-Infinity", "1e400")
GOOD: dict[str, Any] = {"device_id": "hvac-001", "site_id": "building-a"}


def read(content: Any) -> tuple[list[Report], list[RefusedHeartbeat]]:
    """What is good in *content*, and what is refused, now or because of its time."""
    batch = read_batch(content)
    reports, refused_late = dated(batch, ARRIVAL)
    assert batch.size == len(reports) + len(batch.refused) + len(refused_late)
    return reports, [*batch.refused, *refused_late]


def read_one(**changes: Any) -> Report:
    [report], refused = read({**GOOD, **changes})
    assert refused == []
    return report


def refusal_of(item: Any) -> tuple[str | None, str]:
    """The field that is wrong, and the reason."""
    reports, [refusal] = read({"devices": [GOOD, item]})
    assert (refusal.index, len(reports)) == (1, 1)
    assert len(refusal.reason) < 250
    return refusal.field, refusal.reason


IMPOSSIBLE: dict[str, list[Any]] = {
    "device_id": [None, "", 5, True, [], {}, "x" * 257, "a\0b"],
    "site_id": [None, "", 1.5, "\ud800", "x" * 100_000],
    "status": ["", "READY", "ok", 1, True, [], {"ready": 1}, "x" * 9999],
    "agent_version": [1, False, [], "v" * 257, "\0", "\udfff"],
    "cpu_pct": [-0.1, 100.1, True, "5", [], {}, 10**400, *map(json.loads, NO_NUMBERS)],
    "disk_free_gb": [-1, -1e-300, False, "1", 10**400, *map(json.loads, NO_NUMBERS)],
    "queue_depth": [-1, 1.5, 2**31, True, "3", 10**400, *map(json.loads, NO_NUMBERS)],
    "poll_interval_s": [-1, 0.1, 2**31, False, *map(json.loads, NO_NUMBERS)],
    "last_upload_ts": [
        *("", "yesterday", "2026-11-01", "2026-11-01T10:00:00", "9" * 10**6, True, [], -1, 0),
        *("1999-12-31T23:59:59Z", "9999-12-31T23:59:59-14:00", 10**400, 1e300, float("nan")),
    ],
    "ts": [
        *("now", "2026-11-01T10:17:03.25", 1e17, {}, False),
        *("2099-01-01T00:00:00Z", "1970-01-01T00:00:00Z"),
    ],
}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        pytest.param(field, value, id=f"{field} {number}")
        for field, values in IMPOSSIBLE.items()
        for number, value in enumerate(values)
    ],
)
def test_a_value_that_cannot_be_is_refused_by_name(field: str, value: Any) -> None:
    named, reason = refusal_of({**GOOD, field: value})
    assert named == field
    assert reason.startswith(f"{field} ")


@pytest.mark.parametrize("item", [None, 5, "hvac", [], [GOOD], True])
def test_what_is_no_object_is_refused_as_a_whole(item: Any) -> None:
    assert refusal_of(item) == (None, "a heartbeat must be a JSON object")


@pytest.mark.parametrize("name", ["cpu", "Device_id", "updated_at", "", "x" * 10_000])
def test_an_unknown_field_is_refused_by_name(name: str) -> None:
    field, reason = refusal_of({**GOOD, name: 1})
    assert field == name[:40]
    assert reason.startswith("unknown field ")


def test_a_field_whose_name_no_text_may_hold_is_refused() -> None:
    _, reason = refusal_of({**GOOD, "\ud800": 1})
    assert "field" in reason
    assert reason.encode()


@pytest.mark.parametrize(
    ("field", "value", "stored"),
    [
        ("device_id", "gerät-☃🚀\x01\u202e' OR 1=1 --", "gerät-☃🚀\x01\u202e' OR 1=1 --"),
        ("device_id", "x" * 256, "x" * 256),
        ("status", "error", "error"),
        ("agent_version", "", ""),
        ("cpu_pct", 0, 0.0),
        ("cpu_pct", 100, 100.0),
        ("disk_free_gb", 1e308, 1e308),
        ("queue_depth", 2**31 - 1, 2**31 - 1),
        ("queue_depth", 120.0, 120),
        ("poll_interval_s", None, None),
        ("last_upload_ts", "2026-11-01T11:15:00+01:00", datetime(2026, 11, 1, 10, 15, tzinfo=UTC)),
        ("last_upload_ts", 1_793_528_223_250, NOW),
        ("last_upload_ts", "2099-01-01T00:00:00Z", datetime(2099, 1, 1, tzinfo=UTC)),
    ],
)
def test_a_value_that_can_be_is_taken(field: str, value: Any, stored: Any) -> None:
    report = read_one(**{field: value})
    found = report.device_id if field == "device_id" else report.fields[field]
    assert (found, type(found)) == (stored, type(stored))


def test_minus_zero_is_zero() -> None:
    assert str(read_one(disk_free_gb=-0.0).fields["disk_free_gb"]) == "0.0"


@pytest.mark.parametrize("spelled", ["2026-11-01T10:17:03.25Z", 1_793_528_223_250, None])
def test_a_heartbeat_may_say_its_time(spelled: Any) -> None:
    assert read_one(ts=spelled).seen_at == NOW


def test_a_clock_may_be_a_minute_ahead_and_no_more() -> None:
    ahead = NOW + timedelta(minutes=1)
    assert read_one(ts=ahead.isoformat()).seen_at == ahead
    field, reason = refusal_of({**GOOD, "ts": (ahead + MICROSECOND).isoformat()})
    assert (field, reason) == ("ts", "ts must not be more than 60 seconds in the future")


def test_of_a_device_that_is_named_twice_without_a_time_the_later_is_newer() -> None:
    reports, _ = read({"devices": [GOOD, GOOD, GOOD]})
    instants = [report.seen_at for report in reports]
    assert instants == [NOW - 2 * MICROSECOND, NOW - MICROSECOND, NOW]


def test_what_the_carrier_says_of_the_time_is_not_in_the_future() -> None:
    sent_at = NOW - timedelta(seconds=5)
    assert batches.arrival(NOW, sent_at) == Arrival(sent_at, NOW)
    assert batches.arrival(NOW, NOW + timedelta(hours=1)) == Arrival(NOW, NOW)


def test_a_batch_may_be_empty_and_no_larger_than_it_may() -> None:
    assert read_batch({"devices": []}).size == 0
    assert read_batch({"devices": [GOOD] * MAX_BATCH}).size == MAX_BATCH
    with pytest.raises(InvalidRequestError, match=r"^devices .*10000"):
        read_batch({"devices": [GOOD] * (MAX_BATCH + 1)})


@pytest.mark.parametrize(
    ("event", "parameter"),
    [
        (None, "body"),
        ([], "body"),
        ("hvac", "body"),
        (5, "body"),
        ({"devices": None}, "devices"),
        ({"devices": {"0": GOOD}}, "devices"),
        ({"devices": "all"}, "devices"),
        ({"devices": [GOOD], "site_id": "a"}, "site_id"),
    ],
)
def test_what_is_neither_a_heartbeat_nor_a_batch_is_no_request(event: Any, parameter: str) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        read_batch(event)
    assert caught.value.details == {"parameter": parameter}


@pytest.mark.parametrize("body", [None, 5, "", "{", "[" * 100_000, '{"a": }', b"{}"])
def test_a_body_that_is_no_json_is_no_request(body: Any) -> None:
    with pytest.raises(InvalidRequestError, match="must be"):
        read_batch(batches.parse(body))


@pytest.mark.parametrize("device_id", ["\ud800", "\0", 5, None, ["x"]])
def test_a_refusal_shows_only_a_device_that_can_be_one(device_id: Any) -> None:
    _, [refusal] = read({"devices": [{**GOOD, "device_id": device_id}]})
    assert refusal.device_id is None
    msgspec.json.encode(refusal)
