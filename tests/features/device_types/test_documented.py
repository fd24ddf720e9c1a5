"""What docs/devices.md shows of device types is taken, and does what it says."""

import json
import re
from typing import Any

from tests.people import Caller
from tests.sandbox import PROJECT

_TEXT = (PROJECT / "docs" / "devices.md").read_text("utf-8")
_SECTION = re.split(r"^## ", _TEXT, flags=re.MULTILINE)[1]
_SHOWN: list[Any] = [
    json.loads(block) for block in re.findall(r"^```json\n(.*?)^```$", _SECTION, re.M | re.S)
]


def test_the_samples_are_taken(admin: Caller) -> None:
    new, change = _SHOWN
    made = admin.ask("POST", "/device-types", new)
    assert made.status_code == 201
    path = f"/device-types/{made.json_body['deviceTypeId']}"
    for metric in made.json_body["metrics"]:
        assert metric["parameterId"] == f"{made.json_body['deviceTypeId']}.{metric['name']}"
    changed = admin.ask("PUT", path, change).json_body
    assert changed["reportingIntervalSeconds"] == 900
    assert changed["metrics"] == made.json_body["metrics"]
