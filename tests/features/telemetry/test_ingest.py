"""What devices send is stored once; what is wrong in it is kept, and keeps nothing else away."""

from datetime import timedelta

import pytest

from chalicelib.features.telemetry import write
from chalicelib.features.telemetry.model import Admission, Reason, UnknownDevices
from tests.features.telemetry.sending import Sender

# The record of the requirement.
SAMPLE = {"temperature": 23.5, "humidity": 45}


def test_the_values_of_a_record_become_measurements(sender: Sender) -> None:
    at = sender.now() - timedelta(minutes=1)
    outcome = sender.report("dev-a", at.isoformat(), **SAMPLE)
    assert (outcome.received, outcome.readings, outcome.stored) == (1, 2, 2)
    assert outcome.rejects == []
    assert sender.stored() == {
        ("dev-a", "temperature", at): 23.5,
        ("dev-a", "humidity", at): 45.0,
    }
    assert sender.latest() == {
        ("dev-a", "temperature"): (at, 23.5),
        ("dev-a", "humidity"): (at, 45.0),
    }
    assert 60 <= outcome.latencies[0] < 120


@pytest.mark.parametrize(
    "spell",
    [
        lambda at: round(at.timestamp()),
        lambda at: round(at.timestamp() * 1000),
        lambda at: at.timestamp(),
        lambda at: at.isoformat(),
        lambda at: at.isoformat().replace("+00:00", "Z"),
        lambda at: at.replace(tzinfo=None).isoformat(),
    ],
    ids=["seconds", "milliseconds", "a fraction", "offset", "Z", "without a zone"],
)
def test_a_time_is_seconds_or_milliseconds_or_iso_8601(sender: Sender, spell) -> None:  # type: ignore[no-untyped-def]
    at = sender.now() - timedelta(minutes=1)
    sender.send({"deviceId": "dev-a", "timestamp": spell(at), "data": {"humidity": 1}})
    assert sender.stored() == {("dev-a", "humidity", at): 1.0}


def test_the_same_record_again_changes_nothing(sender: Sender) -> None:
    at = sender.ago(minutes=1)
    sender.report("dev-a", at, **SAMPLE)
    stored, latest = sender.stored(), sender.latest()
    again = sender.report("dev-a", at, **SAMPLE)
    assert (again.readings, again.stored, again.corrected) == (2, 0, 0)
    assert (sender.stored(), sender.latest()) == (stored, latest)


def test_another_value_of_the_same_time_is_a_correction_and_counted(sender: Sender) -> None:
    at = sender.now() - timedelta(minutes=1)
    sender.report("dev-a", at.isoformat(), temperature=20, humidity=40)
    outcome = sender.report("dev-a", at.isoformat(), temperature=21, humidity=40)
    assert (outcome.stored, outcome.corrected) == (0, 1)
    assert sender.stored()["dev-a", "temperature", at] == 21
    assert sender.latest()["dev-a", "temperature"] == (at, 21)


def test_an_older_reading_is_stored_and_is_not_the_latest(sender: Sender) -> None:
    new, old = sender.now() - timedelta(minutes=1), sender.now() - timedelta(hours=3)
    sender.report("dev-a", new.isoformat(), humidity=2)
    sender.report("dev-a", old.isoformat(), humidity=1)
    assert len(sender.stored()) == 2
    assert sender.latest() == {("dev-a", "humidity"): (new, 2.0)}


def test_of_two_values_in_one_batch_the_later_one_counts(sender: Sender) -> None:
    at = sender.ago(minutes=1)
    record = {"deviceId": "dev-a", "timestamp": at}
    sender.send({**record, "data": {"humidity": 1}}, {**record, "data": {"humidity": 2}})
    assert list(sender.stored().values()) == [2.0]


