"""Whatever arrives is a record or a reject, and keeps nothing that came with it from being read."""

import base64
import json
import sys
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from chalicelib.errors import DatabaseUnavailableError, InvalidRequestError
from chalicelib.features.telemetry import arriving
from chalicelib.features.telemetry.arriving import (
    Arrived,
    again,
    from_kinesis,
    from_payload,
    from_queue,
)
from chalicelib.features.telemetry.invocations import consume_queue, consume_stream, process_rule
from chalicelib.features.telemetry.model import MAX_RECORDS, Reason, Reject
from chalicelib.features.telemetry.rejects import id_of
from tests.features.telemetry.aggregating import aggregated, field, record, sealed
from tests.features.telemetry.sending import Sender, kinesis_event

MANY = settings(max_examples=100)
GOOD = b'{"deviceId": "dev-a", "data": {"humidity": 1}}'
ARRIVED_AT = 1_700_056_800_250_000
Say = Callable[[bytes], Arrived]


def by_stream(spelled: bytes) -> Arrived:
    return from_kinesis(kinesis_event(spelled))


def by_aggregate(spelled: bytes) -> Arrived:
    return from_kinesis(kinesis_event(aggregated([spelled])))


def by_queue(spelled: bytes) -> Arrived:
    return from_queue(queue_event(spelled.decode(errors="replace")))


def queue_event(*bodies: Any, attributes: object = None) -> dict[str, Any]:
    """What Lambda is handed of a queue."""
    known = {"SentTimestamp": "1700056800250"} if attributes is None else attributes
    return {"Records": [{"body": body, "attributes": known} for body in bodies]}


carried = pytest.mark.parametrize("say", [by_stream, by_aggregate, by_queue])
POISON = [
    *(b"", b"\0", b"{", b"[1, 2", b"\xff\xfe", b"\xef\xbb\xbf{}", b"null", b"7", b'"text"'),
    *(b"[[]]", b"[[], 1]", b'{"a": NaN}', b'{"a": 1e400}', b"[" * 100_000, b"\xf3\x89\x9a\xc2"),
    b'{"a":' * 5_000 + b"1" + b"}" * 5_000,
    b'{"deviceId": "\xff"}',
    b'["\\ud800"]',
    '{"a": 1}'.encode("utf-16"),
    b"[" + b"1," * 400_000 + b"1]",
    b"x" * 1_000_000,
]
NAMES = [repr(each[:12]) for each in POISON]


@pytest.mark.parametrize("say", [by_stream, by_aggregate])
@pytest.mark.parametrize("poison", POISON, ids=NAMES)
def test_what_cannot_be_read_is_rejected_and_named(say: Say, poison: bytes) -> None:
    arrived = say(poison)
    assert {reject.reason for reject in arrived.rejects} == {Reason.NOT_READABLE}
    assert all(id_of(reject) for reject in arrived.rejects)


@pytest.mark.parametrize("poison", ["", "{", "[1, 2", "7", "[[]]", '{"a": NaN}', "[" * 100_000])
def test_a_message_that_cannot_be_read_is_rejected_and_named(poison: str) -> None:
    arrived = from_queue(queue_event(GOOD.decode(), poison, None, 7, {}, GOOD.decode()))
    assert len(arrived.records) == 2
    assert {reject.reason for reject in arrived.rejects} == {Reason.NOT_READABLE}
    assert len(arrived.rejects) == 4


@pytest.mark.parametrize("poison", POISON, ids=NAMES)
def test_a_poison_record_keeps_its_neighbours_from_nothing(poison: bytes) -> None:
    arrived = from_kinesis(kinesis_event(GOOD, poison, GOOD, aggregated([GOOD, poison, GOOD])))
    spelled = [found.spelled for found in arrived.records]
    assert spelled.count(GOOD) == 4
    places = [found.place for found in arrived.records]
    places += [reject.record.place for reject in arrived.rejects]
    assert sorted(places) == list(range(arrived.count))


@MANY
@given(st.lists(st.one_of(st.binary(max_size=60), st.just(GOOD)), max_size=6), st.booleans())
def test_nothing_that_a_stream_hands_over_is_lost(parts: list[bytes], is_packed: bool) -> None:
    parts = [part for part in parts if part.strip() not in (b"[]", b'{"records":[]}')]
    sent = [aggregated(parts)] if is_packed else parts
    arrived = from_kinesis(kinesis_event(*sent))
    assert arrived.count >= len(parts)
    assert [found.spelled for found in arrived.records].count(GOOD) == parts.count(GOOD)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)


