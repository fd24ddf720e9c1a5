"""Devices, as plain data."""

from chalicelib.feature import Feature

FEATURE = Feature(
    "devices",
    "The devices of organizations: what each is, whether it is there, and what was changed of it.",
    objects={
        "devices": "the devices of organizations; those deleted, too",
        "device_presence": "when each device was last seen",
        "device_changes": "what was changed of each device, when, and by whom",
        "v_devices": "the devices, for other features to read",
    },
    rights={
        "runtime": {
            "devices": "SELECT INSERT UPDATE",
            "device_presence": "SELECT INSERT UPDATE",
            "device_changes": "SELECT INSERT",
            "v_device_types": "SELECT",
            "v_device_type_metrics": "SELECT",
            # The platform's master data, which says whose readings count.
            "redshift_devices": "SELECT INSERT UPDATE",
        }
    },
)
