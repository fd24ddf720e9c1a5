"""Telemetry over HTTP: who may send it, for whom, and who may look at what became of it."""

from datetime import timedelta
from hashlib import sha256
from typing import Any

import pytest
from sqlalchemy import Engine

from chalicelib.features.telemetry.model import MAX_RECORDS
from tests.features.telemetry.sending import Sender
from tests.people import Caller, People

TOKENS = {"any": "", "one": ":device=dev-a", "site": ":site=a"}


@pytest.fixture
def devices(people: People, engine: Engine) -> Sender:
    """Two devices of org-1, one of org-2."""
    sender = Sender(people.sandbox, engine)
    for organization in ("org-1", "org-2"):
        people.organization(organization)
    sender.add_type("sensor", temperature={"unit": "°C"}, humidity={})
    sender.add_device("dev-a")
    sender.add_device("dev-b")
    sender.add_device("dev-other", organization_id="org-2")
    return sender


@pytest.fixture
def tokens(people: People, monkeypatch: pytest.MonkeyPatch) -> dict[str, Caller]:
    """Static tokens of the role device: for any device, for one, and for a site."""
    entries = [
        f"{name}:device:{sha256(name.encode()).hexdigest()}{bound}"
        for name, bound in TOKENS.items()
    ]
    monkeypatch.setenv("API_TOKENS", ",".join(entries))
    return {name: Caller(people.client, name) for name in TOKENS}


def gateway(people: People, organization: str, **claims: str) -> Caller:
    """A device, or a gateway, for which the issuer vouches."""
    said = {"cognito:groups": ["device"], "custom:organizationId": organization, **claims}
    return people.caller("sub-gateway", **said)


def record(sender: Sender, device_id: str = "dev-a", **data: Any) -> dict[str, Any]:
    at = sender.ago(minutes=1)
    return {"deviceId": device_id, "timestamp": at, "data": data or {"humidity": 1}}


def reasons(answer: Any) -> list[tuple[int, str | None, str]]:
    assert answer.status_code == 200, answer.body
    return [
        (each["index"], each["deviceId"], each["reason"]) for each in answer.json_body["refusals"]
    ]


def all_of(sender: Sender) -> list[dict[str, Any]]:
    return [record(sender, name) for name in ("dev-a", "dev-b", "dev-other", "dev-x")]


def test_a_record_is_stored_and_the_answer_says_what_became_of_it(
    devices: Sender, tokens: dict[str, Caller]
) -> None:
    sent = record(devices, temperature=20.5, humidity="wet", surprise=1)
    answer = tokens["any"].ask("POST", "/telemetry", sent)
    assert answer.status_code == 200
    body = answer.json_body
    counts = ("received", "readings", "stored", "corrected", "anomalies", "rejected")
    assert [body[name] for name in counts] == [1, 1, 1, 0, 0, 2]
    assert [(each["metric"], each["reason"]) for each in body["refusals"]] == [
        ("humidity", "wrong_type"),
        ("surprise", "unknown_metric"),
    ]
    assert "humidity must be a number" in body["refusals"][0]["message"]
    again = tokens["any"].ask("POST", "/telemetry", sent).json_body
    assert (again["stored"], again["corrected"]) == (0, 0)
    sent["data"]["temperature"] = 21
    assert tokens["any"].ask("POST", "/telemetry", sent).json_body["corrected"] == 1


def test_a_token_of_the_platform_speaks_for_every_device(
    devices: Sender, tokens: dict[str, Caller]
) -> None:
    answer = tokens["any"].ask("POST", "/telemetry", {"records": all_of(devices)})
    assert reasons(answer) == [(3, "dev-x", "unknown_device")]
    assert answer.json_body["refusals"][0]["isQuarantined"] is True


def test_a_token_of_a_device_speaks_for_that_device(
    devices: Sender, tokens: dict[str, Caller]
) -> None:
    answer = tokens["one"].ask("POST", "/telemetry", {"records": all_of(devices)})
    assert [reason for *_, reason in reasons(answer)] == ["other_device"] * 3
    assert [device for device, *_ in devices.stored()] == ["dev-a"]


