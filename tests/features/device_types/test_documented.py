"""What docs/devices.md shows of device types is taken, and does what it says."""

import json
import re
from typing import Any

import pytest

from chalicelib import paths
from tests.features.device_types.asking import made
from tests.people import Caller
from tests.sandbox import PROJECT

_TEXT = (PROJECT / "docs" / "devices.md").read_text("utf-8")
_SECTION = re.split(r"^## ", _TEXT, flags=re.MULTILINE)[1]
_NEW, _CHANGE, *_SENT = [
    json.loads(block) for block in re.findall(r"^```json\n(.*?)^```$", _SECTION, re.M | re.S)
]
# Each a document that some device sends, and what a type says to have it read.
_READ = list(zip(_SENT[::2], _SENT[1::2], strict=True))


def test_the_samples_are_taken(admin: Caller) -> None:
    answer = admin.ask("POST", "/device-types", _NEW)
    assert answer.status_code == 201
    path = f"/device-types/{answer.json_body['deviceTypeId']}"
    for metric in answer.json_body["metrics"]:
        assert metric["parameterId"] == f"{answer.json_body['deviceTypeId']}.{metric['name']}"
    changed = admin.ask("PUT", path, _CHANGE).json_body
    assert changed["reportingIntervalSeconds"] == 900
    assert changed["metrics"] == answer.json_body["metrics"]


@pytest.mark.parametrize(("document", "said"), _READ)
def test_what_devices_send_is_found_where_the_type_says(
    document: dict[str, Any], said: dict[str, Any], admin: Caller
) -> None:
    known = made(admin, **said)
    at = paths.find(paths.parse(known["timestampPath"] or "timestamp"), document)
    assert str(at).startswith(("2026-11-01T10:17:03", "1793528223"))
    for metric in known["metrics"]:
        value = paths.find(paths.parse(metric["path"] or metric["name"]), document)
        assert isinstance(value, bool if metric["dataType"] == "boolean" else int | float)
