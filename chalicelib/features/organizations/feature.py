"""Organizations, as plain data."""

from chalicelib.feature import Feature

FEATURE = Feature(
    "organizations",
    "The organizations to which users and devices belong.",
    objects={
        "organizations": "the organizations, and whether they are suspended",
        "v_organizations": "the same, for other features to read",
    },
    rights={
        "runtime": {
            "organizations": "SELECT INSERT UPDATE",
        }
    },
)
