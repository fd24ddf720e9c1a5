"""A row is registered as `POST /devices` would register it, or refused in the same words."""

import json
from typing import Any

import pytest

from chalicelib.features.devices.imports.invocations import register_imports
from tests.features.devices.certificates.iot import csr_of
from tests.features.devices.imports.desk import HEAD, Desk, counts, line_of, ndjson
from tests.features.devices.imports.killed_import import QUERIES
from tests.features.devices.registry import LEAST, SAMPLE, TYPE, add_type
from tests.fleet import Fleet
from tests.interruption import interrupted_at

# All that is written of a device, but for what differs from one to the next.
WRITTEN = """
SELECT to_jsonb(device) - ARRAY['device_id', 'created_at', 'updated_at', 'words'] AS device,
       to_jsonb(presence) - 'device_id' AS presence,
       to_jsonb(change) - ARRAY['device_id', 'change_id', 'changed_at'] AS change,
       to_jsonb(master) - ARRAY['device_id', 'created_at'] AS master
FROM iot_data.devices AS device
LEFT JOIN iot_data.device_presence AS presence USING (device_id)
LEFT JOIN iot_data.device_changes AS change USING (device_id)
LEFT JOIN iot_data.redshift_devices AS master USING (device_id)
ORDER BY device.created_at, device.device_id
"""
TWO_LOCATIONS = {"lat": 0, "lon": -0.1, "address": 'Tor "2"\\, 東京'}


@pytest.mark.parametrize(
    "body",
    [
        SAMPLE,
        LEAST,
        {**LEAST, "location": TWO_LOCATIONS, "tags": ["b", "a", "b"], "connectivity": {}},
        {**LEAST, "metadata": {"serialNumber": "1", "größe": "µ"}, "location": None},
        {**LEAST, "location": {"lat": 89.99999999999999, "lon": 1e-7}},
    ],
)
def test_what_is_written_of_a_device_is_the_same(body: dict[str, Any], desk: Desk) -> None:
    # The same person for both, and none of them in the other's way.
    device_id = desk.admin.ask("POST", "/devices", body).json_body["deviceId"]
    [one_by_one] = desk.sandbox.rows(WRITTEN)
    for table in ("device_presence", "device_changes", "devices"):
        desk.sandbox.rows(f"DELETE FROM iot_data.{table}")
    desk.sandbox.rows("DELETE FROM iot_data.redshift_devices WHERE device_id = %s", [device_id])
    done = desk.carry_out(ndjson([body]), "ndjson")
    assert counts(done) == ("succeeded", 1, 0), desk.rows(done["importId"])
    [at_once] = desk.sandbox.rows(WRITTEN)
    for mine, theirs in zip(at_once, one_by_one, strict=True):
        assert mine == theirs


BROKEN: list[Any] = [
    {},
    [],
    7,
    "text",
    {**LEAST, "name": ""},
    {**LEAST, "name": " left"},
    {**LEAST, "name": "nul\0"},
    {**LEAST, "name": "half \ud800"},
    {**LEAST, "name": "x" * 60_000},
    {**LEAST, "nul\0": 1},
    {**LEAST, "half \ud800": 1},
    {**LEAST, "deviceType": "unknown"},
    {**LEAST, "deviceType": 5},
    {**LEAST, "location": {"lat": 91, "lon": 0}},
    {**LEAST, "location": {"lat": 1}},
    {**LEAST, "location": {"lat": float("nan"), "lon": 0}},
    {**LEAST, "location": {"lat": 10**400, "lon": 0}},
    {**LEAST, "location": {"lat": "1", "lon": 0}},
    {**LEAST, "tags": ["a,b"]},
    {**LEAST, "tags": ["t"] * 51},
    {**LEAST, "metadata": {"with space": "x"}},
    {**LEAST, "metadata": {f"f{number}": "x" for number in range(51)}},
    {**LEAST, "metadata": {"serialNumber": "SN-taken"}},
    {**LEAST, "deviceId": "boiler/7"},
    {**LEAST, "unknown": 1},
    {**LEAST, "connectivity": {"type": "a\nb"}},
]


def test_what_is_refused_is_refused_in_the_same_words(desk: Desk) -> None:
    desk.registry.register(metadata={"serialNumber": "SN-taken"})
    answers = [desk.admin.ask("POST", "/devices", body) for body in BROKEN]
    words = [answer.json_body["error"] for answer in answers]
    done = desk.carry_out(ndjson(BROKEN), "ndjson")
    assert counts(done) == ("succeeded", 0, len(BROKEN))
    for row, error in zip(desk.rows(done["importId"]), words, strict=True):
        told = (row["error"]["code"], row["error"]["message"], row["error"]["field"])
        parameter = error["details"].get("parameter")
        said = (error["code"], error["message"], parameter)
        assert told == tuple(part and str(part).replace("\0", "?")[:500] for part in said)


