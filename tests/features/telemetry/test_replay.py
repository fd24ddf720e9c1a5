"""What was not stored is tried again: once it is right it is stored, and is no reject any more."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import create_engine

from chalicelib.audit import Actor
from chalicelib.database import engine_for
from chalicelib.features.telemetry import replay as replaying
from chalicelib.features.telemetry.arriving import from_kinesis
from chalicelib.features.telemetry.bodies import Replay, Replayed
from chalicelib.features.telemetry.model import Admission, Reason, Way
from tests.features.telemetry.killed_batch import QUERIES
from tests.features.telemetry.sending import Sender, kinesis_event
from tests.interruption import interrupted_at

SOMEBODY = Actor("user:somebody")


class PowerFailureError(Exception):
    """Nobody catches it."""


def replay(sender: Sender, organization: str | None = None, **wanted: Any) -> Replayed:
    if organization is not None:
        sender = Sender(sender.sandbox, sender.engine, organization=organization)
    context = sender.ingestion(Way.REPLAY)
    return replaying.replay(context, Replay(**wanted), SOMEBODY)[0]


def ids(sender: Sender) -> list[str]:
    rows = sender.sandbox.rows("SELECT reject_id FROM iot_data.telemetry_rejects ORDER BY 1")
    return [reject_id for [reject_id] in rows]


def mend(sender: Sender, change: str) -> None:
    """Change the metric humidity of the type, whose version is another one then."""
    sender.sandbox.rows(
        f"UPDATE iot_data.device_type_metrics SET {change} WHERE name = 'humidity'; "
        "UPDATE iot_data.device_types SET version = version + 1"
    )


def test_once_a_device_is_registered_what_it_sent_is_stored(sender: Sender) -> None:
    at = sender.now() - timedelta(minutes=1)
    sender.report("dev-new", at.isoformat(), temperature=1, humidity=2)
    sender.add_device("dev-new")
    done = replay(sender, reason=Reason.UNKNOWN_DEVICE)
    assert (done.tried, done.cleared, done.stored, done.next) == (1, 1, 2, None)
    assert sender.stored() == {
        ("dev-new", "temperature", at): 1.0,
        ("dev-new", "humidity", at): 2.0,
    }
    assert sender.rejects() == []
    assert replay(sender).tried == 0


def test_once_a_type_is_mended_what_was_refused_is_stored(sender: Sender) -> None:
    mend(sender, "maximum = 10")
    sender.report("dev-a", sender.ago(minutes=1), humidity=11, temperature=1)
    mend(sender, "maximum = 20")
    done = replay(sender, device_id="dev-a")
    assert (done.cleared, done.stored, done.corrected) == (1, 1, 0)
    assert len(sender.stored()) == 2


def test_what_is_still_wrong_stays_as_it_was(sender: Sender) -> None:
    sender.report("dev-a", sender.ago(minutes=1), humidity="wrong", surprise=1)
    before = sender.sandbox.rows("SELECT * FROM iot_data.telemetry_rejects ORDER BY reject_id")
    done = replay(sender)
    assert (done.tried, done.cleared, done.stored) == (2, 0, 0)
    after = sender.sandbox.rows("SELECT * FROM iot_data.telemetry_rejects ORDER BY reject_id")
    assert after == before


def test_what_is_wrong_for_another_reason_by_now_is_kept_for_that(sender: Sender) -> None:
    sender.report("dev-new", sender.ago(minutes=1), humidity="wrong", temperature=1)
    sender.add_device("dev-new")
    done = replay(sender)
    assert (done.cleared, done.stored) == (1, 1)
    assert sender.rejects() == [("dev-new", "humidity", "wrong_type")]


def test_what_was_ahead_is_stored_when_its_time_has_come(sender: Sender) -> None:
    sender.report("dev-a", sender.ago(minutes=-2), humidity=1)
    assert replay(sender).cleared == 0
    at = sender.ago(minutes=1)
    sender.sandbox.rows(
        "UPDATE iot_data.telemetry_rejects SET payload = "
        'regexp_replace(payload, \'"timestamp":"[^"]+"\', %s)',
        [f'"timestamp":"{at}"'],
    )
    assert replay(sender).stored == 1
    assert sender.rejects() == []


@pytest.mark.parametrize("spelled", [b"{", b"[[{}]]", b"7", b"[]]", b'"\xc3\xa4"'])
def test_what_cannot_be_read_stays_one_reject(sender: Sender, spelled: bytes) -> None:
    sender.take(from_kinesis(kinesis_event(spelled)))
    before = ids(sender)
    assert len(before) == 1
    assert replay(sender).cleared == 0
    assert ids(sender) == before


def test_what_is_kept_in_part_only_is_not_tried(sender: Sender) -> None:
    long = {"deviceId": "dev-new", "timestamp": sender.ago(minutes=1), "data": {"humidity": 1}}
    sender.send({**long, "note": "x" * 5000})
    sender.take(from_kinesis(kinesis_event(b'{"deviceId": "dev-\xffa", "data": {"humidity": 1}}')))
    sender.add_device("dev-new")
    assert (replay(sender).tried, len(sender.rejects())) == (0, 2)


def test_a_record_with_several_faults_is_tried_once(sender: Sender) -> None:
    mend(sender, "maximum = 0")
    sender.report("dev-a", sender.ago(minutes=1), humidity=1, surprise=1, temperature=1)
    mend(sender, "maximum = 10")
    done = replay(sender)
    assert (done.tried, done.cleared, done.stored) == (2, 1, 1)
    assert sender.rejects() == [("dev-a", "surprise", "unknown_metric")]


def test_a_record_without_a_time_has_that_of_its_carrier_again(sender: Sender) -> None:
    at = sender.now() - timedelta(minutes=1)
    event = kinesis_event({"deviceId": "dev-new", "data": {"humidity": 1}})
    event["Records"][0]["kinesis"]["approximateArrivalTimestamp"] = at.timestamp()
    sender.take(from_kinesis(event))
    sender.add_device("dev-new")
    replay(sender)
    assert sender.stored() == {("dev-new", "humidity", at): 1.0}


@pytest.mark.parametrize(
    "boundary",
    ["committed:store_readings", "before:forget_rejects", "after:forget_rejects"],
)
def test_wherever_it_dies_trying_again_ends_it(sender: Sender, boundary: str) -> None:
    def fail() -> None:
        raise PowerFailureError

    sender.report("dev-new", sender.ago(minutes=1), humidity=1)
    sender.add_device("dev-new")
    with interrupted_at(QUERIES, boundary, fail), pytest.raises(PowerFailureError):
        replay(sender)
    assert (len(sender.stored()), len(sender.rejects())) == (1, 1)
    done = replay(sender)
    assert (done.cleared, done.stored, done.corrected) == (1, 0, 0)
    assert (len(sender.stored()), len(sender.rejects())) == (1, 0)
    counts = sender.sandbox.rows(
        "SELECT reading_count, corrected_count FROM iot_data.device_readings"
    )
    assert counts == [(1, 0)]


@pytest.mark.postgresql
def test_two_at_once_store_it_once(sender: Sender) -> None:
    at = sender.now() - timedelta(minutes=10)
    for number in range(100):
        sender.report("dev-new", (at + timedelta(seconds=number)).isoformat(), humidity=number)
    sender.add_device("dev-new")
    ready = Barrier(2)

    def try_again(_: int) -> int:
        engine = create_engine(engine_for(sender.sandbox.settings).url, pool_size=1)
        own = Sender(sender.sandbox, engine)
        ready.wait(timeout=30)
        done = replay(own)
        engine.dispose()
        return done.stored

    with ThreadPoolExecutor(2) as pool:
        stored = sum(pool.map(try_again, range(2)))
    assert (stored, len(sender.stored()), sender.rejects()) == (100, 100, [])


def test_an_organization_tries_its_own_only(sender: Sender) -> None:
    sender.report("dev-other", sender.ago(minutes=1), surprise=1)
    sender.report("dev-new", sender.ago(minutes=1), humidity=1)
    sender.add_device("dev-new")
    for wanted in ({}, {"reject_ids": ids(sender)}, {"device_id": "dev-other"}):
        assert replay(sender, "org-1", **wanted).tried == 0
    assert len(ids(sender)) == 2
    assert replay(sender, "org-2").tried == 1
    # Nobody but the platform knows whose a device was that nobody had registered.
    assert replay(sender).cleared == 1


def test_an_organization_s_reject_is_not_stored_for_another(sender: Sender) -> None:
    """It named a device of another organization, over HTTP, and was refused for that."""
    own = Sender(sender.sandbox, sender.engine, organization="org-1")
    own.report("dev-other", sender.ago(minutes=1), humidity=1)
    done = replay(sender, "org-1")
    assert (done.tried, done.cleared, done.stored) == (1, 0, 0)
    assert sender.stored() == {}


def test_the_platform_stores_it_for_no_other_organization_either(sender: Sender) -> None:
    """Whoever guesses the id of a foreign device could wait until somebody tries all again."""
    own = Sender(sender.sandbox, sender.engine, organization="org-1")
    own.report("dev-other", sender.ago(minutes=1), humidity=1)
    before = ids(sender)
    done = replay(sender, reason=Reason.UNKNOWN_DEVICE)
    assert (done.tried, done.cleared, done.stored) == (1, 0, 0)
    assert (sender.stored(), ids(sender)) == ({}, before)


def test_what_a_token_said_of_another_s_device_is_not_tried(sender: Sender) -> None:
    sender.admission = Admission(device_id="dev-a")
    sender.report("dev-b", sender.ago(minutes=1), humidity=1)
    assert sender.rejects() == [("dev-b", None, "other_device")]
    sender.admission = Admission()
    assert replay(sender).tried == 0
    assert sender.stored() == {}


def test_each_organization_sees_its_own_of_the_same_document(sender: Sender) -> None:
    at = sender.ago(minutes=1)
    for organization in ("org-1", "org-2"):
        own = Sender(sender.sandbox, sender.engine, organization=organization)
        own.report("dev-new", at, humidity=1)
    sender.report("dev-new", at, humidity=1)
    owners = sender.sandbox.rows("SELECT organization_id FROM iot_data.telemetry_rejects")
    assert sorted(owners, key=str) == [("org-1",), ("org-2",), (None,)]


def test_what_was_cleared_is_in_the_audit_log(sender: Sender) -> None:
    sender.report("dev-new", sender.ago(minutes=1), humidity=1)
    [reject_id] = ids(sender)
    sender.add_device("dev-new")
    replay(sender)
    rows = sender.sandbox.rows("SELECT actor, action, before FROM iot_data.audit_log")
    assert rows == [("user:somebody", "telemetry.replayed", {"reject_ids": [reject_id]})]


def test_those_that_are_still_wrong_do_not_keep_others_from_their_turn(
    sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replaying, "MOST", 2)
    for device in ("dev-lost", "dev-lost-as-well", "dev-new"):
        sender.report(device, sender.ago(minutes=10), humidity=1)
    sender.add_device("dev-new")
    first = replay(sender)
    assert first.next is not None
    second = replay(sender, after=first.next)
    assert (first.cleared, second.cleared, second.next) == (0, 1, None)


def test_what_was_corrected_since_is_not_undone(sender: Sender) -> None:
    """One value of the record was wrong. Another one was stored, and has been corrected since."""
    at = sender.now() - timedelta(minutes=1)
    mend(sender, "maximum = 10")
    sender.report("dev-a", at.isoformat(), humidity=11, temperature=1)
    sender.report("dev-a", at.isoformat(), temperature=2)
    mend(sender, "maximum = 20")
    replay(sender)
    assert sender.stored() == {
        ("dev-a", "humidity", at): 11.0,
        ("dev-a", "temperature", at): 2.0,
    }


def test_what_could_not_be_computed_is_computed_again(sender: Sender) -> None:
    sender.add_type("power", volts={}, amperes={}, watts=_WATTS)
    sender.add_device("dev-p", "power")
    sender.report("dev-p", sender.ago(minutes=1), volts=230, amperes=2)
    assert sender.rejects() == [("dev-p", "watts", "out_of_limits")]
    sender.sandbox.rows(
        "UPDATE iot_data.device_type_metrics SET maximum = NULL WHERE name = 'watts'; "
        "UPDATE iot_data.device_types SET version = version + 1"
    )
    done = replay(sender)
    assert (done.cleared, done.stored, done.corrected) == (1, 1, 0)
    assert 460.0 in sender.stored().values()


def test_a_metric_of_a_long_name_is_tried_again_once_there_is_one(sender: Sender) -> None:
    name = "a" * 60
    sender.report("dev-a", sender.ago(minutes=1), **{name: 1, "humidity": 1})
    sender.sandbox.rows(
        "UPDATE iot_data.device_type_metrics SET name = %s WHERE name = 'temperature'; "
        "UPDATE iot_data.device_types SET version = version + 1",
        [name],
    )
    done = replay(sender)
    assert (done.cleared, done.stored) == (1, 1)


_WATTS = {"expression": "volts * amperes", "maximum": 100}
