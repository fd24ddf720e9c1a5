"""What devices on the market send is stored, or refused by name, by what their type declares.

Types and devices are added over HTTP, as a user would, and nobody writes code. The shapes are
those that the vendors document; the values are our own.
"""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from chalice.test import Client

from app import app
from chalicelib import paths
from chalicelib.features.telemetry import write
from chalicelib.features.telemetry.invocations import process_rule
from tests.features.telemetry.sending import Sender

Document = dict[str, Any]
Spell = Callable[[datetime], Document]


def asked(path: str, body: Document) -> Document:
    """What a request is answered, by somebody who may do everything."""
    headers = {"Content-Type": "application/json"}
    with Client(app) as client:
        address = f"{path}?organizationId=org-1"
        answer = client.http.post(address, headers=headers, body=json.dumps(body).encode())
    assert answer.status_code == 201, answer.body
    return dict(answer.json_body)


@pytest.fixture
def declared(sender: Sender) -> Callable[..., None]:
    """Adds a type, and a device of it, as users do."""

    def declare(device_id: str, metrics: list[Document], **others: Any) -> None:
        body = {"name": "real", "reportingIntervalSeconds": 60, "metrics": metrics, **others}
        asked("/device-types", body)
        # The vendor names the device, and the master table knows it by that name.
        sender.sandbox.rows(
            "INSERT INTO iot_data.redshift_devices (device_id) VALUES (%s)", [device_id]
        )
        asked("/devices", {"deviceType": "real", "name": "Real", "deviceId": device_id})
        write.plans.clear()

    return declare


def aws_iot(at: datetime) -> Document:
    """https://docs.aws.amazon.com/iot/latest/developerguide/iot-ddb-rule.html"""
    return {
        "temperature": 21.5,
        "humidity": 48,
        "barometer": 1013,
        "wind": {"velocity": 4, "bearing": 90},
        "deviceId": "station-7",
        "timestamp": round(at.timestamp() * 1000),
    }


AWS_IOT = {
    "metrics": [
        {"name": "temperature", "unit": "°C"},
        {"name": "humidity"},
        {"name": "wind_speed", "path": "wind.velocity"},
    ]
}


def things_stack(at: datetime) -> Document:
    """https://www.thethingsindustries.com/docs/integrations/data-formats/"""
    nanoseconds = f"{at:%Y-%m-%dT%H:%M:%S}.000000678Z"
    return {
        "end_device_ids": {
            "device_id": "field-3",
            "application_ids": {"application_id": "soil"},
            "dev_eui": "0102030405060708",
        },
        "correlation_ids": ["as:up:1", "gs:uplink:2"],
        "received_at": nanoseconds,
        "uplink_message": {
            "session_key_id": "c2Vzc2lvbg==",
            "f_port": 2,
            "f_cnt": 77,
            "frm_payload": "AQID",
            "decoded_payload": {"soil_moisture": 31.25, "battery_mv": 3310},
            "rx_metadata": [
                {"gateway_ids": {"gateway_id": "roof"}, "rssi": -71, "snr": 8.5},
                {"gateway_ids": {"gateway_id": "barn"}, "rssi": -102, "snr": 1.25},
            ],
            "settings": {"frequency": "868300000"},
            "received_at": nanoseconds,
        },
    }


THINGS_STACK = {
    "timestampPath": "uplink_message.received_at",
    "metrics": [
        {"name": "moisture", "path": "uplink_message.decoded_payload.soil_moisture"},
        {
            "name": "battery",
            "unit": "V",
            "path": "uplink_message.decoded_payload.battery_mv",
            "conversion": {"scale": 0.001, "offset": 0, "fromUnit": "mV"},
        },
        {"name": "signal", "unit": "dBm", "path": "uplink_message.rx_metadata[0].rssi"},
    ],
}


def zigbee2mqtt(at: datetime) -> Document:
    """https://www.zigbee2mqtt.io/guide/usage/mqtt_topics_and_messages.html"""
    return {
        "battery": 91,
        "contact": False,
        "humidity": 44.1,
        "last_seen": at.isoformat().replace("+00:00", ".000Z"),
        "linkquality": 120,
        "state": "ON",
        "temperature": 19.75,
        "voltage": 3005,
        # The topic is its name: `SELECT *, topic(2) AS deviceId FROM 'zigbee2mqtt/+'`.
        "deviceId": "kitchen-window",
    }