def test_a_wrong_value_keeps_no_other_from_being_stored(sender: Sender) -> None:
    outcome = sender.report("dev-a", sender.ago(minutes=1), temperature="warm", humidity=45)
    assert [reject.reason for reject in outcome.rejects] == [Reason.WRONG_TYPE]
    assert "temperature must be a number, and is 'warm'" in outcome.rejects[0].message
    assert list(sender.stored().values()) == [45.0]
    assert sender.rejects() == [("dev-a", "temperature", "wrong_type")]


def test_a_rejected_record_is_kept_once_however_often_it_comes(sender: Sender) -> None:
    at = sender.ago(minutes=1)
    for _ in range(3):
        sender.report("dev-a", at, pressure=1)
    assert sender.rejects() == [("dev-a", "pressure", "unknown_metric")]


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        ({}, Reason.NO_DEVICE),
        ({"deviceId": ""}, Reason.NO_DEVICE),
        ({"deviceId": 7}, Reason.NO_DEVICE),
        ({"deviceId": "x" * 300}, Reason.NO_DEVICE),
        ({"deviceId": "a\0b"}, Reason.NO_DEVICE),
        ({"deviceId": "dev-unknown", "data": {"humidity": 1}}, Reason.UNKNOWN_DEVICE),
        ({"deviceId": "dev-a", "data": {"humidity": 1}}, Reason.NO_TIME),
        ({"deviceId": "dev-a", "timestamp": True}, Reason.WRONG_TIME),
        ({"deviceId": "dev-a", "timestamp": "yesterday"}, Reason.WRONG_TIME),
        ({"deviceId": "dev-a", "timestamp": -1}, Reason.WRONG_TIME),
        ({"deviceId": "dev-a", "timestamp": 1e300}, Reason.WRONG_TIME),
        ({"deviceId": "dev-a", "timestamp": {"a": 1}}, Reason.WRONG_TIME),
        ({"deviceId": "dev-a", "timestamp": "1970-01-01T00:00:00Z"}, Reason.TOO_LATE),
        ({"deviceId": "dev-a", "timestamp": 0}, Reason.TOO_LATE),
        ({"deviceId": "dev-a", "timestamp": "9999-12-31T23:59:59Z"}, Reason.AHEAD),
        ({"deviceId": "dev-a", "timestamp": "NOW"}, Reason.NO_VALUES),
        ({"deviceId": "dev-a", "timestamp": "NOW", "data": {}}, Reason.NO_VALUES),
        ({"deviceId": "dev-a", "timestamp": "NOW", "data": {"x\0": 1}}, Reason.UNKNOWN_METRIC),
        ({"deviceId": "dev-a", "timestamp": "NOW", "surprise": 1}, Reason.UNKNOWN_METRIC),
        ("humidity", Reason.NOT_READABLE),
        (None, Reason.NOT_READABLE),
        ([1], Reason.NOT_READABLE),
    ],
)
def test_what_is_wrong_is_named(sender: Sender, record: object, reason: Reason) -> None:
    if isinstance(record, dict) and record.get("timestamp") == "NOW":
        record = {**record, "timestamp": sender.ago(seconds=1)}
    outcome = sender.send(record)
    assert [reject.reason for reject in outcome.rejects] == [reason]
    assert sender.stored() == {}
    assert len(sender.rejects()) == 1


@pytest.mark.parametrize(
    ("declared", "spelled", "reason"),
    [
        ({}, float("nan"), Reason.WRONG_TYPE),
        ({}, float("inf"), Reason.WRONG_TYPE),
        ({}, 10**400, Reason.WRONG_TYPE),
        ({}, True, Reason.WRONG_TYPE),
        ({}, "1", Reason.WRONG_TYPE),
        ({}, [1], Reason.WRONG_TYPE),
        ({}, {"value": {"value": 1}}, Reason.WRONG_TYPE),
        ({}, {"value": 1, "unit": "K"}, Reason.WRONG_UNIT),
        ({"minimum": 0}, -0.5, Reason.OUT_OF_LIMITS),
        ({"maximum": 10}, 10.5, Reason.OUT_OF_LIMITS),
        ({"data_type": "integer"}, 1.5, Reason.WRONG_TYPE),
        ({"data_type": "boolean"}, 1, Reason.WRONG_TYPE),
        ({"data_type": "boolean"}, "maybe", Reason.WRONG_TYPE),
        ({"conversion_scale": 1e300, "conversion_offset": 0}, 1e300, Reason.WRONG_TYPE),
    ],
)
def test_a_value_that_cannot_be_is_refused(
    sender: Sender, declared: dict[str, object], spelled: object, reason: Reason
) -> None:
    sender.add_type("other", m=declared)
    sender.add_device("dev-m", "other")
    outcome = sender.report("dev-m", sender.ago(minutes=1), m=spelled)
    assert [reject.reason for reject in outcome.rejects] == [reason]
    assert sender.stored() == {}