@MANY
@given(JSON)
def test_no_payload_of_a_rule_is_lost(payload: Any) -> None:
    """Python reads NaN, and halves of characters, before it calls a function."""
    arrived = from_payload(payload)
    assert arrived.count == (len(_listed(payload)) if _listed(payload) is not None else 1)
    assert all(id_of(reject) for reject in arrived.rejects)


def _listed(payload: Any) -> Any:
    inner = payload["records"] if isinstance(payload, dict) and set(payload) == {"records"} else 0
    return payload if isinstance(payload, list) else inner if isinstance(inner, list) else None


@MANY
@given(JSON)
def test_no_field_of_an_event_ends_a_batch(anything: Any) -> None:
    records = [{"kinesis": anything}, anything, {"kinesis": {"data": anything}}]
    records += [{"kinesis": {"data": "e30=", "approximateArrivalTimestamp": anything}}]
    event = {"Records": records}
    assert from_kinesis(event).count == len(records)
    messages = [anything, {"body": anything}, {"body": "{}", "attributes": anything}]
    messages += [{"body": "{}", "attributes": {"SentTimestamp": anything}}]
    assert from_queue({"Records": messages}).count >= 3


@carried
@pytest.mark.parametrize(
    "several", [b"[%s, %s]" % (GOOD, GOOD), b'{"records": [%s, %s]}' % (GOOD, GOOD)]
)
def test_a_record_may_hold_several(say: Say, several: bytes) -> None:
    arrived = say(several)
    assert [found.payload for found in arrived.records] == [json.loads(GOOD)] * 2
    assert from_payload(json.loads(several)).count == 2


@carried
def test_a_list_that_is_too_long_is_one_reject(say: Say) -> None:
    """Otherwise a single message could keep a batch busy for longer than it may take."""
    arrived = say(b"[" + b",".join([b"{}"] * (MAX_RECORDS + 1)) + b"]")
    assert (len(arrived.records), len(arrived.rejects)) == (0, 1)
    assert f"not hold more than {MAX_RECORDS} records" in arrived.rejects[0].message
    assert say(b"[" + b",".join([b"{}"] * MAX_RECORDS) + b"]").count == MAX_RECORDS


def test_an_aggregate_of_countless_parts_is_one_reject(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arriving, "_MOST_PARTS", 10)
    arrived = from_kinesis(kinesis_event(sealed(field(3, b"") * 11), GOOD))
    assert (len(arrived.records), len(arrived.rejects)) == (1, 1)
    assert from_kinesis(kinesis_event(sealed(field(3, record(b"{}")) * 10))).count == 10


@pytest.mark.parametrize(
    ("spelled", "kept"),
    [
        (b'{"a": 1, "a": 2}', {"a": 2}),
        (b'{"a": "\\u0000"}', {"a": "\0"}),
        (b'{"a": 18446744073709551616}', {"a": 2**64}),
        (b'{"a": -0.0}', {"a": 0.0}),
        (b' \n{"a": 1}\t', {"a": 1}),
        ('{"ß": "☃"}'.encode(), {"ß": "☃"}),
    ],
    ids=["twice", "NUL", "a great number", "minus zero", "spaces", "other letters"],
)
@carried
def test_what_json_allows_is_read(say: Say, spelled: bytes, kept: dict[str, Any]) -> None:
    [found] = say(spelled).records
    assert found.payload == kept


def test_a_record_of_a_hundred_thousand_values_is_one_record() -> None:
    wide = {f"metric-{number}": number for number in range(100_000)}
    [found] = by_stream(json.dumps(wide).encode()).records
    assert found.payload == wide


def test_a_carrier_says_since_when_it_has_a_record() -> None:
    assert [found.sent_at for found in by_stream(b"[{}, {}]").records] == [ARRIVED_AT] * 2
    assert [found.sent_at for found in by_queue(b"{}").records] == [ARRIVED_AT]
    assert from_payload({}).records[0].sent_at is None