ZIGBEE2MQTT = {
    "timestampPath": "last_seen",
    "metrics": [
        {"name": "temperature"},
        {"name": "humidity"},
        {"name": "open", "path": "contact", "dataType": "boolean"},
        {"name": "state", "dataType": "boolean"},
    ],
}


def tasmota(at: datetime) -> Document:
    """https://tasmota.github.io/docs/MQTT/, `tele/<topic>/SENSOR` with `Timezone 0`"""
    return {
        "Time": f"{at:%Y-%m-%dT%H:%M:%S}",
        "AM2301": {"Temperature": 23.4, "Humidity": 51.2, "DewPoint": 12.7},
        "ENERGY": {"Total": 3.185, "Power": 42, "Factor": 0.97, "Voltage": 231},
        "TempUnit": "C",
        "deviceId": "plug-4",
    }


TASMOTA = {
    "timestampPath": "Time",
    "metrics": [
        {"name": "temperature", "path": "AM2301.Temperature"},
        {"name": "humidity", "path": "AM2301.Humidity"},
        {"name": "power", "unit": "W", "path": "ENERGY.Power"},
    ],
}


def shelly(at: datetime) -> Document:
    """https://shelly-api-docs.shelly.cloud/gen2/General/Notifications"""
    return {
        "src": "shellyplus1pm-0a0b0c0d0e0f",
        "dst": "shellyplus1pm-0a0b0c0d0e0f/events",
        "method": "NotifyStatus",
        "params": {
            "ts": at.timestamp(),
            "switch:0": {
                "id": 0,
                "apower": 8.9,
                "output": True,
                "aenergy": {"by_minute": [111.7, 117.3, 50.1], "total": 11.68},
            },
            "temperature:0": {"id": 0, "tC": 41.2, "tF": 106.2},
        },
    }


SHELLY = {
    "timestampPath": "params.ts",
    "metrics": [
        {"name": "power", "unit": "W", "path": 'params."switch:0".apower'},
        {"name": "on", "dataType": "boolean", "path": 'params."switch:0".output'},
        {"name": "last_minute", "path": 'params."switch:0".aenergy.by_minute[0]'},
        {"name": "temperature", "path": 'params."temperature:0".tC'},
    ],
}

CASES = [
    pytest.param(
        *("station-7", AWS_IOT, aws_iot),
        {"temperature": 21.5, "humidity": 48, "wind_speed": 4},
        id="AWS IoT",
    ),
    pytest.param(
        *("field-3", THINGS_STACK, things_stack),
        {"moisture": 31.25, "battery": pytest.approx(3.31), "signal": -71},
        id="The Things Stack",
    ),
    pytest.param(
        *("kitchen-window", ZIGBEE2MQTT, zigbee2mqtt),
        {"temperature": 19.75, "humidity": 44.1, "open": 0, "state": 1},
        id="Zigbee2MQTT",
    ),
    pytest.param(
        *("plug-4", TASMOTA, tasmota),
        {"temperature": 23.4, "humidity": 51.2, "power": 42},
        id="Tasmota",
    ),
    pytest.param(
        *("shellyplus1pm-0a0b0c0d0e0f", SHELLY, shelly),
        {"power": 8.9, "on": 1, "last_minute": 111.7, "temperature": 41.2},
        id="Shelly",
    ),
]


@pytest.mark.parametrize(("device_id", "type_body", "spell", "expected"), CASES)
def test_a_document_is_stored_by_what_its_type_declares(
    sender: Sender,
    declared: Callable[..., None],
    device_id: str,
    type_body: Document,
    spell: Spell,
    expected: dict[str, float],
) -> None:
    declared(device_id, **type_body)
    at = sender.now() - timedelta(minutes=1)
    answer = process_rule(spell(at), None)
    assert answer["refusals"] == []
    found = {(device, name): value for (device, name, _), value in sender.stored().items()}
    assert found == {(device_id, name): value for name, value in expected.items()}
    assert {time for *_, time in sender.stored()} == {at}


