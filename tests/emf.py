"""CloudWatch's embedded metric format, as its specification bounds it.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

import json
from typing import Any

import jsonschema

UNITS = [
    *("Seconds", "Microseconds", "Milliseconds", "Count", "Percent", "None", "Count/Second"),
    *(f"{multiple}{unit}" for unit in ("bytes", "bits") for multiple in ("Kilo", "Mega", "Giga")),
    *("Bytes", "Bits", "Terabytes", "Terabits", "Bytes/Second", "Bits/Second"),
]
_NAME = {"type": "string", "minLength": 1, "maxLength": 1024}
SCHEMA = {
    "type": "object",
    "required": ["_aws"],
    "properties": {
        "_aws": {
            "type": "object",
            "required": ["Timestamp", "CloudWatchMetrics"],
            "properties": {
                "Timestamp": {"type": "integer", "minimum": 1_600_000_000_000},
                "CloudWatchMetrics": {
                    "type": "array",
                    "minItems": 1,
                    "items": {
                        "type": "object",
                        "required": ["Namespace", "Dimensions", "Metrics"],
                        "properties": {
                            "Namespace": _NAME,
                            "Dimensions": {
                                "type": "array",
                                "minItems": 1,
                                "items": {"type": "array", "maxItems": 30, "items": _NAME},
                            },
                            "Metrics": {
                                "type": "array",
                                "minItems": 1,
                                "maxItems": 100,
                                "items": {
                                    "type": "object",
                                    "required": ["Name", "Unit"],
                                    "additionalProperties": False,
                                    "properties": {
                                        "Name": _NAME,
                                        "Unit": {"enum": UNITS},
                                        "StorageResolution": {"enum": [1, 60]},
                                    },
                                },
                            },
                        },
                    },
                },
            },
        }
    },
}


def documents(output: str) -> list[dict[str, Any]]:
    """The metric documents among the lines of *output*, each one valid."""
    lines = [json.loads(line) for line in output.splitlines() if line.startswith("{")]
    found = [line for line in lines if "_aws" in line]
    for document in found:
        validate(document)
    return found


def validate(document: dict[str, Any]) -> None:
    """Raise unless CloudWatch would take every metric of *document*."""
    jsonschema.validate(document, SCHEMA)
    for directive in document["_aws"]["CloudWatchMetrics"]:
        for dimension in {name for names in directive["Dimensions"] for name in names}:
            value = document[dimension]
            assert isinstance(value, str), f"{dimension} must be text"
            assert 0 < len(value) <= 1024, f"{dimension} must have 1 to 1024 characters"
        for metric in directive["Metrics"]:
            values = document[metric["Name"]]
            values = values if isinstance(values, list) else [values]
            assert len(values) <= 100, f"{metric['Name']} has too many values"
            assert all(type(value) in (int, float) for value in values), metric["Name"]
