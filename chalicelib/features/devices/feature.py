"""Devices, as plain data."""

from chalicelib.feature import Feature, Setting, one_of
from chalicelib.features.devices.certificates import feature as certificates
from chalicelib.features.devices.connectivity import feature as connectivity
from chalicelib.features.devices.imports import feature as imports

MASTER = Setting(
    "DEVICE_MASTER",
    one_of("ours", "external"),
    "Who keeps the platform's `redshift_devices`: `ours` writes a row for each device that is "
    "registered; `external` leaves the table alone, and registers only what is there.",
    default="ours",
)

FEATURE = Feature(
    "devices",
    "The devices of organizations: what each is, whether it is there, and what was changed of it.",
    settings=(MASTER, *certificates.SETTINGS, *connectivity.SETTINGS, *imports.SETTINGS),
    functions=(*certificates.FUNCTIONS, *connectivity.FUNCTIONS, *imports.FUNCTIONS),
    parameters=(*certificates.PARAMETERS, *imports.PARAMETERS),
    metrics=(*certificates.METRICS, *connectivity.METRICS, *imports.METRICS),
    alarms=(*certificates.ALARMS, *connectivity.ALARMS, *imports.ALARMS),
    sends=connectivity.EVENTS,
    objects={
        "devices": "the devices of organizations; those deleted, too",
        "device_presence": "when each device was last seen",
        "device_changes": "what was changed of each device, when, and by whom",
        "device_counts": "how many devices are how, for the totals of lists",
        "device_terms": "the tags and the words by which devices are found",
        "v_devices": "the devices, for other features to read",
        **certificates.OBJECTS,
        **connectivity.OBJECTS,
        **imports.OBJECTS,
    },
    rights={
        "runtime": {
            "devices": "SELECT INSERT UPDATE",
            "device_presence": "SELECT INSERT UPDATE",
            "device_changes": "SELECT INSERT",
            "device_counts": "SELECT INSERT UPDATE DELETE",
            "device_terms": "SELECT INSERT DELETE",
            "v_device_parameters": "SELECT",
            "v_device_states": "SELECT",
            "v_device_types": "SELECT",
            "v_organizations": "SELECT",
            "v_device_type_metrics": "SELECT",
            "latest_readings": "SELECT",
            # The platform's master data, which says whose readings count.
            "redshift_devices": "SELECT INSERT UPDATE",
            **certificates.RIGHTS,
            **connectivity.RIGHTS,
            **imports.RIGHTS,
        }
    },
    api_may=(*certificates.API_MAY, *imports.API_MAY),
    api_variables={**certificates.VARIABLES, **imports.VARIABLES},
)