@pytest.mark.parametrize(
    "attributes",
    [{}, [], "", 7, {"SentTimestamp": None}, {"SentTimestamp": "soon"}, {"SentTimestamp": "1e99"}],
)
def test_a_message_without_attributes_has_no_time_of_its_own(attributes: object) -> None:
    [found] = from_queue(queue_event("{}", attributes=attributes)).records
    assert found.sent_at is None
    [found] = from_queue({"Records": [{"body": "{}"}]}).records
    assert found.sent_at is None


def test_a_message_that_was_received_before_has_the_time_of_that() -> None:
    known = {"ApproximateFirstReceiveTimestamp": "1700056800250"}
    [found] = from_queue(queue_event("{}", attributes=known)).records
    assert found.sent_at == ARRIVED_AT


@pytest.mark.parametrize("event", [{}, {"Records": None}, {"Records": {}}, [], None, "Records"])
@pytest.mark.parametrize("read", [from_kinesis, from_queue])
def test_an_event_without_records_is_nobody_s_batch(read: Any, event: Any) -> None:
    with pytest.raises(InvalidRequestError, match="list of Records"):
        read(event)


@pytest.mark.parametrize("wrap", [lambda items: items, lambda items: {"records": items}])
def test_whoever_sends_too_many_is_told(wrap: Callable[[list[Any]], Any]) -> None:
    with pytest.raises(InvalidRequestError, match="more than 10000"):
        from_payload(wrap([{}] * (MAX_RECORDS + 1)))


def test_the_same_fault_is_one_reject_by_whatever_way_it_comes() -> None:
    spellings = [b'{"timestamp": 1, "a": [1.0]}', b'{ "a":[1.0],"timestamp":1 }']
    ways = [by_stream(each) for each in spellings] + [by_queue(spellings[0])]
    ways += [from_payload(json.loads(spellings[0])), again(spellings[1].decode(), None)]
    rejects = [Reject(found.records[0], Reason.NO_DEVICE, "as a test has it") for found in ways]
    assert len({id_of(reject) for reject in rejects}) == 1


@pytest.mark.parametrize("spelled", ["[1]", "[[1]]", "[]", "[{}]", "7", "{"])
def test_what_is_tried_again_is_the_same_reject(spelled: str) -> None:
    """A list that came in a list is no list of records by itself."""
    [reject] = from_queue(queue_event(f"[{spelled}]", attributes={})).rejects
    kept = reject.record.spelled.decode()
    assert [id_of(found) for found in again(kept, None).rejects] == [id_of(reject)]


def numbered(*numbers: str) -> dict[str, Any]:
    event = kinesis_event(*[GOOD] * len(numbers))
    for received, number in zip(event["Records"], numbers, strict=True):
        received["kinesis"]["sequenceNumber"] = number
    return event


