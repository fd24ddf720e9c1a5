"""Instants as all JSON of this application spells them."""

from datetime import UTC, datetime


def instant(value: datetime) -> str:
    """UTC in ISO 8601, to the microsecond, ending in `Z`."""
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