def test_a_token_of_an_organization_speaks_for_its_devices(devices: Sender, people: People) -> None:
    answer = gateway(people, "org-1").ask("POST", "/telemetry", {"records": all_of(devices)})
    assert reasons(answer) == [
        (2, "dev-other", "unknown_device"),
        (3, "dev-x", "unknown_device"),
    ]
    assert {device for device, *_ in devices.stored()} == {"dev-a", "dev-b"}


def test_a_token_of_another_organization_does_not_speak_for_a_device_that_it_names(
    devices: Sender, people: People
) -> None:
    caller = gateway(people, "org-2", **{"custom:deviceId": "dev-a"})
    answer = caller.ask("POST", "/telemetry", {"records": all_of(devices)})
    assert [reason for *_, reason in reasons(answer)] == [
        "unknown_device",
        *["other_device"] * 3,
    ]
    assert devices.stored() == {}


def test_a_token_of_a_site_speaks_for_no_device(devices: Sender, tokens: dict[str, Caller]) -> None:
    """Nobody has registered which devices are at it, and so it might be anybody's."""
    answer = tokens["site"].ask("POST", "/telemetry", record(devices))
    assert (answer.status_code, answer.json_body["error"]["code"]) == (403, "FORBIDDEN")
    assert devices.stored() == {}


@pytest.mark.parametrize("role", ["viewer", "device"])
def test_who_looks_does_not_send_and_who_sends_does_not_look(
    devices: Sender, people: People, role: str
) -> None:
    caller = people.user("x", "org-1", role="viewer")
    if role == "device":
        caller = gateway(people, "org-1")
    posted = caller.ask("POST", "/telemetry", record(devices)).status_code
    looked = caller.get("/telemetry/latest").status_code
    assert (posted, looked) == ((403, 200) if role == "viewer" else (200, 403))
    assert caller.ask("POST", "/telemetry/rejects/replay", {}).status_code == 403


def test_nobody_is_heard_without_a_token(devices: Sender, people: People) -> None:
    nobody = Caller(people.client, "nothing")
    assert nobody.ask("POST", "/telemetry", record(devices)).status_code == 401


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"records": []}, 200),
        ({"records": [{}] * (MAX_RECORDS + 1)}, 400),
        ({"records": 7}, 200),
        ([], 200),
        ("text", 200),
        (b"{", 400),
        (b"\xff", 400),
        (b"[" * 100_000, 400),
        ({}, 200),
        ({"deviceId": "dev-a", "timestamp": True}, 200),
        ({"records": [None, 7, "x", [[]], {"deviceId": 7}]}, 200),
    ],
)
def test_a_body_is_no_reason_to_fail(
    devices: Sender, tokens: dict[str, Caller], body: Any, status: int
) -> None:
    answer = tokens["any"].ask("POST", "/telemetry", body)
    assert answer.status_code == status, answer.body
    assert devices.stored() == {}


def test_a_device_sends_what_its_type_says_and_no_more_is_asked_of_it(
    devices: Sender, tokens: dict[str, Caller]
) -> None:
    """A document of a vendor has other fields, and none of those that the requirement names."""
    devices.add_type(
        "shelly", timestamp_path="params.ts", power={"path": 'params."switch:0".apower'}
    )
    devices.add_device("shelly-1", "shelly")
    at = devices.now() - timedelta(minutes=1)
    params = {"ts": at.timestamp(), "switch:0": {"apower": 8.9}}
    sent = {"src": "shelly-1", "method": "NotifyStatus", "params": params}
    assert reasons(tokens["any"].ask("POST", "/telemetry", sent)) == []
    assert devices.stored() == {("shelly-1", "power", at): 8.9}


def pages(caller: Caller, path: str) -> list[list[Any]]:
    """The items of each page, two a page."""
    found, after = [], ""
    while True:
        body = caller.get(f"{path}limit=2{after}").json_body
        found.append(body["items"])
        if body["next"] is None:
            return found
        after = f"&after={body['next']}"