@pytest.mark.parametrize(
    ("declared", "spelled", "kept"),
    [
        ({"conversion_scale": 0.1, "conversion_offset": -40}, 650, 25.0),
        (
            {
                "unit": "°C",
                "conversion_unit": "°F",
                "conversion_scale": 0.5,
                "conversion_offset": 1,
            },
            {"value": 10, "unit": "°F"},
            6.0,
        ),
        (
            {
                "unit": "°C",
                "conversion_unit": "°F",
                "conversion_scale": 0.5,
                "conversion_offset": 1,
            },
            {"value": 10, "unit": "°C"},
            10.0,
        ),
        ({"data_type": "integer"}, 3.0, 3.0),
        ({"data_type": "boolean"}, True, 1.0),
        ({"data_type": "boolean"}, "OFF", 0.0),
        ({}, -0.0, 0.0),
        ({"minimum": 0, "maximum": 10}, 10, 10.0),
    ],
)
def test_a_value_is_kept_as_its_type_says(
    sender: Sender, declared: dict[str, object], spelled: object, kept: float
) -> None:
    sender.add_type("other", m=declared)
    sender.add_device("dev-m", "other")
    outcome = sender.report("dev-m", sender.ago(minutes=1), m=spelled)
    assert outcome.rejects == []
    [value] = sender.stored().values()
    assert value == pytest.approx(kept)
    assert str(value) == str(abs(value))


def test_null_says_nothing(sender: Sender) -> None:
    outcome = sender.report("dev-a", sender.ago(minutes=1), temperature=None, humidity=1)
    assert (outcome.readings, outcome.rejects) == (1, [])


def test_a_clock_may_be_a_minute_ahead_and_no_more(sender: Sender) -> None:
    near, far = (sender.now() + timedelta(seconds=seconds) for seconds in (50, 120))
    sender.report("dev-a", near.isoformat(), humidity=1)
    sender.report("dev-a", far.isoformat(), humidity=2)
    assert sender.latest() == {("dev-a", "humidity"): (near, 1.0)}
    assert sender.rejects() == [("dev-a", None, "ahead")]
    assert sender.sandbox.value("SELECT is_quarantined FROM iot_data.telemetry_rejects")


def test_unknown_devices_are_set_apart_or_refused(sender: Sender) -> None:
    sender.report("dev-new", sender.ago(minutes=1), humidity=1)
    sender.admission = Admission(UnknownDevices.REFUSE)
    sender.report("dev-newer", sender.ago(minutes=1), humidity=1)
    kept = sender.sandbox.rows(
        "SELECT device_id, is_quarantined FROM iot_data.telemetry_rejects ORDER BY device_id"
    )
    assert kept == [("dev-new", True), ("dev-newer", False)]


def test_a_deleted_device_is_unknown(sender: Sender) -> None:
    sender.sandbox.rows("UPDATE iot_data.devices SET lifecycle = 'deleted', deleted_at = now()")
    outcome = sender.report("dev-a", sender.ago(minutes=1), humidity=1)
    assert [reject.reason for reject in outcome.rejects] == [Reason.UNKNOWN_DEVICE]


