"""The whole merge template."""

import json
from pathlib import Path

from stack import alarms, api, compute, dashboard, delivery, parameters
from stack.intrinsics import Json
from stack.sizes import CHALICE

PATH: Path = CHALICE / "resources.json"


def template() -> Json:
    """What `chalice package --merge-template` adds; dictionaries merge, lists are replaced."""
    return {
        "Description": "Keeps iot_data.device_parameters in step with what devices report",
        "Metadata": parameters.interface(),
        "Parameters": parameters.PARAMETERS,
        "Conditions": parameters.CONDITIONS,
        "Resources": {
            **compute.resources(),
            **api.resources(),
            **delivery.resources(),
            **alarms.resources(),
            **dashboard.resources(),
        },
        "Outputs": {**compute.outputs(), **delivery.outputs(), **dashboard.outputs()},
    }


def rendered() -> str:
    """The same as the file holds it."""
    return json.dumps(template(), indent=2, ensure_ascii=False) + "\n"
