"""Device types, as plain data."""

from chalicelib.feature import Feature

FEATURE = Feature(
    "device_types",
    "What kinds of devices there are, how often they report, and what.",
    objects={
        "device_types": "the types of devices, the platform's and others'; those removed, too",
        "device_type_metrics": "what devices of a type measure, and as which parameter",
        "v_device_types": "the types, for other features to read",
        "v_device_type_metrics": "the metrics of types, for other features to read",
    },
    rights={
        "runtime": {
            "device_types": "SELECT INSERT UPDATE",
            "device_type_metrics": "SELECT INSERT DELETE",
            # Whether devices are of a type.
            "v_devices": "SELECT",
            # The platform's dictionary, in which the sync looks names up.
            "timescale_parameters": "SELECT INSERT UPDATE",
        }
    },
)
