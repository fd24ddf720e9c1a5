"""The whole merge template."""

from stack import alarms, api, compute, dashboard, delivery, parameters, streams
from stack.declared import Declared
from stack.intrinsics import Json


def template(declared: Declared) -> Json:
    """What `chalice package --merge-template` adds; dictionaries merge, lists are replaced."""
    return {
        "Description": "What the devices of an IoT platform report, and how they are",
        "Metadata": parameters.interface(declared),
        "Parameters": parameters.parameters(declared),
        "Conditions": parameters.conditions(declared),
        "Resources": {
            **compute.resources(declared),
            **api.resources(),
            **delivery.resources(declared),
            **streams.resources(declared),
            **alarms.resources(declared),
            **dashboard.resources(declared),
        },
        "Outputs": {
            **compute.outputs(declared),
            **delivery.outputs(declared),
            **streams.outputs(declared),
            **dashboard.outputs(),
        },
    }