def test_another_version_of_a_type_holds_at_once(sender: Sender) -> None:
    sender.report("dev-a", sender.ago(minutes=2), humidity=1)
    sender.sandbox.rows(
        "UPDATE iot_data.device_type_metrics SET maximum = 10 WHERE name = 'humidity'; "
        "UPDATE iot_data.device_types SET version = version + 1"
    )
    outcome = sender.report("dev-a", sender.ago(minutes=1), humidity=11)
    assert [reject.reason for reject in outcome.rejects] == [Reason.OUT_OF_LIMITS]


def test_what_is_computed_is_stored_beside_what_it_is_computed_from(sender: Sender) -> None:
    sender.add_type(
        "weather",
        temperature={},
        humidity={},
        dew_point={"expression": "temperature - (100 - humidity) / 5"},
        dew_point_f={"expression": "dew_point * 1.8 + 32", "maximum": 60},
    )
    sender.add_device("dev-w", "weather")
    at = sender.now() - timedelta(minutes=1)
    sender.report("dev-w", at.isoformat(), temperature=20, humidity=50)
    assert sender.stored()["dev-w", "dew_point", at] == 10
    assert sender.stored()["dev-w", "dew_point_f", at] == 50
    outcome = sender.report("dev-w", sender.ago(seconds=5), temperature=40, humidity=100)
    assert [(each.metric, each.reason) for each in outcome.rejects] == [
        ("dew_point_f", Reason.OUT_OF_LIMITS)
    ]


def test_what_is_computed_may_come_in_parts_and_be_corrected(sender: Sender) -> None:
    sender.add_type("power", volts={}, amperes={}, watts={"expression": "volts * amperes"})
    sender.add_device("dev-p", "power")
    at = sender.now() - timedelta(minutes=1)
    sender.report("dev-p", at.isoformat(), volts=230)
    assert ("dev-p", "watts", at) not in sender.stored()
    sender.report("dev-p", at.isoformat(), amperes=2)
    assert sender.stored()["dev-p", "watts", at] == 460
    sender.report("dev-p", at.isoformat(), volts=200)
    assert sender.stored()["dev-p", "watts", at] == 400


def test_a_record_that_the_database_refuses_is_found_and_rejected(sender: Sender) -> None:
    sender.sandbox.expect_rebuild()
    sender.sandbox.rows(
        "ALTER TABLE iot_data.timescale_measurements ADD CHECK (value <> 13 OR value IS NULL)"
    )
    at = sender.ago(minutes=1)
    records = [
        {"deviceId": device, "timestamp": at, "data": {"humidity": value}}
        for device, value in (("dev-a", 1), ("dev-b", 13), ("dev-other", 2), (7, 1))
    ]
    outcome = sender.send(*records)
    assert sorted(sender.stored().values()) == [1.0, 2.0]
    assert sender.rejects() == [("dev-b", None, "not_storable"), (None, None, "no_device")]
    assert outcome.stored == 2


def test_a_reading_of_a_compressed_day_is_stored(sender: Sender) -> None:
    sender.sandbox.expect_rebuild()
    at = sender.now() - timedelta(days=3)
    sender.report("dev-a", at.isoformat(), humidity=1)
    sender.sandbox.rows(
        "ALTER TABLE iot_data.timescale_measurements SET (timescaledb.compress, "
        "timescaledb.compress_segmentby = 'device_id, parameter_id')"
    )
    sender.sandbox.rows(
        "SELECT compress_chunk(chunk) FROM show_chunks('iot_data.timescale_measurements') AS chunk"
    )
    late = at + timedelta(seconds=1)
    sender.report("dev-a", late.isoformat(), humidity=2)
    outcome = sender.report("dev-a", at.isoformat(), humidity=3)
    assert outcome.corrected == 1
    assert sender.stored() == {
        ("dev-a", "humidity", at): 3.0,
        ("dev-a", "humidity", late): 2.0,
    }