@pytest.mark.parametrize(("device_id", "type_body", "spell", "_"), CASES)
def test_what_is_wrong_in_a_document_is_refused_by_name(
    sender: Sender,
    declared: Callable[..., None],
    device_id: str,
    type_body: Document,
    spell: Spell,
    _: object,
) -> None:
    declared(device_id, **type_body)
    [*_, last] = type_body["metrics"]
    place = last.get("path", last["name"])
    document = spell(sender.now() - timedelta(minutes=1))
    _put(document, place, "not measured")
    answer = process_rule(document, None)
    assert [(each["metric"], each["reason"]) for each in answer["refusals"]] == [
        (last["name"], "wrong_type")
    ]
    assert answer["stored"] == len(type_body["metrics"]) - 1


def _put(document: Any, path: str, value: object) -> None:
    *steps, last = paths.parse(path)
    for step in steps:
        document = document[step]
    document[last] = value


def test_what_a_status_leaves_out_has_no_reading(
    sender: Sender, declared: Callable[..., None]
) -> None:
    """A `NotifyStatus` has only what has changed."""
    declared("shelly-1", **SHELLY)
    at = sender.now() - timedelta(minutes=1)
    document = {
        "src": "shelly-1",
        "method": "NotifyStatus",
        "params": {"ts": at.timestamp(), "switch:0": {"id": 0, "output": False}},
    }
    assert process_rule(document, None)["rejected"] == 0
    assert sender.stored() == {("shelly-1", "on", at): 0.0}
    document["params"] = {"ts": at.timestamp(), "wifi": {"rssi": -60}}
    [refusal] = process_rule(document, None)["refusals"]
    assert refusal["reason"] == "no_values"


def test_a_message_without_values_is_refused_by_name(
    sender: Sender, declared: Callable[..., None]
) -> None:
    """Whoever joins sends no measurements yet."""
    declared("field-3", **THINGS_STACK)
    joined = {
        "end_device_ids": {"device_id": "field-3"},
        "received_at": sender.ago(minutes=1),
        "join_accept": {"session_key_id": "c2Vzc2lvbg=="},
    }
    [refusal] = process_rule(joined, None)["refusals"]
    assert (refusal["deviceId"], refusal["reason"]) == ("field-3", "no_time")


def test_a_field_that_is_the_time_is_no_metric(
    sender: Sender, declared: Callable[..., None]
) -> None:
    """Where no metric has a path, all fields beside the device and the time are metrics."""
    declared("sensor-1", [{"name": "temperature"}], timestampPath="last_seen")
    document = {"deviceId": "sensor-1", "last_seen": sender.ago(minutes=1), "temperature": 20}
    assert process_rule(document, None)["refusals"] == []
    refused = process_rule({**document, "linkquality": 97}, None)["refusals"]
    assert [(each["metric"], each["reason"]) for each in refused] == [
        ("linkquality", "unknown_metric")
    ]


@pytest.mark.parametrize(
    ("device_paths", "document"),
    [
        ("meta.serial, deviceId", {"meta": {"serial": "sn-1"}, "deviceId": "other"}),
        ("tags[-1]", {"tags": ["a", "sn-1"]}),
        ('"device:id"', {"device:id": "sn-1"}),
        ("nowhere, name", {"name": "sn-1"}),
        ("first, name", {"first": {"is": "no text"}, "name": "sn-1"}),
    ],
)
def test_where_the_device_stands_is_configured(
    sender: Sender,
    declared: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    device_paths: str,
    document: Document,
) -> None:
    monkeypatch.setenv("TELEMETRY_DEVICE_PATHS", device_paths)
    declared("sn-1", [{"name": "temperature", "path": "t"}])
    answer = process_rule({**document, "timestamp": sender.ago(minutes=1), "t": 20}, None)
    assert (answer["stored"], answer["refusals"]) == (1, [])
    assert [device for device, *_ in sender.stored()] == ["sn-1"]


@pytest.mark.parametrize(
    "spelled",
    [
        "{at:%Y-%m-%dT%H:%M:%SZ}",
        "{at:%Y-%m-%dT%H:%M:%S}.123456789Z",
        "{at:%Y-%m-%d %H:%M:%S}",
        "{at:%Y%m%dT%H%M%SZ}",
        "{at:%Y-%m-%dT%H:%M:%S+00:00}",
    ],
)
def test_times_are_read_as_devices_spell_them(sender: Sender, spelled: str) -> None:
    at = sender.now() - timedelta(minutes=1)
    process_rule(
        {"deviceId": "dev-a", "timestamp": spelled.format(at=at), "data": {"humidity": 1}}, None
    )
    [(_, _, found)] = sender.stored()
    assert found.astimezone(UTC).replace(microsecond=0) == at