def test_a_row_that_is_refused_keeps_none_of_the_others(desk: Desk) -> None:
    file = ndjson([LEAST, {}, {**LEAST, "name": "B"}]) + "no json\n\n" + ndjson([LEAST])
    assert desk.refusals(file, "ndjson") == [
        (2, "INVALID_REQUEST", "deviceType"),
        (4, "INVALID_REQUEST", "body"),
    ]
    assert desk.registered() == 3


def test_a_name_that_the_master_table_has_no_room_for_keeps_none_of_the_others(desk: Desk) -> None:
    desk.sandbox.expect_rebuild()
    desk.sandbox.rows(
        "ALTER TABLE iot_data.redshift_devices ALTER device_name TYPE varchar(6)",
    )
    file = ndjson([LEAST, {**LEAST, "name": "Boilers"}])
    assert desk.refusals(file, "ndjson") == [(2, "INVALID_REQUEST", "name")]
    assert desk.registered() == 1


def test_a_serial_number_is_given_once(desk: Desk) -> None:
    desk.registry.register(metadata={"serialNumber": "there"})
    numbers = ["b", "a", "there", "b", "", "", "a"]
    file = HEAD + "".join(line_of(f"D {line}", number) for line, number in enumerate(numbers, 2))
    taken = ("DEVICE_EXISTS", "metadata.serialNumber")
    assert desk.refusals(file) == [(4, *taken), (5, *taken), (8, *taken)]
    kept = desk.sandbox.rows("SELECT name FROM iot_data.devices WHERE serial_number IN ('a', 'b')")
    assert sorted(kept) == [("D 2",), ("D 3",)]


def test_a_number_of_a_deleted_device_or_of_others_is_free(desk: Desk) -> None:
    numbered = {"metadata": {"serialNumber": "SN-1"}}
    desk.admin.ask("DELETE", f"/devices/{desk.registry.register(**numbered)}")
    platform = desk.registry.people.platform()
    platform.ask("POST", "/devices?organizationId=org-other", {**LEAST, **numbered})
    assert desk.refusals(ndjson([{**LEAST, **numbered}]), "ndjson") == []


def test_an_organization_s_own_type_goes_before_the_shared_one(desk: Desk) -> None:
    own = add_type(desk.sandbox, TYPE, "org-789")
    add_type(desk.sandbox, "theirs", "org-other")
    assert desk.refusals(HEAD + line_of("A") + "B,theirs,,,,,,\n") == [
        (3, "INVALID_REQUEST", "deviceType")
    ]
    assert desk.sandbox.rows("SELECT device_type_id FROM iot_data.devices") == [(own,)]


def test_the_list_counts_them_and_the_change_names_who_asked(desk: Desk) -> None:
    done = desk.carry_out(HEAD + line_of("A", "", "", "", "", "x; y;;x") + line_of("B"))
    assert desk.registry.list("tags=x")["pagination"]["totalItems"] == 1
    assert desk.registry.list()["pagination"]["totalItems"] == 2
    [first, _] = desk.rows(done["importId"])
    change = desk.admin.get(f"/devices/{first['deviceId']}/changes").json_body["items"][0]
    assert (change["action"], change["actor"]) == ("registered", done["createdBy"])


def test_an_import_is_two_entries_of_the_audit_log(desk: Desk) -> None:
    done = desk.carry_out(HEAD + line_of("A") + line_of("B") + line_of(""))
    entries = desk.admin.get("/audit").json_body["items"]
    assert [(entry["action"], entry["subject"]) for entry in entries] == [
        (f"device_import.{action}", f"device import {done['importId']}")
        for action in ("ended", "created")
    ]
    assert entries[0]["after"] == {
        "status": "succeeded",
        "registeredCount": 2,
        "refusedCount": 1,
        "error": None,
    }


@pytest.mark.postgresql
def test_a_type_that_is_removed_at_the_same_moment_is_refused(desk: Desk) -> None:
    removals = ["UPDATE iot_data.device_types SET removed_at = now()"]

    def remove() -> None:
        while removals:
            desk.sandbox.rows(removals.pop())

    with interrupted_at(QUERIES, "before:add_devices", remove):
        assert desk.refusals(HEAD + line_of("A")) == [(2, "INVALID_REQUEST", "deviceType")]
    assert desk.registered() == 0


# Certificates

CERTIFICATES = "SELECT device_id, csr FROM iot_data.device_certificates"


def test_a_row_with_a_request_gets_a_certificate_soon(desk: Desk) -> None:
    csr = csr_of("import")
    quoted = f'"{csr}"'
    file = f"name,deviceType,csr\nA,{TYPE},{quoted}\nB,{TYPE},\nC,{TYPE},{quoted}\nD,{TYPE},x\n"
    done = desk.carry_out(file)
    assert counts(done) == ("succeeded", 2, 2)
    [first, _, *refused] = desk.rows(done["importId"])
    assert desk.sandbox.rows(CERTIFICATES) == [(first["deviceId"], csr)]
    due = desk.sandbox.rows("SELECT device_id, claim_id FROM iot_data.device_identity_work")
    assert due == [(first["deviceId"], None)]
    assert [row["error"]["field"] for row in refused] == ["csr", "csr"]
    for row, request in zip(refused, (csr, "x"), strict=True):
        answer = desk.admin.ask("POST", "/devices", {**LEAST, "csr": request}).json_body["error"]
        assert row["error"]["message"] == answer["message"]
    assert desk.registered() == 2