def test_a_transaction_for_one_organization_knows_its_devices_only(sender: Sender) -> None:
    sender.organization = "org-1"
    outcome = sender.send(
        {"deviceId": "dev-other", "timestamp": sender.ago(minutes=1), "data": {"humidity": 1}}
    )
    assert [reject.reason for reject in outcome.rejects] == [Reason.UNKNOWN_DEVICE]
    owner = sender.sandbox.value("SELECT organization_id FROM iot_data.telemetry_rejects")
    assert owner == "org-1"


def test_a_device_that_a_token_is_not_for_is_refused(sender: Sender) -> None:
    sender.admission = Admission(device_id="dev-a")
    at = sender.ago(minutes=1)
    outcome = sender.send(
        {"deviceId": "dev-a", "timestamp": at, "data": {"humidity": 1}},
        {"deviceId": "dev-b", "timestamp": at, "data": {"humidity": 1}},
    )
    assert [reject.reason for reject in outcome.rejects] == [Reason.OTHER_DEVICE]
    assert [device for device, *_ in sender.stored()] == ["dev-a"]


def test_an_unusual_reading_is_stored_and_marked(sender: Sender) -> None:
    sender.add_type("office", co2={"usual_maximum": 1000})
    sender.add_device("dev-o", "office")
    for minutes, value in ((3, 400), (2, 1500), (1, 1600)):
        outcome = sender.report("dev-o", sender.ago(minutes=minutes), co2=value)
        assert outcome.anomaly_count == (minutes == 2)
    assert sender.qualities() == [0, 1, 1]


def test_a_reading_that_comes_again_keeps_its_mark(sender: Sender) -> None:
    """It changed too fast against the one before it, and not against itself."""
    sender.add_type("office", co2={"usual_change_per_minute": 10})
    sender.add_device("dev-o", "office")
    at = sender.ago(minutes=2)
    sender.report("dev-o", sender.ago(minutes=3), co2=400)
    sender.report("dev-o", at, co2=900)
    before = sender.sandbox.rows("SELECT latest::text FROM iot_data.device_readings")
    outcome = sender.report("dev-o", at, co2=900)
    assert (outcome.anomaly_count, outcome.corrected) == (0, 0)
    assert sender.sandbox.rows("SELECT latest::text FROM iot_data.device_readings") == before
    assert sender.sandbox.value("SELECT quality FROM iot_data.latest_readings") == 2
    assert sender.qualities() == [0, 2]


def test_a_container_that_forgets_types_makes_their_plans_anew(
    sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also of those that it knew until then, and that are in the same batch as others."""
    monkeypatch.setattr(write, "_MOST_PLANS", 0)
    sender.add_type("other", humidity={})
    sender.add_device("dev-m", "other")
    sender.report("dev-a", sender.ago(minutes=2), humidity=1)
    record = {"timestamp": sender.ago(minutes=1), "data": {"humidity": 1}}
    outcome = sender.send({**record, "deviceId": "dev-a"}, {**record, "deviceId": "dev-m"})
    assert (outcome.stored, len(write.plans)) == (2, 2)


def test_what_is_computed_does_not_depend_on_how_records_are_batched(sender: Sender) -> None:
    """A correction makes 460 watts of 400, which cannot be; 400 are no longer what is computed."""
    watts = {"expression": "volts * amperes", "maximum": 450}
    sender.add_type("power", volts={}, amperes={}, watts=watts)
    at = sender.ago(minutes=1)
    found = []
    for device_id, is_together in (("dev-1", True), ("dev-2", False)):
        sender.add_device(device_id, "power")
        said = [{"volts": 200, "amperes": 2}, {"volts": 230}]
        records = [{"deviceId": device_id, "timestamp": at, "data": data} for data in said]
        for batch in [records] if is_together else [[each] for each in records]:
            sender.send(*batch)
        stored = sender.stored().items()
        found.append(
            {
                name: value
                for (device, name, _), value in stored
                if device == device_id and value is not None
            }
        )
    assert found[0] == found[1]
    assert [name for device, name in sender.latest() if name == "watts"] == []