@pytest.fixture
def away(environment: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """There is no database at its address."""
    monkeypatch.setenv("TIMESCALE_DB_PORT", "1")
    monkeypatch.setenv("TIMESCALE_DB_HOST", "127.0.0.1")
    monkeypatch.setattr(sys.modules["chalicelib.database.retry"], "CONNECTION_ATTEMPTS", 1)


@pytest.mark.parametrize(
    ("numbers", "lowest"),
    [
        (["9", "10", "11"], "9"),
        (["10", "9"], "9"),
        (["49590338271490256608559692538361571095921575989136588898"], None),
        (["100000000000000000000000000000000000001", "99999999999999999999999999999999999999"], 1),
    ],
)
@pytest.mark.usefixtures("away")
def test_while_the_database_is_away_the_first_record_is_named(
    numbers: list[str], lowest: object
) -> None:
    expected = lowest if isinstance(lowest, str) else numbers[-1]
    answer = consume_stream(numbered(*numbers), None)
    assert answer == {"batchItemFailures": [{"itemIdentifier": expected}]}


@pytest.mark.usefixtures("away")
def test_an_empty_batch_asks_nobody_for_anything() -> None:
    assert consume_stream({"Records": []}, None) == {"batchItemFailures": []}


@pytest.mark.usefixtures("away")
def test_other_ways_raise_so_that_all_is_delivered_again() -> None:
    with pytest.raises(DatabaseUnavailableError):
        consume_queue(queue_event(GOOD.decode()), None)
    with pytest.raises(DatabaseUnavailableError):
        process_rule(json.loads(GOOD), None)


def test_a_batch_of_poison_is_handled_and_kept(sender: Sender, engine: Engine) -> None:
    poison = [each for each in POISON if len(each) < 200_000]
    good = {"deviceId": "dev-a", "timestamp": sender.ago(minutes=1), "data": {"humidity": 1}}
    event = kinesis_event(*poison, good, aggregated(poison))
    event["Records"] += [{}, {"kinesis": None}, {"kinesis": {"data": "not base64", "a": 1}}]
    assert consume_stream(event, None) == {"batchItemFailures": []}
    assert list(sender.stored().values()) == [1.0]
    assert {reason for *_, reason in sender.rejects()} == {"not_readable"}
    kept = len(sender.rejects())
    assert kept >= len(poison)
    consume_stream(event, None)
    assert len(sender.rejects()) == kept


def test_what_python_reads_and_no_text_may_hold_is_kept_with_its_neighbours(
    sender: Sender,
) -> None:
    at = sender.ago(minutes=1)
    good = {"deviceId": "dev-a", "timestamp": at, "data": {"humidity": 1}}
    bad = [
        {"deviceId": "\ud800", "timestamp": at, "data": {"humidity": 1}},
        {"deviceId": "dev-a", "timestamp": at, "data": {"\ud800": 1}},
        {"deviceId": "dev-a", "timestamp": at, "data": {"humidity": "\ud800"}},
        {
            "deviceId": "dev-a",
            "timestamp": at,
            "data": {"humidity": {"value": 1, "unit": "\udfff"}},
        },
        {"deviceId": "dev-a", "timestamp": "\ud800", "data": {"humidity": 1}},
        {"deviceId": "dev-a", "timestamp": at, "data": {"\0": "\0"}},
        "\ud800",
        ["\ud800"],
    ]
    answer = process_rule([*bad, good], None)
    assert (answer["received"], answer["stored"], answer["rejected"]) == (9, 1, 8)
    assert len(sender.rejects()) == 8


def test_what_is_not_kept_as_it_came_is_marked(sender: Sender) -> None:
    """It must not pass for another record when it is tried again."""
    damaged = b'{"deviceId": "dev-\xffa", "timestamp": %d}' % sender.now().timestamp()
    consume_stream(kinesis_event(damaged), None)
    [(payload, is_cut)] = sender.sandbox.rows(
        "SELECT payload, is_cut FROM iot_data.telemetry_rejects"
    )
    assert (json.loads(payload)["deviceId"], is_cut) == ("dev-a", True)


@pytest.mark.parametrize("size", [1_000, 1_000_000])
def test_a_large_record_is_judged_and_a_large_reject_is_cut(sender: Sender, size: int) -> None:
    at = sender.ago(minutes=1)
    record = {
        "deviceId": "dev-a",
        "timestamp": at,
        "data": {"humidity": 1, "note": "☃" * (size // 3)},
    }
    consume_stream(kinesis_event(json.dumps(record, ensure_ascii=False).encode()), None)
    assert list(sender.stored().values()) == [1.0]
    [(payload, is_cut)] = sender.sandbox.rows(
        "SELECT payload, is_cut FROM iot_data.telemetry_rejects"
    )
    assert is_cut is (size > 4096)
    assert len(payload.encode()) <= 4096


def test_of_countless_faults_of_a_record_the_first_are_kept(sender: Sender) -> None:
    wide = {f"metric-{number}": number for number in range(20_000)}
    answer = process_rule(
        {"deviceId": "dev-a", "timestamp": sender.ago(minutes=1), "data": {**wide, "humidity": 1}},
        None,
    )
    assert (answer["stored"], answer["rejected"], len(answer["refusals"])) == (1, 20_000, 100)
    assert len(sender.rejects()) == 20


def test_data_that_is_no_base64_is_named() -> None:
    event = {
        "Records": [{"kinesis": {"data": "###"}}, {"kinesis": {"data": base64.b64encode(GOOD)}}]
    }
    arrived = from_kinesis(event)
    assert (len(arrived.records), len(arrived.rejects)) == (1, 1)
    assert "cannot be unpacked" in arrived.rejects[0].message