def test_the_newest_readings_are_listed_page_by_page(devices: Sender, people: People) -> None:
    for number in range(5):
        devices.add_device(f"dev-{number}")
        devices.report(f"dev-{number}", devices.ago(minutes=2), humidity=0, temperature=1)
        devices.report(f"dev-{number}", devices.ago(minutes=1), humidity=number)
    devices.report("dev-other", devices.ago(minutes=1), humidity=9)
    viewer = people.user("viewer", "org-1", role="viewer")
    found = pages(viewer, "/telemetry/latest?")
    assert [len(page) for page in found] == [2, 2, 1]
    items = [item for page in found for item in page]
    assert [item["deviceId"] for item in items] == [f"dev-{number}" for number in range(5)]
    [temperature, humidity] = items[4]["readings"]
    assert (temperature["metric"], temperature["unit"], temperature["value"]) == (
        "temperature",
        "°C",
        1,
    )
    assert (humidity["value"], humidity["marks"]) == (4, [])
    assert (items[4]["readingCount"], items[4]["correctedCount"]) == (3, 0)
    one = viewer.get("/telemetry/latest?deviceId=dev-3").json_body["items"]
    assert [item["deviceId"] for item in one] == ["dev-3"]
    everybody = people.platform().get("/telemetry/latest?organizationId=org-2").json_body["items"]
    assert [item["deviceId"] for item in everybody] == ["dev-other"]


def test_rejects_are_listed_newest_first_and_counted(devices: Sender, people: People) -> None:
    for number in range(5):
        devices.report("dev-a", devices.ago(minutes=1, seconds=number), surprise=number)
    devices.report("dev-b", devices.ago(minutes=1), humidity="wet")
    devices.report("dev-other", devices.ago(minutes=1), humidity="wet")
    devices.report("dev-x", devices.ago(minutes=1), humidity=1)
    viewer = people.user("viewer", "org-1", role="viewer")
    found = pages(viewer, "/telemetry/rejects?")
    assert [len(page) for page in found] == [2, 2, 2]
    times = [item["rejectedAt"] for page in found for item in page]
    assert times == sorted(times, reverse=True)
    [wet] = viewer.get("/telemetry/rejects?reason=wrong_type").json_body["items"]
    assert (wet["deviceId"], wet["metric"], wet["way"], wet["isCut"]) == (
        *("dev-b", "humidity", "rule"),
        False,
    )
    assert len(viewer.get("/telemetry/rejects?deviceId=dev-a").json_body["items"]) == 5
    counted = viewer.get("/telemetry/rejects/reasons").json_body["reasons"]
    assert [(each["reason"], each["rejects"]) for each in counted] == [
        ("unknown_metric", 5),
        ("wrong_type", 1),
    ]
    of_all = people.platform().get("/telemetry/rejects/reasons").json_body["reasons"]
    assert sum(each["rejects"] for each in of_all) == 8


def test_an_operator_has_rejects_tried_again(devices: Sender, people: People) -> None:
    gateway(people, "org-1").ask("POST", "/telemetry", record(devices, "dev-new"))
    devices.add_device("dev-new")
    operator = people.user("operator", "org-1", role="operator")
    foreign = people.user("foreign", "org-2", role="admin")
    wanted = {"reason": "unknown_device"}
    assert foreign.ask("POST", "/telemetry/rejects/replay", wanted).json_body["tried"] == 0
    done = operator.ask("POST", "/telemetry/rejects/replay", wanted).json_body
    assert done == {"tried": 1, "cleared": 1, "stored": 1, "corrected": 0, "next": None}
    assert operator.get("/telemetry/rejects").json_body["items"] == []
    entries = devices.sandbox.rows("SELECT actor, organization_id FROM iot_data.audit_log")
    assert [organization for _, organization in entries] == ["org-1"]


def test_while_the_database_is_away_whoever_sends_is_told_to_try_again(
    devices: Sender, tokens: dict[str, Caller], monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = record(devices)
    monkeypatch.setenv("TIMESCALE_DB_PORT", "1")
    answer = tokens["any"].ask("POST", "/telemetry", sent)
    assert answer.status_code == 503