# Devices that the master table knows


def imported_by_platform(desk: Desk, file: str, role: str = "admin") -> dict[str, Any]:
    platform = desk.registry.people.platform(role)
    answer = platform.ask(
        "POST", "/device-imports?organizationId=org-789", {"format": "ndjson", "data": file}
    )
    assert answer.status_code == 201
    register_imports(None)
    return desk.get(answer.json_body["importId"])


def test_the_platform_s_admins_adopt_devices(desk: Desk) -> None:
    for name in ("one", "two"):
        Fleet(desk.sandbox).add_device(name, "Old", status=False)
    adopted = [{**LEAST, "deviceId": name} for name in ("one", "missing", "two", "one")]
    done = imported_by_platform(desk, ndjson([*adopted, LEAST]))
    told: list[Any] = [
        row["deviceId"] or (row["error"]["code"], row["error"]["field"])
        for row in desk.rows(done["importId"])
    ]
    assert told[:4] == [
        "one",
        ("INVALID_REQUEST", "deviceId"),
        "two",
        ("DEVICE_EXISTS", "deviceId"),
    ]
    assert [desk.registry.master(name) for name in ("one", "two", told[4])] == [("Least", True)] * 3


def test_a_master_table_kept_elsewhere_is_left_alone(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEVICE_MASTER", "external")
    Fleet(desk.sandbox).add_device("one", "Old", status=False)
    done = imported_by_platform(desk, ndjson([{**LEAST, "deviceId": "one"}, LEAST]))
    assert counts(done) == ("succeeded", 1, 1)
    assert desk.rows(done["importId"])[1]["error"]["message"].startswith("deviceId is missing")
    assert desk.registry.master("one") == ("Old", False)


# CSV


def test_columns_say_what_a_body_would(desk: Desk) -> None:
    head = (
        "name,deviceType,serialNumber,manufacturer,model,lat,lon,address,connectivityType,simId,"
        "tags"
    )
    row = (
        f"Office-Temp-Sensor-1,{TYPE},SN123456789,SensorCorp,TSv2-001,37.7749,-122.4194,"
        '"Office 301, Building A",cellular,sim-123456,office; building-a'
    )
    done = desk.carry_out(f"\ufeff{head}\r\n{row}\r\n")
    [made] = desk.rows(done["importId"])
    shown = desk.registry.get(made["deviceId"])
    assert {**SAMPLE, "deviceType": shown["type"]} == {
        name: shown["type" if name == "deviceType" else name] for name in SAMPLE
    }


def test_a_row_of_csv_is_refused_by_line_and_field(desk: Desk) -> None:
    file = HEAD + "".join(
        [
            line_of("A", "1", "north", "8"),
            line_of("B", "2", "1e999", "8"),
            line_of("C", "3", "1", "8", '"two\nlines"'),
            line_of("D", "4", "", "8"),
            f"E,{TYPE}\n",
            line_of("F", "5", "50.1", " 8"),
            line_of("G", "6", "50.1", "8.5"),
        ]
    )
    assert desk.refusals(file) == [
        (2, "INVALID_REQUEST", "location.lat"),
        (3, "INVALID_REQUEST", "location.lat"),
        (4, "INVALID_REQUEST", "location.address"),
        (6, "INVALID_REQUEST", "location.lat"),
        (7, "INVALID_REQUEST", "line"),
        (8, "INVALID_REQUEST", "location.lon"),
    ]
    assert desk.registered() == 1


@pytest.mark.parametrize(
    ("head", "says"),
    [
        ("name;deviceType", "line 1: unknown column 'name;deviceType'"),
        ("name", "line 1: the column 'deviceType' is missing"),
        ("name,deviceType,name", "line 1: the column 'name' is there twice"),
        ("name,deviceType,model,metadata.model", "line 1: the column 'model' is there twice"),
        ("\n\nname,deviceType,metadata.", "line 3: unknown column 'metadata.'"),
        ('name,"deviceType', "line 1: a quote is left open"),
        (" \n", "line 1: unknown column ''"),
        ("\n", "the file is empty"),
    ],
)
def test_a_file_without_a_head_is_refused_as_a_whole(head: str, says: str, desk: Desk) -> None:
    done = desk.carry_out(f"{head}\n" if head.strip() else head)
    assert counts(done) == ("failed", 0, 0)
    assert done["failure"]["code"] == "FILE_REFUSED"
    assert done["failure"]["message"].startswith(says)


def test_a_head_may_have_spaces_and_no_rows(desk: Desk) -> None:
    assert counts(desk.carry_out("name , deviceType\n")) == ("succeeded", 0, 0)


def test_each_unknown_name_is_shown_in_part(desk: Desk) -> None:
    done = desk.carry_out("x" * 5000 + "\n")
    assert len(json.dumps(done["failure"])) < 500
