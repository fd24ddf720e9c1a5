"""Bodies that are wrong: each answer names the place."""

from typing import Any

import pytest

from tests.features.devices.registry import LEAST, SAMPLE, Registry, refusal

HUGE = "x" * 100_000
WRONG: list[tuple[str, dict[str, Any]]] = [
    ("deviceType", {"deviceType": ""}),
    ("deviceType", {"deviceType": HUGE}),
    ("deviceType", {"deviceType": 7}),
    ("name", {"name": ""}),
    ("name", {"name": " padded"}),
    ("name", {"name": "two\nlines"}),
    ("name", {"name": HUGE}),
    ("name", {"name": None}),
    ("name", {"name": "half \ud800"}),
    ("name", {"name": "nul \x00"}),
    ("location", {"location": "Berlin"}),
    ("location", {"location": []}),
    ("location.lat", {"location": {"lat": 90.1, "lon": 0}}),
    ("location.lat", {"location": {"lat": "48", "lon": 0}}),
    ("location.lat", {"location": {"lat": float("nan"), "lon": 0}}),
    ("location.lon", {"location": {"lat": 0, "lon": -180.5}}),
    ("location.lon", {"location": {"lat": 0, "lon": 1e400}}),
    ("location.lon", {"location": {"lat": 0}}),
    ("location.lat", {"location": {"lon": 0}}),
    ("location.address", {"location": {"address": ""}}),
    ("location.address", {"location": {"address": HUGE}}),
    ("location.altitude", {"location": {"altitude": 3}}),
    ("connectivity", {"connectivity": "cellular"}),
    ("connectivity.type", {"connectivity": {"type": ""}}),
    ("connectivity.simId", {"connectivity": {"simId": ["sim"]}}),
    ("connectivity.signalStrength", {"connectivity": {"signalStrength": "strong"}}),
    ("connectivity.carrier", {"connectivity": {"carrier": "T"}}),
    ("metadata", {"metadata": []}),
    ("metadata", {"metadata": {f"field{n}": "x" for n in range(51)}}),
    ("metadata.serialNumber", {"metadata": {"serialNumber": ""}}),
    ("metadata.serialNumber", {"metadata": {"serialNumber": 7}}),
    ("metadata.model", {"metadata": {"model": HUGE}}),
    ("metadata", {"metadata": {"a b": "x"}}),
    ("metadata", {"metadata": {"": "x"}}),
    ("tags", {"tags": "office"}),
    ("tags", {"tags": [f"tag{n}" for n in range(51)]}),
    ("tags[0]", {"tags": [""]}),
    ("tags[1]", {"tags": ["a", "a,b"]}),
    ("tags[0]", {"tags": [HUGE]}),
    ("tags[0]", {"tags": [None]}),
    ("colour", {"colour": "red"}),
    ("status", {"status": "online"}),
]
STRANGE = [
    "Größe",
    "温度計 1",
    "مقياس",
    "🌡️ roof",
    "'; DROP TABLE iot_data.devices; --",
    "<script>alert(1)</script>",
    "%s %(name)s {0} $1",
    "\\x00 \\u0000",
]


@pytest.mark.parametrize(("parameter", "changed"), WRONG)
def test_what_is_wrong_is_named_when_registering(
    parameter: str, changed: dict[str, Any], registry: Registry
) -> None:
    answer = registry.operator.ask("POST", "/devices", {**SAMPLE, **changed})
    assert refusal(answer) == (400, "INVALID_REQUEST", parameter)
    assert len(answer.body) < 2_000


@pytest.mark.parametrize(
    ("parameter", "changed"),
    [each for each in WRONG if each[0] not in ("location.lon", "location.lat", "status")],
)
def test_what_is_wrong_is_named_when_changing(
    parameter: str, changed: dict[str, Any], registry: Registry
) -> None:
    device_id = registry.register()
    answer = registry.change(device_id, **changed)
    assert refusal(answer) == (400, "INVALID_REQUEST", parameter)
    assert registry.get(device_id)["name"] == "Least"


@pytest.mark.parametrize("missing", ["deviceType", "name"])
def test_what_is_missing_is_named(missing: str, registry: Registry) -> None:
    body = {name: value for name, value in LEAST.items() if name != missing}
    answer = registry.operator.ask("POST", "/devices", body)
    assert refusal(answer) == (400, "INVALID_REQUEST", missing)


@pytest.mark.parametrize("text", STRANGE)
def test_texts_of_any_kind_are_kept_and_found_as_they_are(text: str, registry: Registry) -> None:
    body = {
        "name": text,
        "tags": [text.replace(",", "")],
        "metadata": {"note": text, "serialNumber": text},
        "location": {"address": text},
    }
    device_id = registry.register(**body)
    shown = registry.get(device_id)
    assert {name: shown[name] for name in body} == body
    assert registry.master(device_id) == (text, True)


def test_a_change_may_not_add_up_to_too_many_fields(registry: Registry) -> None:
    device_id = registry.register(metadata={f"a{n}": "x" for n in range(30)})
    answer = registry.change(device_id, metadata={f"b{n}": "x" for n in range(30)})
    assert refusal(answer) == (400, "INVALID_REQUEST", "metadata")


@pytest.mark.parametrize("device_id", ["missing", "x" * 300, "%00", "%ff", "a%2Fb"])
def test_an_id_that_names_nothing_is_not_found(device_id: str, registry: Registry) -> None:
    for method, body in (("GET", None), ("PUT", {}), ("DELETE", None)):
        status = registry.admin.ask(method, f"/devices/{device_id}", body).status_code
        assert status == (400 if device_id in ("%00", "%ff") else 404)
